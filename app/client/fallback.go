package client

import (
	"time"

	"mayfly/shared/clock"
)

// If the network seems to block WebSockets, the client polls. It begins to poll when tooYoung connections, one after the
// other, have ended early. It also begins when the server has been silent for the time blockedAfter in a single attempt.
// While the client polls, it now and then tries a WebSocket: a probe. probeSoon and probeLater are the waits before a probe.
const (
	// how many WebSocket connections in a row must end early before the client polls; "early" means without a bye, and
	// before the connection has lasted for stableAfter
	tooYoung = 3
	// the wait from the moment when the polls connect until the first probe, if the last WebSocket ended before it was open,
	// and not because the server was silent: perhaps the network does not block WebSockets, and only the server was down
	probeSoon = 3 * time.Second
	// the wait until the first probe in all other cases; also the wait from a failed probe until the next probe
	probeLater = 5 * time.Minute
)

// A fallback decides whether the next connection is a WebSocket or polls, which also work where a network blocks
// WebSockets. While the client polls, the fallback decides when the next probe begins. It is a state machine without I/O.
type fallback struct {
	polls   bool          // the next attempt to connect uses polls instead of a WebSocket
	young   int           // the number of WebSocket connections that ended early (see tooYoung), one after the other
	refused bool          // the last WebSocket ended before it was open, and not because the server was silent
	from    clock.Moment  // when the wait for the next probe began
	wait    time.Duration // how long that wait is
	// the network has changed since the polls connected, so they may be dead: if the next probe fails, the client closes
	// the polls and connects again
	doubt bool
}

// transportFailed runs when l, the current link, has ended without a bye.
func (f *fallback) transportFailed(l *link, err error, now clock.Moment) {
	switch {
	case err == errNoToken, err == errUnsure: // the network is not the cause
	case l.polls:
		f.polls = l.welcomed // if no welcome came, polling does not help, perhaps the server is down: try a WebSocket next
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

// awaitProbe schedules the next probe: it is due when delay has passed after now.
func (f *fallback) awaitProbe(now clock.Moment, delay time.Duration) { f.from, f.wait = now, delay }

// probeDue reports whether the next probe is to begin.
func (f *fallback) probeDue(now clock.Moment) bool { return now.Since(f.from) >= f.wait }

// doubtPolls runs when the network has changed while the client polls. It schedules a probe that begins at once. If that
// probe fails, probeFailed makes the client connect again, because the polls may be dead.
func (f *fallback) doubtPolls(now clock.Moment) {
	f.doubt = true
	f.awaitProbe(now, 0)
}

// probeFailed runs when a probe has failed. It schedules the next probe. anew is true if the network has changed since the
// polls connected: then the client must close the polls and connect again.
func (f *fallback) probeFailed(now clock.Moment) (anew bool) {
	f.awaitProbe(now, probeLater)
	anew, f.doubt = f.doubt, false
	return anew
}
