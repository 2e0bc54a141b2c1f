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

// batch takes the next frames to send, as many as one poll holds. It returns them with a hello that joins the rooms to
// which they belong.
func (p *pollConn) batch() (hello wire.Hello, frames []wire.Frame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	hello = waiting(p.hello, 0)
	hello.Rooms = nil
	size := 0
	for _, f := range p.unsent {
		with := hello
		if post, ok := f.(wire.Post); ok && index(hello.Rooms, post.Room) < 0 {
			join := wire.Join{Room: post.Room} // the client has left the room meanwhile
			if i := index(p.hello.Rooms, post.Room); i >= 0 {
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

// answered hands the client the answers to frames, and drops everything else that the server's answer contains.
func (p *pollConn) answered(frames []wire.Frame, answer []byte) {
	var renewed *wire.Auth
	for _, f := range frames {
		if auth, ok := f.(wire.Auth); ok {
			renewed = &auth
		}
	}
	p.take(answer, func(f wire.Frame, line []byte) [][]byte {
		switch f := f.(type) {
		case wire.Accepted, wire.Bye:
			return [][]byte{line}
		case wire.Refused:
			switch f.Re {
			case wire.Kind(wire.Hello{}):
				return nil
			case wire.Kind(wire.Auth{}):
				renewed = nil
			}
			return [][]byte{line}
		case wire.Authed:
			if renewed != nil {
				p.hello.Token, p.hello.IDToken, p.hello.SignInID = &renewed.Token, renewed.IDToken, renewed.SignInID
			}
			return [][]byte{line}
		}
		return nil
	})
}
