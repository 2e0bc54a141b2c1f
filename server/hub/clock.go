package hub

import (
	"sync"
	"time"
)

// Clock tells the time that messages and sign-ins live by, which never goes back. The wall clock may be set, by a person or by NTP;
// the monotonic one may stand still while a machine sleeps. Clock goes on with whichever of them has gone further, so whatever
// happens to them, nothing lives longer for it: what is set back is ignored for as long as the process runs, and what is set
// forward takes messages early, for good. A node has one Clock.
type Clock struct {
	wall  func() time.Time // static
	start time.Time        // static

	mu   sync.Mutex    // guards what follows
	last time.Time     // a reading,
	at   time.Duration // and how long after start it was
}

// NewClock returns a clock that reads wall, which is time.Now outside of tests.
func NewClock(wall func() time.Time) *Clock { return &Clock{wall: wall, start: time.Now()} }

// Now returns the time. It has no monotonic reading of its own.
func (c *Clock) Now() time.Time {
	now, _ := c.read()
	return now
}

// Ahead returns how far the clock is ahead of the wall clock, by which others reckon: 0, if that was not set back.
func (c *Clock) Ahead() time.Duration {
	now, wall := c.read()
	return now.Sub(wall)
}

// Reach tells the clock that it is t, at least: something was stamped with that before the process began, or on another node.
func (c *Clock) Reach(t time.Time) {
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

// setLocked returns the time at a moment after start, which is t at least.
func (c *Clock) setLocked(t time.Time, at time.Duration) time.Time {
	reckoned := c.last.Add(at - c.at)
	if t.After(reckoned) {
		c.last, c.at = t, at
		return t
	}
	return reckoned
}
