package client

import (
	"time"

	"mayfly/shared/clock"
)

// UndoTime is how long the user can undo a removal.
const UndoTime = undoTime

// Skew returns a function that sets the wall clock of s forward. That is what happens when a laptop has slept, or when
// the user sets the clock. Call Skew before Run.
func Skew(s *Client) func(time.Duration) {
	ahead := make(chan time.Duration, 1)
	ahead <- 0
	read := s.engine.clock
	s.engine.clock = func() clock.Moment {
		m, d := read(), <-ahead
		ahead <- d
		m.Wall = m.Wall.Add(d)
		return m
	}
	return func(d time.Duration) { ahead <- <-ahead + d }
}
