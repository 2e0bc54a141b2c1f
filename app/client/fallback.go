package client

import (
	"time"

	"mayfly/shared/clock"
)

// When the client takes a network for one that blocks WebSockets, and when it looks whether it still does. An attempt that
// stays silent for blockedAfter is enough.
const (
	tooYoung   = 3               // connections by WebSocket in a row that ended before stableAfter without a bye
	probeSoon  = 3 * time.Second // after polls connected where WebSockets were refused: the server was away, perhaps
	probeLater = 5 * time.Minute // after polls connected otherwise, or another probe failed
)

// A fallback says whether the next connection is a WebSocket or polls, which pass where WebSockets are blocked; and while
// the client polls, when the next probe tries a WebSocket. It is a state machine without I/O.
type fallback struct {
	polls   bool // the next attempt polls
	young   int  // connections by WebSocket in a row that ended young, without a bye
	refused bool // the last of them never opened
	from    clock.Moment
	wait    time.Duration // from then, until the next probe
	doubt   bool          // the network has changed under the polls: if no WebSocket opens there, they begin anew
}

// transportFailed runs when l has ended and the server did not say why.
func (f *fallback) transportFailed(l *link, err error, now clock.Moment) {
	switch {
	case err == errNoToken, err == errUnsure: // not the network's fault
	case l.polls:
		f.polls = l.welcomed // else the server may be away, and be back first where all clients look for it
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

// pollsConnected schedules the first probe after polls have connected.
func (f *fallback) pollsConnected(now clock.Moment) {
	if f.refused {
		f.awaitProbe(now, probeSoon)
	} else {
		f.awaitProbe(now, probeLater)
	}
}

// awaitProbe schedules the next probe.
func (f *fallback) awaitProbe(now clock.Moment, wait time.Duration) { f.from, f.wait = now, wait }

// probeDue reports whether the next probe is to begin.
func (f *fallback) probeDue(now clock.Moment) bool { return now.Since(f.from) >= f.wait }

// doubtPolls begins a probe now, because the network has changed.
func (f *fallback) doubtPolls(now clock.Moment) {
	f.doubt = true
	f.awaitProbe(now, 0)
}

// probeFailed schedules the next probe after a failed one. It reports whether the polls must begin anew.
func (f *fallback) probeFailed(now clock.Moment) (anew bool) {
	f.awaitProbe(now, probeLater)
	anew, f.doubt = f.doubt, false
	return anew
}
