// Package backoff says how long to wait after a failure: exponential backoff with jitter. The wait doubles with each
// failure in a row, and a part of it is random, so that clients that failed together don't try again together.
package backoff

import (
	"math/rand/v2"
	"time"

	"mayfly/shared/clock"
)

// Jitter says how much of a wait is random: the wait divided by Jitter. With None, nothing of it is random.
type Jitter int

// The jitters. None is for a process that does not compete with others.
const (
	None    Jitter = 0
	Full    Jitter = 1 // a random time between 0 and the whole wait
	Half    Jitter = 2 // a random time between a half of the wait and the whole wait
	Quarter Jitter = 4 // a random time between three quarters of the wait and the whole wait
)

// Of returns d minus a random time, which is less than d/j. If j is None, it returns d.
func (j Jitter) Of(d time.Duration) time.Duration {
	if j == None {
		return d
	}
	return d - rand.N(d/time.Duration(j))
}

// Backoff counts failures in a row, and says how long to wait after each.
type Backoff struct {
	First  time.Duration // the wait after the first failure, before jitter; it doubles with each failure
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

// Failures returns the number of failures in a row.
func (b *Backoff) Failures() int { return b.failures }

// Reset forgets the failures, after a success.
func (b *Backoff) Reset() { b.failures = 0 }

// A Schedule says when the next attempt may begin. If only Backoff is set in it, the first attempt may begin at once.
type Schedule struct {
	Backoff
	from  clock.Moment  // when the wait began
	wait  time.Duration // how long the wait is
	asked bool          // the server asked for this wait
}

// Due returns the time until the next attempt. 0 or less means now.
func (s *Schedule) Due(now clock.Moment) time.Duration { return s.wait - now.Since(s.from) }

// At returns the wall-clock time at which the next attempt may begin. It does not change if the wall clock is set meanwhile.
func (s *Schedule) At() time.Time { return s.from.Wall.Add(s.wait) }

// Failed counts a failure and schedules the next attempt. asked is the wait that the server asked for. If asked is 0, the
// Backoff determines the wait.
func (s *Schedule) Failed(asked time.Duration, now clock.Moment) {
	s.from, s.wait, s.asked = now, s.Next(), asked > 0
	if s.asked {
		s.wait = asked
	}
}

// Now lets the next attempt begin at once. The earlier failures still count for later waits.
func (s *Schedule) Now(now clock.Moment) { s.from, s.wait, s.asked = now, 0, false }

// Hurry lets the next attempt begin at once, unless the server asked for the present wait. With such waits the server keeps
// its clients from coming back all at once.
func (s *Schedule) Hurry(now clock.Moment) {
	if !s.asked {
		s.Now(now)
	}
}
