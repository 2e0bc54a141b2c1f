// Package backoff says how long to wait after a failure: exponential backoff with jitter. The wait doubles with each failure
// in a row, and a part of it is random, so that those that failed together don't come back together.
package backoff

import (
	"math/rand/v2"
	"time"

	"mayfly/shared/clock"
)

// Jitter says which part of a wait is random: the whole wait divided by it.
type Jitter int

// The jitters. None suits a process that waits alone.
const (
	None    Jitter = 0
	Full    Jitter = 1 // from nothing to all of it
	Half    Jitter = 2 // from a half to all of it
	Quarter Jitter = 4 // from three quarters to all of it
)

// Of returns d, shortened by a random part.
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

// maxDoublings keeps First, doubled, within a time.Duration.
const maxDoublings = 10

// Failures returns the number of failures in a row.
func (b *Backoff) Failures() int { return b.failures }

// Reset forgets the failures, after a success.
func (b *Backoff) Reset() { b.failures = 0 }

// A Schedule says when the next attempt may begin. The zero Schedule, with the settings of a Backoff, lets it begin now.
type Schedule struct {
	Backoff
	from  clock.Moment
	wait  time.Duration // after from
	asked bool          // the server asked for this wait
}

// Due returns the time until the next attempt. 0 or less means now.
func (s *Schedule) Due(now clock.Moment) time.Duration { return s.wait - now.Since(s.from) }

// At returns when the next attempt begins, by the wall clock of the moment from which it counts.
func (s *Schedule) At() time.Time { return s.from.Wall.Add(s.wait) }

// Failed schedules the next attempt after a failure: after asked, if the server asked for that wait, or else as the Backoff
// says. asked is 0 if the server did not ask.
func (s *Schedule) Failed(asked time.Duration, now clock.Moment) {
	s.from, s.wait, s.asked = now, s.Next(), asked > 0
	if s.asked {
		s.wait = asked
	}
}

// Now lets the next attempt begin now. The failures still count.
func (s *Schedule) Now(now clock.Moment) { s.from, s.wait, s.asked = now, 0, false }

// Hurry lets the next attempt begin now unless the server asked for the wait: the server spreads its clients.
func (s *Schedule) Hurry(now clock.Moment) {
	if !s.asked {
		s.Now(now)
	}
}
