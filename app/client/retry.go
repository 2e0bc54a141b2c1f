package client

import (
	"time"

	"mayfly/shared/backoff"
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// The session's times. Those of the protocol are in wire.
const (
	welcomeTimeout = 10 * time.Second       // from dialling until welcome must have come, or any other sign of life
	firstRetry     = 500 * time.Millisecond // at most, after the first failure; doubled with each
	lastRetry      = 30 * time.Second       // and never more
	stableAfter    = 5 * time.Second        // a connection that lived longer than this was a good one: the count starts anew
	lookAtLeast    = time.Second            // how often the clocks are looked at: a timer stands still while a laptop sleeps
	maxLag         = 10 * time.Second       // a beat that is later than this tells nothing about the server's clock
	calm           = 2 * time.Second        // an outage that is over sooner is not shown

)

// A retry says when the next attempt to connect begins. Its failures are those in a row, of connections that were not stable.
type retry struct {
	backoff.Schedule
	slow bool // the last connection ended because the queue overflowed, too
}

// newRetry returns a retry before the first attempt: exponential backoff with full jitter.
func newRetry() retry {
	return retry{Schedule: backoff.Schedule{Backoff: backoff.Backoff{First: firstRetry, Last: lastRetry, Jitter: backoff.Full}}}
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
