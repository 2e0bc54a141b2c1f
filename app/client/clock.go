package client

import "time"

// A moment is what the two clocks of the device show at once. The wall clock may be wrong and may be set; the monotonic
// one may stand still while a laptop sleeps. Only differences are used, and of two differences the longer: whatever
// happened to the clocks, nothing lives longer for it.
type moment struct {
	wall time.Time
	mono time.Duration
}

// moments returns a function that reads both clocks.
func moments() func() moment {
	start := time.Now()
	return func() moment {
		now := time.Now()
		return moment{wall: now.Round(0), mono: now.Sub(start)}
	}
}

// since returns how long ago start was.
func (m moment) since(start moment) time.Duration {
	return max(m.mono-start.mono, m.wall.Sub(start.wall))
}

// A clock reckons the server's time from a sample of it. The local time of day plays no part.
type clock struct {
	server time.Time // what the server's clock showed; zero: not learned yet
	at     moment    // when it did
}

// now returns the server's time at m.
func (c clock) now(m moment) time.Time { return c.server.Add(m.since(c.at)) }

// maxTransit bounds how long a welcome counts as having been on its way. One that took longer to come was held up on the way
// there, or by the page's own start; taking it for late would end short messages before they are seen.
const maxTransit = time.Second

// welcomed returns the clock after a welcome that says now and took roundTrip to come: half of it on the way back.
func welcomed(now int64, roundTrip time.Duration, m moment) clock {
	return clock{server: time.UnixMilli(now).Add(min(roundTrip/2, maxTransit)), at: m}
}

// beat returns the clock after a beat that says now. A beat was some time on its way, so it can only show that the clock
// is behind. One that lags it by more than maxLag is no news at all: it lay about while the device slept, or the wall
// clock was set forward. Then ok is false, and only another welcome tells the time.
func (c clock) beat(now int64, m moment) (_ clock, ok bool) {
	server := time.UnixMilli(now)
	switch lag := c.now(m).Sub(server); {
	case lag < 0:
		return clock{server: server, at: m}, true
	default:
		return c, lag <= maxLag
	}
}
