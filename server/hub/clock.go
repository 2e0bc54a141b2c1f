package hub

import (
	"sync"
	"time"
)

// Clock is the node's clock, by which messages and sign-ins expire. It never goes back. It follows two clocks of the
// machine, because neither is enough alone: a person or NTP may set the wall clock, and the monotonic clock may stop
// while the machine sleeps. Of the two, the clock that has advanced further counts. So if the wall clock is set back,
// Clock goes on without a step, and no message lives longer. If the wall clock is set forward, messages are removed early
// and do not come back. A node has one Clock.
//
// Clock does not use package shared/clock. That package measures the time between two moments on one device. Clock
// tells the time of day, and a message of another node can set it forward (AdvanceTo).
type Clock struct {
	wall  func() time.Time // static
	start time.Time        // static

	mu   sync.Mutex    // guards what follows
	last time.Time     // the Clock's time of day when setLocked last stored a time; at is the moment of that call
	at   time.Duration // when last was set, as the monotonic time since start
}

// NewClock returns a Clock. wall returns the time of the wall clock: it is time.Now, or a function of a test.
func NewClock(wall func() time.Time) *Clock { return &Clock{wall: wall, start: time.Now()} }

// Now returns the time, without a monotonic reading.
func (c *Clock) Now() time.Time {
	now, _ := c.read()
	return now
}

// Ahead returns how far the Clock is ahead of the wall clock. The issuer of a token sets the expiry by the wall clock.
// Add Ahead to such a time before you compare it with the Clock. The result is 0 unless the wall clock was set back or
// AdvanceTo has set the Clock forward.
func (c *Clock) Ahead() time.Duration {
	now, wall := c.read()
	return now.Sub(wall)
}

// AdvanceTo sets the Clock forward to t if the Clock shows an earlier time. t is the time of a stored event; perhaps
// another node has made the event, or an earlier process on this machine. Without AdvanceTo, a node whose wall clock is
// behind would keep messages too long.
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

// setLocked returns the Clock's time at the moment elapsed, which is the monotonic time since start. t is the time of day
// at that moment by another source: the wall clock or a stored event. The result is the later of two times: t, and last
// plus the monotonic time since at. If t is later, setLocked stores t in last and elapsed in at.
func (c *Clock) setLocked(t time.Time, elapsed time.Duration) time.Time {
	reckoned := c.last.Add(elapsed - c.at)
	if t.After(reckoned) {
		c.last, c.at = t, elapsed
		return t
	}
	return reckoned
}
