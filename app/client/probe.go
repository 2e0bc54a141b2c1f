package client

import (
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// While the client polls, a probe tries a WebSocket beside the polls now and then. Once the probe has brought
// everything that a hello asks for, it takes over from the polls (upgrade), and the user sees nothing of it.

// tickProbe begins a probe when it is due, and gives up a probe that takes too long.
func (e *engine) tickProbe(now clock.Moment) {
	switch l, probe := e.links.current, e.links.probe; {
	case probe != nil && now.Since(probe.started) >= welcomeTimeout:
		e.abandonProbe(now)
	case probe == nil && l != nil && l.polls && l.welcomed && e.fallback.probeDue(now):
		e.links.probe = e.links.begin(e.links.dial, now, "")
	}
}

// abandonProbe gives up the probe. If the network has changed since the polls connected, the client closes them and
// connects again. Otherwise the polls go on.
func (e *engine) abandonProbe(now clock.Moment) {
	e.links.abandonProbe()
	if e.fallback.probeFailed(now) {
		e.close(now)
		e.retry.Now(now)
	}
}

// onProbe runs for each event of the probe.
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

// ready reports whether the probe l has brought everything that its hello asks for: a welcome and, if a room is shown, a
// joined for that room. room is the room that is shown. If the client has joined it already, the joined must bring only
// what the client missed (Resumed).
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
	e.retry.stable() // the polls did not fail
	for _, f := range l.brought {
		if e.links.current == l {
			e.frame(f, now)
		}
	}
	l.brought = nil
}

// networkChanged runs when a network has come back. The device may be on another network now, where WebSockets are not
// blocked. A WebSocket is closed, because it may be dead although no error has come. Connected polls go on until a probe
// shows whether a WebSocket opens.
func (e *engine) networkChanged(now clock.Moment) {
	if l := e.links.current; l == nil || !l.polls || !l.welcomed {
		e.fallback = fallback{}
		e.close(now)
		return
	}
	e.links.abandonProbe() // the probe began on the old network
	e.fallback.doubtPolls(now)
}
