package client

import (
	"time"

	"mayfly/shared/clock"
)

// A serverClock estimates the server's time: it takes one time that the server sent, and adds the time that has passed
// on the device since. It does not use the date and time that the device shows.
type serverClock struct {
	server time.Time    // a time that the server sent; zero: none has come yet
	at     clock.Moment // the moment at which the server's clock showed that time
}

// now returns the server's time at the moment m.
func (c serverClock) now(m clock.Moment) time.Time { return c.server.Add(m.Since(c.at)) }

const (
	// maxTransit is the longest time for which the client believes that a welcome was on its way back. If the answer to
	// hello took much longer, hello was held up on the way to the server, or the page was still starting. If the client
	// added all of that time to the server's time, short messages would expire before the user sees them.
	maxTransit = time.Second

	// maxLag is how late a beat may arrive. A beat that arrives later says nothing about the server's clock.
	maxLag = 10 * time.Second
)

// welcomed returns the clock after a welcome, which came at the moment m. now is the server's time in that welcome.
// roundTrip is the time from hello to welcome: half of it counts as the way back.
func welcomed(now int64, roundTrip time.Duration, m clock.Moment) serverClock {
	return serverClock{server: time.UnixMilli(now).Add(min(roundTrip/2, maxTransit)), at: m}
}

// beat returns the clock after a beat, which came at the moment m with the server's time now:
//   - now is ahead of c: c is behind, because a beat takes time to arrive. The new clock begins at now.
//   - now is behind c by maxLag at most: the beat took that time to arrive. The clock stays c.
//   - now is further behind: the beat waited while the device slept, or the device's wall clock was set forward. ok is
//     false: the client must connect again and learn the time from a welcome.
func (c serverClock) beat(now int64, m clock.Moment) (_ serverClock, ok bool) {
	server := time.UnixMilli(now)
	switch lag := c.now(m).Sub(server); {
	case lag < 0:
		return serverClock{server: server, at: m}, true
	default:
		return c, lag <= maxLag
	}
}
