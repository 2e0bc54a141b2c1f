package client

import (
	"time"

	"mayfly/shared/clock"
)

// Skew makes the wall clock of s run ahead by what the returned function is given, as it does when a laptop slept through
// that time or someone sets the clock. Call it before Run.
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
