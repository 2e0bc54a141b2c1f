package client

import (
	"time"

	"mayfly/shared/backoff"
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

const (
	firstRetry  = 500 * time.Millisecond // at most, after the first failure; doubled with each
	lastRetry   = 30 * time.Second       // and never more
	stableAfter = 5 * time.Second        // a connection that lived longer than this was a good one: the count starts anew
)

// A retry says when the next attempt to connect begins. Its failures are those in a row, of connections that were not
// stable.
type retry struct {
	backoff.Schedule
	slow bool // the last connection ended because the queue overflowed, too
}

// newRetry returns a retry before the first attempt: exponential backoff with full jitter.
func newRetry() retry {
	b := backoff.Backoff{First: firstRetry, Last: lastRetry, Jitter: backoff.Full}
	return retry{Schedule: backoff.Schedule{Backoff: b}}
}

// stable forgets the failures so far: the connection that just ended had been a good one.
func (r *retry) stable() {
	r.Reset()
	r.slow = false
}

// after schedules the next attempt as bye says. final: there is none until the user asks for it.
func (r *retry) after(bye wire.Bye, now clock.Moment) (final bool) {
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

// A scheduled is something that is to be done again.
type scheduled struct {
	from clock.Moment
	wait time.Duration
}

// schedule schedules something after wait.
func schedule(wait time.Duration, now clock.Moment) *scheduled {
	return &scheduled{from: now, wait: wait}
}

// due reports whether it is to be done now. nil is never due.
func (s *scheduled) due(now clock.Moment) bool { return s != nil && now.Since(s.from) >= s.wait }
