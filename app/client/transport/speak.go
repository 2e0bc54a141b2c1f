package transport

import (
	"slices"

	"mayfly/shared/wire"
)

// speak sends the frames that the client writes, in order, one poll at a time, until the connection ends.
func (p *pollConn) speak() {
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-p.written:
		}
		for {
			hello, frames := p.batch()
			if len(frames) == 0 {
				break
			}
			answer, ok := p.exchange(p.ctx, hello, frames)
			if !ok {
				return
			}
			p.answered(frames, answer)
		}
	}
}

// batch removes the next frames from p.unsent, as many as fit into one poll. It returns them with a hello that joins only
// the rooms of these frames.
func (p *pollConn) batch() (hello wire.Hello, frames []wire.Frame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	hello = waiting(p.hello, 0)
	hello.Rooms = nil
	size := 0
	for _, f := range p.unsent {
		with := hello
		if room := roomOf(f); room != "" && index(hello.Rooms, room) < 0 {
			join := wire.Join{Room: room} // this join is used if the client has left the room since it wrote f
			if i := index(p.hello.Rooms, room); i >= 0 {
				join = p.hello.Rooms[i]
			}
			with.Rooms = append(slices.Clip(hello.Rooms), join)
		}
		size += len(wire.Encode(f)) + 1
		if len(frames) > 0 && len(wire.Encode(with))+size > wire.MaxMessage {
			break
		}
		hello, frames = with, append(frames, f)
	}
	p.unsent = p.unsent[len(frames):]
	return hello, frames
}

// roomOf returns the room that the hello of a poll must join so that the poll can carry f. It returns "" if f needs no room.
func roomOf(f wire.Frame) string {
	switch f := f.(type) {
	case wire.Post:
		return f.Room
	case wire.React:
		return f.Room
	case wire.Remove:
		return f.Room
	case wire.Typing:
		return f.Room
	case wire.Who:
		return f.Room
	case wire.Moderate:
		return f.Room
	}
	return ""
}

// answered runs when a poll that carried frames was answered. It passes the server's answers to these frames on to the
// client. It drops all news of the rooms, because listen brings the news. But a reacted, removed or moderated can be an
// answer and news at once: answered passes it on with the Seq 0. With its real Seq, the client would move its cursor past
// events that listen has not brought yet.
func (p *pollConn) answered(frames []wire.Frame, answer []byte) {
	var renewed *wire.Auth
	for _, f := range frames {
		if auth, ok := f.(wire.Auth); ok {
			renewed = &auth
		}
	}
	p.take(answer, func(f wire.Frame, line []byte) [][]byte {
		switch f := f.(type) {
		case wire.Accepted, wire.Bye, wire.People:
			return [][]byte{line}
		case wire.Refused:
			switch f.Re {
			case wire.Kind(wire.Hello{}):
				return nil
			case wire.Kind(wire.Auth{}):
				renewed = nil
			case wire.Kind(wire.Rename{}):
				p.hello.Name = p.named
			}
			return [][]byte{line}
		case wire.Authed:
			if renewed != nil {
				p.hello.Token, p.hello.IDToken, p.hello.SignInID = &renewed.Token, renewed.IDToken, renewed.SignInID
			}
			p.renamedLocked(f.User)
			return [][]byte{line}
		case wire.Reacted:
			if answers(frames, f) {
				f.Seq, f.Repeat = 0, true
				return encoded([]wire.Frame{f})
			}
		case wire.Removed:
			if answers(frames, f) {
				f.Seq, f.Repeat = 0, true
				return encoded([]wire.Frame{f})
			}
		case wire.Moderated:
			if answers(frames, f) {
				f.Seq, f.Repeat = 0, true
				return encoded([]wire.Frame{f})
			}
		}
		return nil
	})
}

// answers reports whether f, a wire.Reacted, wire.Removed or wire.Moderated, is the answer to one of frames.
func answers(frames []wire.Frame, f wire.Frame) bool {
	return slices.ContainsFunc(frames, func(said wire.Frame) bool {
		switch said := said.(type) {
		case wire.React:
			reacted, ok := f.(wire.Reacted)
			return ok && reacted.Room == said.Room && reacted.To == said.Seq && reacted.Emoji == said.Emoji &&
				reacted.On == (said.On == nil || *said.On)
		case wire.Remove:
			removed, ok := f.(wire.Removed)
			return ok && removed.Why != wire.WhyExpired && removed.Room == said.Room &&
				slices.Contains(removed.Seqs, said.Seq)
		case wire.Moderate:
			moderated, ok := f.(wire.Moderated)
			return ok && moderated.Room == said.Room && moderated.Act == said.Act &&
				(moderated.User == nil || moderated.User.ID == said.User)
		}
		return false
	})
}
