package client

import (
	"time"

	"mayfly/shared/clock"
)

// A serverClock estimates the server's time: it takes one time that the server sent, and adds the time that has passed
// on the device since. Whether the date and time that the device shows are right does not matter.
type serverClock struct {
	server time.Time    // a time that the server sent; zero: none has come yet
	at     clock.Moment // the moment at which the server's clock showed that time
}

// now returns the server's time at the moment m.
func (c serverClock) now(m clock.Moment) time.Time { return c.server.Add(m.Since(c.at)) }

const (
	// maxTransit is the longest time that the client assumes for the way of a welcome from the server to the client. If the
	// answer to hello took much longer, the reason is another one: hello was late on its way to the server, or the page was
	// still starting. If the client counted such a delay, its estimate would be ahead of the server's clock, and messages
	// with a short life would expire before the user sees them.
	maxTransit = time.Second

	// maxLag is how far the time in a beat may be behind the client's estimate of the server's time. If it is further
	// behind, the client no longer trusts its estimate, and connects again to learn the time from a welcome.
	maxLag = 10 * time.Second
)

// welcomed returns the serverClock that the client uses after a welcome. The welcome came at the moment m and contains the
// server's time now, in Unix milliseconds. roundTrip is the time from hello to welcome. The client assumes that the welcome
// was on its way for half of roundTrip, but for maxTransit at most.
func welcomed(now int64, roundTrip time.Duration, m clock.Moment) serverClock {
	return serverClock{server: time.UnixMilli(now).Add(min(roundTrip/2, maxTransit)), at: m}
}

// beat returns the clock after a beat, which came at the moment m with the server's time now:
//   - now is later than the time of c: c was behind, because the server's clock shows at least now. The new clock begins
//     at now.
//   - now is earlier than the time of c, by maxLag at most: the beat took that long to arrive. beat returns c.
//   - now is earlier by more than maxLag: the beat waited while the device slept, or the device's wall clock was set
//     forward. ok is false: the client must connect again and learn the time from a welcome.
func (c serverClock) beat(now int64, m clock.Moment) (_ serverClock, ok bool) {
	server := time.UnixMilli(now)
	switch lag := c.now(m).Sub(server); {
	case lag < 0:
		return serverClock{server: server, at: m}, true
	default:
		return c, lag <= maxLag
	}
}
