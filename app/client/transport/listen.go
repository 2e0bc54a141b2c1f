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

// poll makes one poll for news. A poll with a slot waits at the server until there is news, for wire.PollWait at most. A
// poll without a slot is answered at once. The first poll and the poll after a join take no slot, because the client needs
// their answers at once. Each other poll waits for a free slot, for slotTimeout at most.
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
		if ctx.Err() != nil { // drop the answer: since the poll began, the client has left or joined a room
			return nil
		}
		return p.newsLocked(f, line, first)
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() == nil {
		clear(p.awaitingJoin) // so that the next poll may wait at the server, even if this answer had no joined for a room
	}
}

// newsLocked converts f, a frame of the answer to a poll, to the lines that the client gets instead. line is f as text.
// first is true in the first answer of the connection.
//   - Each answer contains the frame welcome, but a client expects only one on each connection. newsLocked replaces each
//     later welcome by a beat and, if the user's name has changed, by an authed, too.
//   - Each answer contains the frame joined for each room. The client gets all of them: after the first poll, each contains
//     only what is new, and the client adds that to its messages.
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
	case wire.Moderated:
		p.eventLocked(f.Room, f.Seq)
	case wire.Refused:
		if f.Re != wire.Kind(wire.Hello{}) && f.Re != wire.Kind(wire.Join{}) {
			break
		}
		p.forgetLocked(f.Room) // otherwise each later poll would be refused, too; the client may send another join
		if !first {
			f.Re = wire.Kind(wire.Join{})
			return encoded([]wire.Frame{f})
		}
	}
	return [][]byte{line}
}

// eventLocked moves the cursor of room forward to seq, the Seq of a frame that the client gets. It does nothing if seq is 0,
// because then the frame is no event.
func (p *pollConn) eventLocked(room string, seq int64) {
	p.readLocked(room, func(c *wire.Cursor) { c.Seq = max(c.Seq, seq) })
}
