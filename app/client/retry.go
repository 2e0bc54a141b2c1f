package client

import (
	"time"

	"mayfly/shared/backoff"
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

const (
	firstRetry = 500 * time.Millisecond // the longest wait after the first failure; it doubles with each failure
	lastRetry  = 30 * time.Second       // the longest wait after any number of failures
	// a connection that has lasted this long since its welcome was stable: the failures count from 0 again
	stableAfter = 5 * time.Second
)

// A retry says when the next attempt to connect begins. It counts the failures in a row; a stable connection
// (stableAfter) resets the count.
type retry struct {
	backoff.Schedule
	slow bool // a connection has ended because its queue on the server overflowed, and since then no connection was stable
}

// newRetry returns the retry of a client that has not tried to connect yet. It uses exponential backoff with full
// jitter.
func newRetry() retry {
	b := backoff.Backoff{First: firstRetry, Last: lastRetry, Jitter: backoff.Full}
	return retry{Schedule: backoff.Schedule{Backoff: b}}
}

// stable forgets the failures so far, because a connection has lasted for stableAfter.
func (r *retry) stable() {
	r.Reset()
	r.slow = false
}

// scheduleAfter schedules the next attempt to connect as bye asks. If bye allows no further attempt, it schedules none
// and returns true.
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

// A scheduled is the time at which something must be done: when wait has passed since from.
type scheduled struct {
	from clock.Moment
	wait time.Duration
}

// schedule returns the time that comes delay after now.
func schedule(delay time.Duration, now clock.Moment) *scheduled {
	return &scheduled{from: now, wait: delay}
}

// due reports whether the time has come. A nil scheduled is never due.
func (s *scheduled) due(now clock.Moment) bool { return s != nil && now.Since(s.from) >= s.wait }
