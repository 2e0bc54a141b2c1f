package client

import (
	"time"

	"mayfly/shared/clock"
)

// These limits decide when the client polls because the network seems to block WebSockets, and when a probe tries a
// WebSocket again. A single attempt that stays silent for blockedAfter also makes the client poll.
const (
	// how many WebSocket connections in a row must end too early for the client to poll: before they have lasted for
	// stableAfter, and without a bye
	tooYoung = 3
	// if WebSockets were refused, the first probe begins this long after the client has connected by polls: perhaps only
	// the server was down
	probeSoon = 3 * time.Second
	// otherwise the first probe begins this long after the client has connected by polls; after a failed probe, the next
	// probe begins this long after the failure
	probeLater = 5 * time.Minute
)

// A fallback decides whether the next connection is a WebSocket or polls, which pass where WebSockets are blocked.
// While the client polls, it also decides when the next probe tries a WebSocket. It is a state machine without I/O.
type fallback struct {
	polls   bool          // the next attempt to connect polls
	young   int           // how many WebSocket connections in a row ended before stableAfter and without a bye
	refused bool          // the last WebSocket connection ended before it was open
	from    clock.Moment  // when the wait for the next probe began
	wait    time.Duration // how long that wait is
	// the network has changed since the polls connected: if the next probe fails, they connect again
	doubt bool
}

// transportFailed runs when l, the current link, has ended without a bye.
func (f *fallback) transportFailed(l *link, err error, now clock.Moment) {
	switch {
	case err == errNoToken, err == errUnsure: // the network is not the cause
	case l.polls:
		f.polls = l.welcomed // if no welcome came, perhaps the server is down: try a WebSocket again
	case l.welcomed && now.Since(l.since) >= stableAfter:
		f.young = 0
	case err == errSilent:
		f.polls, f.refused = true, false
	default:
		f.young++
		f.refused = l.conn == nil
		f.polls = f.young >= tooYoung
	}
}

// pollsConnected runs when polls have connected. It schedules the first probe.
func (f *fallback) pollsConnected(now clock.Moment) {
	if f.refused {
		f.awaitProbe(now, probeSoon)
	} else {
		f.awaitProbe(now, probeLater)
	}
}

// awaitProbe schedules the next probe for the time delay after now.
func (f *fallback) awaitProbe(now clock.Moment, delay time.Duration) { f.from, f.wait = now, delay }

// probeDue reports whether the next probe is to begin.
func (f *fallback) probeDue(now clock.Moment) bool { return now.Since(f.from) >= f.wait }

// doubtPolls schedules a probe that begins at once, because the network has changed. If the probe fails, the polls must
// connect again.
func (f *fallback) doubtPolls(now clock.Moment) {
	f.doubt = true
	f.awaitProbe(now, 0)
}

// probeFailed runs when a probe has failed. It schedules the next probe. anew is true if the polls must connect again,
// because the network has changed since they connected.
func (f *fallback) probeFailed(now clock.Moment) (anew bool) {
	f.awaitProbe(now, probeLater)
	anew, f.doubt = f.doubt, false
	return anew
}
