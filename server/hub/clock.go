package hub

import (
	"sync"
	"time"
)

// Clock is the node's clock, by which messages and sign-ins expire. It never goes back. A person or NTP may set the wall
// clock, and the monotonic clock may stand still while the machine sleeps, so Clock follows the one that has advanced
// further. Nothing lives longer because a clock was changed: Clock ignores a wall clock that was set back for as long as the
// process runs; a wall clock that was set forward removes messages early, and they do not come back. A node has one Clock.
//
// Clock does not build on shared/clock, which measures the time between two moments of a device and never asks what time it
// is. Clock shows a time of day that messages of other nodes move too (AdvanceTo), and it follows the wall clock only where
// that is ahead.
type Clock struct {
	wall  func() time.Time // static
	start time.Time        // static

	mu   sync.Mutex    // guards what follows
	last time.Time     // the time that was shown
	at   time.Duration // how long after start last was shown
}

// NewClock returns a Clock over the wall clock that wall reads: time.Now, or a test's own.
func NewClock(wall func() time.Time) *Clock { return &Clock{wall: wall, start: time.Now()} }

// Now returns the time, without a monotonic reading.
func (c *Clock) Now() time.Time {
	now, _ := c.read()
	return now
}

// Ahead returns how far the Clock is ahead of the wall clock, which other programs use: 0 unless the wall clock was set
// back.
func (c *Clock) Ahead() time.Duration {
	now, wall := c.read()
	return now.Sub(wall)
}

// AdvanceTo sets the Clock forward to t if it shows an earlier time. The time t comes from a stored message, which was
// posted on another node or before this process started.
func (c *Clock) AdvanceTo(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setLocked(t.Round(0), time.Since(c.start))
}

func (c *Clock) read() (now, wall time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall, at := c.wall().Round(0), time.Since(c.start)
	return c.setLocked(wall, at), wall
}

// setLocked returns the time at the moment at after start: t, or what the monotonic clock has reached if that is later.
func (c *Clock) setLocked(t time.Time, at time.Duration) time.Time {
	reckoned := c.last.Add(at - c.at)
	if t.After(reckoned) {
		c.last, c.at = t, at
		return t
	}
	return reckoned
}
