package hub

import (
	"sync"
	"time"
)

// Clock is the node's clock, by which messages and sign-ins expire. It never goes back. A person or NTP may set the
// wall clock, and the monotonic clock may stand still while the machine sleeps, so Clock follows the clock that has
// advanced further. If the wall clock is set back, Clock ignores that for as long as the process runs, so nothing lives
// longer. If the wall clock is set forward, messages are removed early, and they do not come back. A node has one
// Clock.
//
// Clock does not use package shared/clock. That package measures the time between two moments on one device. Clock
// tells the time of day, and a message of another node can set it forward (AdvanceTo).
type Clock struct {
	wall  func() time.Time // static
	start time.Time        // static

	mu   sync.Mutex    // guards what follows
	last time.Time     // the time of day from which setLocked counts on with the monotonic clock
	at   time.Duration // how long after start the time of day was last
}

// NewClock returns a Clock. wall returns the time of the wall clock: it is time.Now, or a function of a test.
func NewClock(wall func() time.Time) *Clock { return &Clock{wall: wall, start: time.Now()} }

// Now returns the time, without a monotonic reading.
func (c *Clock) Now() time.Time {
	now, _ := c.read()
	return now
}

// Ahead returns how far the Clock is ahead of the wall clock, by which other programs count. It is 0 unless the wall
// clock was set back or AdvanceTo has set the Clock forward.
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

// setLocked returns the time of day at the moment that is elapsed after start. That is t, or last plus the monotonic
// time since then if that is later. If it is t, setLocked stores t in last.
func (c *Clock) setLocked(t time.Time, elapsed time.Duration) time.Time {
	reckoned := c.last.Add(elapsed - c.at)
	if t.After(reckoned) {
		c.last, c.at = t, elapsed
		return t
	}
	return reckoned
}
