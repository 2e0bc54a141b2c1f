package client

import (
	"time"

	"mayfly/shared/clock"
)

// A serverClock estimates the server's time from one sample of it. The local time of day plays no part.
type serverClock struct {
	server time.Time    // what the server's clock showed; zero: not learned yet
	at     clock.Moment // when it did
}

// now returns the server's time at m.
func (c serverClock) now(m clock.Moment) time.Time { return c.server.Add(m.Since(c.at)) }

const (
	// maxTransit bounds how long a welcome counts as having been on its way. A welcome that took longer to come was held up
	// on the way there, or by the page's own start; if it counted as late, short messages would expire before they are seen.
	maxTransit = time.Second

	// maxLag is how late a beat may be. A later one tells nothing about the server's clock.
	maxLag = 10 * time.Second
)

// welcomed returns the clock after a welcome that says now and took roundTrip to come: half of it on the way back.
func welcomed(now int64, roundTrip time.Duration, m clock.Moment) serverClock {
	return serverClock{server: time.UnixMilli(now).Add(min(roundTrip/2, maxTransit)), at: m}
}

// beat returns the clock after a beat that says now. A beat was some time on its way, so it can only show that the clock is
// behind. A beat that is more than maxLag behind the clock is no news at all: it waited while the device slept, or the wall
// clock was set forward. Then ok is false, and only another welcome tells the time.
func (c serverClock) beat(now int64, m clock.Moment) (_ serverClock, ok bool) {
	server := time.UnixMilli(now)
	switch lag := c.now(m).Sub(server); {
	case lag < 0:
		return serverClock{server: server, at: m}, true
	default:
		return c, lag <= maxLag
	}
}
