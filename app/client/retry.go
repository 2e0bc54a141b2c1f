package client

import (
	"time"

	"mayfly/shared/backoff"
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

const (
	firstRetry = 500 * time.Millisecond // the upper limit of the wait after one failure; each further failure doubles it
	lastRetry  = 30 * time.Second       // the highest value of that upper limit, after many failures
	// a connection that lasts at least this long after its welcome is stable: it sets the number of failures to 0
	stableAfter = 5 * time.Second
)

// A retry says when the next attempt to connect begins. It counts the failed attempts; a stable connection (stableAfter)
// sets the count to 0.
type retry struct {
	backoff.Schedule
	slow bool // the server has said bye with CodeSlow before; false again after a stable connection
}

// newRetry returns the retry of a client that has not tried to connect yet. It uses exponential backoff with full
// jitter.
func newRetry() retry {
	b := backoff.Backoff{First: firstRetry, Last: lastRetry, Jitter: backoff.Full}
	return retry{Schedule: backoff.Schedule{Backoff: b}}
}

// stable forgets the failures so far. It runs when a connection has been stable, or when a probe has replaced the polls.
func (r *retry) stable() {
	r.Reset()
	r.slow = false
}

// scheduleAfter schedules the next attempt to connect, as the server's bye asks. final is true if bye allows no further
// attempt with the same credentials: then scheduleAfter schedules none.
func (r *retry) scheduleAfter(bye wire.Bye, now clock.Moment) (final bool) {
	switch bye.Code {
	case wire.CodeProtocol:
		return true
	case wire.CodeAuth, wire.CodeForbidden:
		if bye.Next != wire.NextLater {
			return true
		}
	case wire.CodeSlow:
		if !r.slow {
			r.slow = true
			r.Now(now)
			return false
		}
	}
	r.Failed(time.Duration(bye.RetryMS)*time.Millisecond, now)
	return false
}
