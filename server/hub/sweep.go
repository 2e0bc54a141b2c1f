package hub

import (
	"fmt"
	"slices"
	"time"

	"mayfly/shared/wire"
)

// A moderator clears a room by a decision. The messages are taken back by sweeps, events of their own, because members are
// told of both, each with a seq. The node of the moderator stores the sweeps as soon as the decision is delivered. If it
// cannot, any node that follows the room does so later (tidy). Two nodes may do so at once: a message is taken back once.

// sweepAfter is how long the other nodes wait for the sweeps of the moderator's node, and how long a node waits at
// least before it stores sweeps again for the messages that are left.
const sweepAfter = 2 * time.Second

// sweeping says how far this node is with the sweeps of a room. room.mu guards it.
type sweeping struct {
	due    time.Time // when this node stores sweeps, if messages are left then; zero: at once
	stores int       // how many sweeps have no answer from the stream yet
}

// sweepLocked returns the sweeps that this node must store now, for the messages that a clear must still take back. It
// returns nil before the time sweeping.due, and while earlier sweeps have no answer. If no message is left, it ends the
// clear.
func (m *moderation) sweepLocked(now time.Time) (sweeps []Event) {
	r := m.room
	select {
	case <-r.opened:
	default:
		return nil // the sweep may be among the events that were not delivered yet
	}
	if r.timeline.order.clear.seq == 0 || r.closed || m.sweeping.stores > 0 || now.Before(m.sweeping.due) {
		return nil
	}
	at := r.hub.clock.Now().UnixMilli()
	clear := r.timeline.order.clear
	left := r.timeline.unswept(at)
	if len(left) == 0 {
		r.timeline.order.clear = clearing{}
		return nil
	}
	for part := range slices.Chunk(left, maxSwept) {
		s := sweep{Clear: clear.seq}
		e := Event{Kind: KindSweep, User: clear.by.ID, ID: fmt.Sprintf("sweep %d %d", clear.seq, part[0].seq), At: at}
		for _, message := range part {
			k := message.name.key()
			s.Messages = append(s.Messages,
				swept{removal{To: message.seq, User: k.user, ID: k.id, At: message.at, Why: wire.WhyModerator},
					message.expires})
			e.Expires = max(e.Expires, message.expires)
		}
		e.Body = encodeBody(s)
		sweeps = append(sweeps, e)
	}
	m.sweeping.due = now.Add(sweepAfter)
	m.sweeping.stores = len(sweeps)
	return sweeps
}

// sweepUp stores the sweeps that this node must store now, if there are any.
func (m *moderation) sweepUp() {
	r := m.room
	r.mu.Lock()
	sweeps := m.sweepLocked(time.Now())
	r.mu.Unlock()
	for _, e := range sweeps {
		r.hub.posts.add()
		r.hub.stream.Append(r.name, e, func(_ Receipt, err error) {
			if err != nil {
				r.hub.log.Warn("a room is not cleared yet", "room", r.name, "err", err)
			}
			r.mu.Lock()
			m.sweeping.stores--
			again := m.sweeping.stores == 0 && m.sweeping.due.IsZero() // a moderator has cleared the room once more
			r.mu.Unlock()
			if again {
				r.hub.tasks.Go(m.sweepUp)
			}
			r.hub.posts.done()
		})
	}
}
