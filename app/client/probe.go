package client

import (
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// While the client polls, it begins a probe now and then: it opens a WebSocket beside the polls, to see whether that works.
// As soon as the server has answered the probe's hello completely (method ready), the probe replaces the polls (method
// upgrade), and the user notices nothing.

// tickProbe begins a probe if the next probe is due, and gives up a probe that takes longer than welcomeTimeout.
func (e *engine) tickProbe(now clock.Moment) {
	switch l, probe := e.links.current, e.links.probe; {
	case probe != nil && now.Since(probe.started) >= welcomeTimeout:
		e.abandonProbe(now)
	case probe == nil && l != nil && l.polls && l.welcomed && e.fallback.probeDue(now):
		e.links.probe = e.links.begin(e.links.dial, now, "")
	}
}

// abandonProbe gives up the probe. If the network has changed since the polls connected, the polls may be dead, so the
// client closes them and connects again. Otherwise the polls go on.
func (e *engine) abandonProbe(now clock.Moment) {
	e.links.abandonProbe()
	if e.fallback.probeFailed(now) {
		e.close(now)
		e.retry.Now(now)
	}
}

// onProbe runs when the probe's goroutine has sent an event.
func (e *engine) onProbe(ev event, now clock.Moment) {
	l := e.links.probe
	switch {
	case ev.err != nil:
		e.abandonProbe(now)
	case ev.credentials != nil:
		l.identified, l.credentials = true, *ev.credentials
		if l.credentials.SignInID != e.links.current.credentials.SignInID {
			e.abandonProbe(now) // the user signs in or out now, so the client will connect again in any case
		}
	case ev.conn != nil:
		l.conn, l.greeted = ev.conn, now
		if err := l.conn.Write(wire.Encode(e.hello(l))); err != nil {
			e.abandonProbe(now)
		}
	default:
		l.lastFrame = now
		l.brought = append(l.brought, frames(ev.message)...)
		if l.ready(&e.rooms.shown) {
			e.upgrade(now)
		}
	}
}

// ready reports whether the server has answered the hello of the probe l completely: with the frame welcome and, if a room
// is shown (room), with the frame joined of that room. If the polls have joined the room already, a frame joined counts only
// if its Resumed is true: then it contains just what the client missed.
func (l *link) ready(room *joinedRoom) bool {
	welcome, joined := false, room.Name == ""
	for _, f := range l.brought {
		switch f := f.(type) {
		case wire.Welcome:
			welcome = true
		case wire.Joined:
			joined = joined || f.Room == room.Name && (f.Resumed || !room.Joined)
		}
	}
	return welcome && joined
}

// upgrade makes the probe the client's connection, in the place of the polls. Entries that were sent by polls and have no
// answer yet are sent again on the WebSocket; the server recognises such a repeat by its id. If the WebSocket soon ends
// without a bye, the client polls again at once.
func (e *engine) upgrade(now clock.Moment) {
	e.links.upgrade()
	l := e.links.current
	e.sender.disconnected()
	e.rooms.forgetLink()
	e.fallback = fallback{young: tooYoung - 1}
	e.retry.stable() // the polls ended without a failure, so earlier failures no longer count
	for _, f := range l.brought {
		if e.links.current == l {
			e.frame(f, now)
		}
	}
	l.brought = nil
}

// networkChanged runs when the device has a network again. This may be another network, one that does not block WebSockets.
//   - If the client polls and is connected, the polls go on, and a probe finds out whether a WebSocket opens now.
//   - Otherwise the client closes its connection, which may be dead although no error has come, and tries a WebSocket.
func (e *engine) networkChanged(now clock.Moment) {
	if l := e.links.current; l == nil || !l.polls || !l.welcomed {
		e.fallback = fallback{}
		e.close(now)
		return
	}
	e.links.abandonProbe() // the probe began on the old network
	e.fallback.doubtPolls(now)
}
