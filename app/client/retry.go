package client

import (
	"math/rand/v2"
	"time"

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
	minWait        = 5 * time.Minute        // how long a message that never went out waits for a connection, or its life if longer
	answerTime     = 10 * time.Second       // how long a message may be without an answer until its writer is told
	calm           = 2 * time.Second        // an outage that is over sooner is not shown

	forever = time.Duration(1<<63 - 1)

	closeCut = 1006 // how a connection ends that was cut: no close frame came
)

// A retry says when the next attempt to connect begins.
type retry struct {
	from     clock.Moment
	wait     time.Duration
	failures int  // in a row, of connections that were not stable
	slow     bool // the last connection ended because the queue overflowed, too
	told     bool // the server asked for this wait
}

// due returns how long it is until the next attempt; 0 or less: now.
func (r *retry) due(now clock.Moment) time.Duration { return r.wait - now.Since(r.from) }

// now makes the next attempt due at once.
func (r *retry) now(now clock.Moment) { r.from, r.wait, r.told = now, 0, false }

// hurry makes the next attempt due at once, unless the server asked for the wait: it spreads those who come back.
func (r *retry) hurry(now clock.Moment) {
	if !r.told {
		r.now(now)
	}
}

// stable forgets the failures so far: the connection that just ended had been a good one.
func (r *retry) stable() { r.failures, r.slow = 0, false }

// backOff sets the next attempt by exponential back-off with full jitter.
func (r *retry) backOff(now clock.Moment) {
	limit := min(firstRetry<<min(r.failures, 10), lastRetry)
	r.failures++
	r.from, r.wait, r.told = now, rand.N(limit), false
}

// after sets the next attempt as bye says. final: there is none, until the person asks for it.
func (r *retry) after(bye wire.Bye, now clock.Moment) (final bool) {
	told := time.Duration(bye.RetryMS) * time.Millisecond
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
			r.now(now)
			return false
		}
	}
	r.backOff(now)
	if told > 0 {
		r.wait, r.told = told, true
	}
	return false
}
