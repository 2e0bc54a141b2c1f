package hub

import (
	"errors"
	"sync"
	"time"
)

// turns lets each user have only one post or decision in a room at a time with the stream. If the stream had several, it
// could lose one and store a later one, while the client cannot be told because its connection broke. The client would send
// both again, and they would stand in the wrong order.
type turns struct {
	mu sync.Mutex // guards what follows; a function of a turn is never called with mu held

	// waiting has the posts and decisions that wait, in their order, for each user who has one with the stream.
	waiting map[string][]turn
}

// errStopped is the error of what waits when Drain has given up: the clients send it to the next server.
var errStopped = errors.New("the server has stopped")

// turn is an event that waits until the stream has answered the user's earlier one.
type turn struct {
	store func()      // hands the event to the stream
	fail  func(error) // runs in the place of store if nobody knows whether the stream has stored the earlier event
}

// newTurn returns the turn of e, a post or a decision of c in r. answer runs when the stream has stored e, or has failed to
// store it.
func newTurn(c *Client, r *room, e Event, answer func(Receipt, error)) turn {
	store := func() {
		c.hub.stream.Append(r.name, e, func(receipt Receipt, err error) {
			answer(receipt, err)
			if c.hub.drainFailed.Load() {
				err = errStopped
			}
			if next := r.turns.end(e.User, err); next != nil {
				c.hub.tasks.Go(next) // not on this goroutine: for the locks of NATS, see the package comment
			}
		})
	}
	return turn{store, func(err error) { answer(Receipt{}, err) }}
}

// take calls next.store at once if user has nothing with the stream. Otherwise next waits.
func (t *turns) take(user string, next turn) {
	t.mu.Lock()
	waiting, busy := t.waiting[user]
	if busy {
		waiting = append(waiting, next)
	}
	t.waiting[user] = waiting
	t.mu.Unlock()
	if !busy {
		next.store()
	}
}

// end runs when the stream has answered an event of user; err says why it has not stored the event. end returns the store
// of the next event that waits, nil if there is none. If err leaves open whether the stream has stored the event, the stream
// must not store a later event, which could come before it: then end fails all events that wait.
func (t *turns) end(user string, err error) (store func()) {
	t.mu.Lock()
	waiting := t.waiting[user]
	unknown := err != nil && !errors.Is(err, ErrFull)
	if unknown || len(waiting) == 0 {
		delete(t.waiting, user)
	} else {
		store, t.waiting[user] = waiting[0].store, waiting[1:]
	}
	t.mu.Unlock()
	if unknown {
		for _, each := range waiting {
			each.fail(err)
		}
	}
	return store
}

// orderTimeout limits how long a connection waits until a removal or a decision of its client has taken effect in the room,
// or has failed. Because of this wait, the room handles the client's next frame after the removal or the decision, unless
// the time runs out.
const orderTimeout = 2 * time.Second

// wait blocks until a has ended, for orderTimeout at most. a.ended must not be nil.
func (a *act) wait() {
	timeout := time.NewTimer(orderTimeout)
	defer timeout.Stop()
	select {
	case <-a.ended:
	case <-timeout.C:
	}
}
