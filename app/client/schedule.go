package client

import (
	"time"

	"mayfly/shared/clock"
)

// tickAtLeast is the longest time between two ticks of the loop. A timer does not run while a laptop sleeps. So if the loop
// waited for one long timer, messages that expired meanwhile would still be shown after the laptop wakes.
const tickAtLeast = time.Second

// A scheduled is the time at which something must be done: when the duration wait has passed since the moment from.
type scheduled struct {
	from clock.Moment
	wait time.Duration
}

// schedule returns the time that comes delay after now.
func schedule(delay time.Duration, now clock.Moment) *scheduled {
	return &scheduled{from: now, wait: delay}
}

// due reports whether the time s has come. If s is nil, nothing is scheduled, and due returns false.
func (s *scheduled) due(now clock.Moment) bool { return s != nil && now.Since(s.from) >= s.wait }
