// Package backoff says how long to wait after a failure: exponential backoff with jitter. Each further failure doubles
// the wait, until an attempt succeeds. A part of the wait is random, so that clients that failed together don't try
// again together.
package backoff

import (
	"math/rand/v2"
	"time"

	"mayfly/shared/clock"
)

// Jitter says which part of a wait is random. With Full the whole wait is random, with Half a half of it, with Quarter a
// quarter; with None no part is random.
type Jitter int

// These are all values of Jitter. None is for a process that does not compete with others.
const (
	None    Jitter = 0
	Full    Jitter = 1 // a random time between 0 and the whole wait
	Half    Jitter = 2 // a random time between a half of the wait and the whole wait
	Quarter Jitter = 4 // a random time between three quarters of the wait and the whole wait
)

// Of returns d minus a random time, which is less than d/j. If j is None, Of returns d. Otherwise d must be j
// nanoseconds or more, or Of panics.
func (j Jitter) Of(d time.Duration) time.Duration {
	if j == None {
		return d
	}
	return d - rand.N(d/time.Duration(j))
}

// Backoff counts the failures since the last success, and says how long to wait after each failure.
type Backoff struct {
	First  time.Duration // the wait after the first failure, before jitter; each further failure doubles the wait
	Last   time.Duration // the longest wait
	Jitter Jitter

	failures int
}

// Next counts one more failure and returns the wait after it.
func (b *Backoff) Next() time.Duration {
	wait := b.Jitter.Of(min(b.First<<min(b.failures, maxDoublings), b.Last))
	b.failures++
	return wait
}

// maxDoublings limits how often First is doubled, so that the wait does not overflow a time.Duration.
const maxDoublings = 10

// Failures returns the number of failures since the last Reset.
func (b *Backoff) Failures() int { return b.failures }

// Reset forgets the failures, after a success.
func (b *Backoff) Reset() { b.failures = 0 }

// A Schedule says when the next attempt may begin. To make a Schedule, set only its field Backoff: then the first
// attempt may begin at once.
type Schedule struct {
	Backoff
	from  clock.Moment  // when the wait began
	wait  time.Duration // how long the wait is
	asked bool          // the server asked for this wait
}

// Due returns the time until the next attempt. 0 or less means now.
func (s *Schedule) Due(now clock.Moment) time.Duration { return s.wait - now.Since(s.from) }

// At returns the wall-clock time at which the next attempt may begin. If the wall clock is set during the wait, the result
// of At does not change.
func (s *Schedule) At() time.Time { return s.from.Wall.Add(s.wait) }

// Failed counts a failure and schedules the next attempt. asked is the wait that the server asked for. If asked is 0, the
// Backoff determines the wait.
func (s *Schedule) Failed(asked time.Duration, now clock.Moment) {
	s.from, s.wait, s.asked = now, s.Next(), asked > 0
	if s.asked {
		s.wait = asked
	}
}

// Now lets the next attempt begin at once. The earlier failures still make later waits longer.
func (s *Schedule) Now(now clock.Moment) { s.from, s.wait, s.asked = now, 0, false }

// Hurry lets the next attempt begin at once, unless the server asked for the present wait. The server asks each client
// for a different wait, so that they do not all come back at the same time. Hurry must not shorten such a wait.
func (s *Schedule) Hurry(now clock.Moment) {
	if !s.asked {
		s.Now(now)
	}
}
