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
	read := s.moment
	s.moment = func() clock.Moment {
		m, d := read(), <-ahead
		ahead <- d
		m.Wall = m.Wall.Add(d)
		return m
	}
	return func(d time.Duration) { ahead <- <-ahead + d }
}

// Cursor returns what v has seen of its room.
func (v View) Cursor() (epoch string, seq int64) { return v.cursor.Epoch, v.cursor.Seq }

// View returns the view last shown.
func (s *Client) View() View { return s.shown }
