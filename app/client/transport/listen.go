package transport

import (
	"context"
	"time"

	"mayfly/shared/wire"
)

// listen polls for news until the connection ends.
func (p *pollConn) listen() {
	for p.ctx.Err() == nil {
		p.poll()
	}
}

// poll makes one poll for news. If the poll has a slot, and the client does not wait for the answer to a hello or a join,
// the server keeps the poll until there is news.
func (p *pollConn) poll() {
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	p.mu.Lock()
	p.interrupt = cancel
	first := p.user.ID == ""
	settled := !first && len(p.awaitingJoin) == 0
	p.mu.Unlock()
	var wait time.Duration
	if settled {
		patience, stop := context.WithTimeout(ctx, slotTimeout)
		done, ok := p.slot(patience)
		stop()
		if ok {
			defer done()
			wait = wire.PollWait
		}
		if ctx.Err() != nil {
			return
		}
	}
	p.mu.Lock()
	hello := waiting(p.hello, wait)
	p.mu.Unlock()
	answer, ok := p.exchange(ctx, hello, nil)
	if !ok {
		return
	}
	p.take(answer, func(f wire.Frame, line []byte) [][]byte {
		if ctx.Err() != nil { // the client has left or joined a room since
			return nil
		}
		return p.newsLocked(f, line, first)
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() == nil {
		clear(p.awaitingJoin) // so that the next poll waits at the server, even if a join was not answered
	}
}

// newsLocked returns the lines that the client reads for f, a frame of the answer to a poll for news. first is true for
// the first answer on the connection. Each answer contains a welcome, and a joined for each room. But a client expects
// only one welcome on a connection, and only one joined or refused for a join. So in later answers newsLocked replaces
// them with the frames that a WebSocket would bring.
func (p *pollConn) newsLocked(f wire.Frame, line []byte, first bool) [][]byte {
	switch f := f.(type) {
	case wire.Welcome:
		same := p.user == f.User
		p.user = f.User
		beat := wire.Beat{Now: f.Now}
		switch {
		case first:
		case same:
			return encoded([]wire.Frame{beat})
		default: // the server found a better name for the user
			return encoded([]wire.Frame{beat, wire.Authed{User: f.User, AuthExpires: f.AuthExpires, Now: f.Now}})
		}
	case wire.Joined:
		p.readLocked(f.Room, func(c *wire.Cursor) { *c = wire.Cursor{Epoch: f.Epoch, Seq: f.Head} })
		if f.Resumed && !p.awaitingJoin[f.Room] {
			return encoded(Missed(f))
		}
		delete(p.awaitingJoin, f.Room)
	case wire.Posted:
		p.readLocked(f.Room, func(c *wire.Cursor) { c.Seq = max(c.Seq, f.Seq) })
	case wire.Refused:
		p.forgetLocked(f.Room) // the client joins again, if that may help
		if !first {
			f.Re = wire.Kind(wire.Join{})
			return encoded([]wire.Frame{f})
		}
	}
	return [][]byte{line}
}

// Missed returns the frames that bring the same news as j, a joined that resumes. A client that was in the room all the
// time would have got these frames.
func Missed(j wire.Joined) (frames []wire.Frame) {
	if len(j.Removed) > 0 {
		frames = append(frames, wire.Removed{Room: j.Room, Seqs: j.Removed})
	}
	for _, m := range j.Messages {
		frames = append(frames, wire.Posted{Room: j.Room, Message: m})
	}
	return frames
}
