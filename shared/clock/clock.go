// Package clock measures time on a device whose clocks go wrong. The wall clock may be wrong and may be set. The
// monotonic clock may stop while a laptop sleeps. So Mayfly reads both clocks at once. If they disagree about how much
// time has passed, the longer time counts: nothing is kept or trusted for longer than it should be, even if a clock was
// set or stood still.
package clock

import "time"

// Moment holds the readings of the device's two clocks at the same time.
type Moment struct {
	Wall time.Time     // the wall clock, without Go's monotonic reading
	Mono time.Duration // the time since the Clock was made, by the monotonic clock
}

// Since returns how much time has passed from start to m. If the two clocks disagree, it returns the longer time.
func (m Moment) Since(start Moment) time.Duration {
	return max(m.Mono-start.Mono, m.Wall.Sub(start.Wall))
}

// Add returns the Moment that is d after m, or before it if d is negative.
func (m Moment) Add(d time.Duration) Moment { return Moment{Wall: m.Wall.Add(d), Mono: m.Mono + d} }

// A Clock reads both clocks. Moments of different Clocks cannot be compared.
type Clock func() Moment

// New returns a Clock whose monotonic clock begins now.
func New() Clock {
	start := time.Now()
	return func() Moment {
		now := time.Now()
		return Moment{Wall: now.Round(0), Mono: now.Sub(start)}
	}
}
