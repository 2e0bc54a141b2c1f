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

// catchUp blocks until this node has every event of the room up to seq, or until the stream says that the last stored
// event has a lower seq. If neither happens within aheadTimeout and before ctx is done, it returns errBehind.
func (r *room) catchUp(ctx context.Context, seq int64) error {
	r.mu.Lock()
	if seq <= r.timeline.seen {
		r.mu.Unlock()
		return nil
	}
	arrived := r.awaited.add(seq)
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.awaited, arrived)
	}()
	ctx, cancel := context.WithTimeout(ctx, aheadTimeout)
	defer cancel()
	if head, err := r.hub.stream.Head(ctx, r.name); err == nil && head < seq {
		return nil
	}
	select {
	case <-arrived:
		return nil
	case <-ctx.Done():
		return errBehind
	}
}

// awaited has a channel for each goroutine that waits until this node has every event of a room up to a seq.
type awaited map[chan struct{}]int64

// add returns a channel that is closed once this node has every event up to seq.
func (a awaited) add(seq int64) chan struct{} {
	arrived := make(chan struct{})
	a[arrived] = seq
	return arrived
}

// arrive closes the channels of the goroutines that wait for the seq in the parameter seen, or for a lower seq.
func (a awaited) arrive(seen int64) {
	for arrived, seq := range a {
		if seq <= seen {
			close(arrived)
			delete(a, arrived)
		}
	}
}

// reaches returns true once this node has the message of the room with that seq, or knows that there is none. It
// returns false if it cannot find out: then the client must try again. Each wait counts towards the client's limit of
// join, leave and who frames. If the client has reached that limit, reaches returns true without a wait.
func (s *acts) reaches(c *Client, seq int64) bool {
	r := s.room
	r.mu.Lock()
	known := seq <= r.timeline.seen || s.targetLocked(seq) != nil
	r.mu.Unlock()
	return known || c.membershipRate.take(time.Now()) > 0 || r.catchUp(context.Background(), seq) == nil
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
	if m := s.targetLocked(*p.ReplyTo); m == nil || m.takenBack() != nil {
		return 0, wire.CodeGone, answeredGone, 0
	}
	return *p.ReplyTo, "", "", 0
}
