package hub

import (
	"context"
	"errors"
	"time"

	"mayfly/shared/wire"
)

// A client may know an event that this node has not got yet: it was connected to another node, which got the event
// earlier. Then this node waits for the event. Without the wait, this node would tell the client that a live message is
// gone, and the client would forget the message, or what the user has done to it.

// aheadTimeout is the longest time that a join, an act or a reply waits for an event that another node got earlier.
const aheadTimeout = 2 * time.Second

// errBehind is the error of catchUp if this node may lack events that another node has.
var errBehind = errors.New("this node does not have all events of the room yet")

// arrivals lets goroutines wait for the events of one room. room.mu guards its fields; the caller of a method whose name
// ends in Locked holds it.
type arrivals struct {
	room    *room                   // static
	waiting map[chan struct{}]int64 // closed once this node has every event of the room up to a seq
	past    int64                   // the stream holds no event of the room up to this seq that this node has not seen
}

// catchUp blocks until this node has every event of the room up to seq, or until the stream says that it has given that seq
// to no event yet. If neither happens within aheadTimeout and before ctx is done, it returns errBehind.
func (a *arrivals) catchUp(ctx context.Context, seq int64) error {
	if a.has(seq) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, aheadTimeout)
	defer cancel()
	head, last, err := a.room.hub.stream.Head(ctx, a.room.name)
	if err != nil || head >= seq {
		return a.wait(ctx, seq)
	}
	if last < seq {
		return nil
	}
	if err := a.wait(ctx, head); err != nil {
		return err
	}
	// The events after head have expired, or were erased, before this node opened the room. Leave timeline.seen as it is:
	// the copy of an event that another node has just erased may still come.
	a.room.mu.Lock()
	defer a.room.mu.Unlock()
	a.past = max(a.past, seq)
	a.announceLocked()
	return nil
}

// has reports whether this node has every event of the room up to seq.
func (a *arrivals) has(seq int64) bool {
	a.room.mu.Lock()
	defer a.room.mu.Unlock()
	return a.hasLocked(seq)
}

func (a *arrivals) hasLocked(seq int64) bool { return seq <= max(a.room.timeline.seen, a.past) }

// wait blocks until this node has every event of the room up to seq. If ctx is done earlier, it returns errBehind.
func (a *arrivals) wait(ctx context.Context, seq int64) error {
	a.room.mu.Lock()
	if a.hasLocked(seq) {
		a.room.mu.Unlock()
		return nil
	}
	arrived := make(chan struct{})
	a.waiting[arrived] = seq
	a.room.mu.Unlock()
	defer func() {
		a.room.mu.Lock()
		defer a.room.mu.Unlock()
		delete(a.waiting, arrived)
	}()
	select {
	case <-arrived:
		return nil
	case <-ctx.Done():
		return errBehind
	}
}

// announceLocked wakes the goroutines whose events this node has by now.
func (a *arrivals) announceLocked() {
	for arrived, seq := range a.waiting {
		if a.hasLocked(seq) {
			close(arrived)
			delete(a.waiting, arrived)
		}
	}
}

// reaches returns true once this node has the message of the room with that seq, or knows that there is none. It
// returns false if it cannot find out: then the client must try again. Each wait counts towards the client's limit of
// join, leave and who frames. If the client has reached that limit, reaches returns true without a wait.
func (s *acts) reaches(c *Client, seq int64) bool {
	r := s.room
	r.mu.Lock()
	known := r.arrivals.hasLocked(seq) || s.targetLocked(seq) != nil
	r.mu.Unlock()
	return known || c.membershipRate.take(time.Now()) > 0 || r.arrivals.catchUp(context.Background(), seq) == nil
}

// answered returns the seq of the message to which p, a post of c, replies, 0 if p is no reply. If p cannot reply to that
// message, code, message and retry are those of the refusal.
func (s *acts) answered(c *Client, p wire.Post) (seq int64, code wire.Code, message string, retry time.Duration) {
	if p.ReplyTo == nil {
		return 0, "", "", 0
	}
	if !s.reaches(c, *p.ReplyTo) {
		return 0, wire.CodeUnavailable, notArrived, retryUnavailable
	}
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	m := s.targetLocked(*p.ReplyTo)
	if m == nil || m.takenBack() != nil || m.seq <= s.room.timeline.order.clear.seq {
		return 0, wire.CodeGone, answeredGone, 0
	}
	return *p.ReplyTo, "", "", 0
}
