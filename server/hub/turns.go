package hub

import (
	"errors"
	"sync"
	"time"
)

// turns lets each user have only one post of a room at a time with the stream. If the stream had several, it could lose one
// and store a later one, while the client cannot be told because its connection broke. The client would send both again, and
// they would stand in the wrong order.
type turns struct {
	mu sync.Mutex // guards what follows; a function of a turn is never called with mu held

	// waiting has the posts that wait, in their order, for each user who has a post with the stream.
	waiting map[string][]turn
}

// errStopped is the error of posts that wait when Drain has given up: their clients send them to the next server.
var errStopped = errors.New("the server has stopped")

// turn is a post that waits until the stream has answered the user's earlier post.
type turn struct {
	store func()      // hands the post to the stream
	fail  func(error) // runs in the place of store if nobody knows whether the stream has stored the earlier post
}

// newTurn returns the turn of e, a post of c to r. chargedAt is when the post was counted against the author's rate.
func newTurn(c *Client, r *room, e Event, chargedAt time.Time) turn {
	answer := func(receipt Receipt, err error) {
		r.onAppended(e.key(), chargedAt, receipt, err)
		c.posts.done()
	}
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

// take calls next.store at once if user has no post with the stream. Otherwise next waits.
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

// end runs when the stream has answered a post of user; err says why it has not stored the post. end returns the store
// of the next post that waits, nil if there is none. If err leaves open whether the stream has stored the post, no
// later post may be stored, because it could come before that post: then end fails all posts that wait.
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
