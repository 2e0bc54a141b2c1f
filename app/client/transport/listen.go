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

// poll makes one poll for news. The server keeps it until there is news, if the poll has a slot. But it answers at once
// as long as the client waits for the answer to a hello or a join.
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

// newsLocked returns what the client reads for f, a frame of an answer to poll. first says whether that answer is the
// first of the connection.
//   - Each answer contains a welcome, but a client expects only one welcome on a connection. newsLocked replaces the
//     others by a beat and, if the user's name has changed, an authed.
//   - Each answer contains a joined for each room. The client gets all of them: it adds what a joined that resumes
//     brings.
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
		default: // the user has another name now
			p.renamedLocked(f.User)
			return encoded([]wire.Frame{beat, wire.Authed{User: f.User, AuthExpires: f.AuthExpires, Now: f.Now}})
		}
	case wire.Authed:
		p.user = f.User
		p.renamedLocked(f.User)
	case wire.Joined:
		p.readLocked(f.Room, func(c *wire.Cursor) { *c = wire.Cursor{Epoch: f.Epoch, Seq: f.Head} })
		delete(p.awaitingJoin, f.Room)
	case wire.Posted:
		p.eventLocked(f.Room, f.Seq)
	case wire.Removed:
		p.eventLocked(f.Room, f.Seq)
	case wire.Reacted:
		p.eventLocked(f.Room, f.Seq)
	case wire.Refused:
		if f.Re != wire.Kind(wire.Hello{}) && f.Re != wire.Kind(wire.Join{}) {
			break
		}
		p.forgetLocked(f.Room) // the client joins again, if that may help
		if !first {
			f.Re = wire.Kind(wire.Join{})
			return encoded([]wire.Frame{f})
		}
	}
	return [][]byte{line}
}

// eventLocked moves the cursor of room to the seq of an event; 0 is the seq of a frame that is no event.
func (p *pollConn) eventLocked(room string, seq int64) {
	p.readLocked(room, func(c *wire.Cursor) { c.Seq = max(c.Seq, seq) })
}
