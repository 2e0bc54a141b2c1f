package pkce

import (
	"time"

	"mayfly/shared/clock"
)

// Skew returns a function that moves the wall clock of s ahead. That is what a laptop's sleep or setting the clock does.
// Call Skew before Run.
func Skew(s *SignIn) func(time.Duration) {
	ahead := make(chan time.Duration, 1)
	ahead <- 0
	read := s.state.now
	now := func() clock.Moment {
		m, d := read(), <-ahead
		ahead <- d
		m.Wall = m.Wall.Add(d)
		return m
	}
	s.state.now, s.provider.now, s.provider.keys.now = now, now, now
	return func(d time.Duration) { ahead <- <-ahead + d }
}
