package client

import (
	"time"

	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// tick does everything that is due now and returns the time until the next thing is due.
func (e *engine) tick() time.Duration {
	now := e.clock()
	if e.links.silent(now) || e.connection.unanswered(now) {
		e.lost(errSilent)
	}
	if e.sender.persister.TimedOut(now) {
		e.sender.beginAs("")
	}
	if e.mayConnect() && e.retry.Due(now) <= 0 {
		e.links.connect(e.fallback.polls, now, e.identity.takeRefused())
	}
	e.tickProbe(now)
	if e.rooms.shown.retry.due(now) {
		e.rooms.join()
	}
	if l := e.links.current; l != nil && l.reauth.due(now) {
		l.reauth = nil
		e.links.ask("")
	}
	e.sender.tick(now)
	if e.identity.rules.takesActs() {
		e.rooms.askWho(now)
	}
	e.connection.tick(now)
	e.rooms.shown.SetStates(&e.sender.outbox, now, e.connection.status(e.links.welcomed()) == Online)
	e.sender.persister.Tick(now, e.sender.claimant)
	if !e.server.server.IsZero() {
		e.rooms.apply(nil, e.server.now(now))
	}
	e.rooms.tick(now)
	return max(0, e.untilNext(now))
}

// mayConnect reports whether the client may begin an attempt to connect.
func (e *engine) mayConnect() bool {
	return e.links.current == nil && !e.connection.waits() && e.identity.guest != ""
}

// untilNext returns the time until tick must run again: until the next message expires, the client must send a message
// again, it may connect again or the like, but tickAtLeast at most.
func (e *engine) untilNext(now clock.Moment) time.Duration {
	wait := min(tickAtLeast, e.connection.untilShown(now))
	if e.sender.persister.Ready() {
		wait = min(wait, e.sender.outbox.Wait(now))
	}
	wait = min(wait, e.sender.acts.wait(now), e.sender.typing.wait(now))
	if e.mayConnect() {
		wait = min(wait, e.retry.Due(now))
	}
	if next := e.rooms.nextExpiry(); !next.IsZero() && !e.server.server.IsZero() {
		wait = min(wait, next.Sub(e.server.now(now)))
	}
	return wait
}

// handle handles one event of a link. It ignores the events of a link that the client has given up.
func (e *engine) handle(ev event) {
	now := e.clock()
	// Before the event counts as a sign of life, check whether the link has been silent for too long. If the device slept,
	// the event may have waited for a long time, and the link may be dead by now.
	if e.links.silent(now) {
		e.lost(errSilent)
	}
	l := e.links.current
	switch {
	case ev.link == e.links.probe:
		e.onProbe(ev, now)
	case ev.link != l:
	case ev.err != nil:
		e.lost(ev.err)
	case ev.credentials != nil:
		e.onCredentials(*ev.credentials, now)
	case ev.conn != nil:
		l.conn, l.greeted, l.lastFrame = ev.conn, now, now
		e.links.write(e.hello(l))
		e.rooms.greeted()
	default:
		l.lastFrame, e.connection.asked = now, nil
		for _, f := range frames(ev.message) {
			e.frame(f, now)
			if e.links.current != l {
				return
			}
		}
	}
}

// enter shows the room called name, and joins it if it is not joined yet. It leaves the room that was shown before, unless
// that is one of the rooms that the user is in (Client.SetRooms).
func (e *engine) enter(name string) {
	if name == e.rooms.shown.Name {
		return
	}
	e.sender.leave(e.clock())
	leave, join := e.rooms.show(name, e.identity.me)
	if leave != "" {
		e.links.write(wire.Leave{Room: leave})
	}
	e.sender.drafts.Enter(name, e.clock())
	e.sender.showEntries()
	e.sender.persister.Want()
	if join {
		e.rooms.join()
	}
}

// onNetwork runs when the device says whether it has a network (up). When a network has come back, the client replaces or
// tests its connection at once. When the device says that it has no network, it may be wrong. So if there is a connection
// and a room is shown, the client asks the server for an answer, and gives up the connection only if no answer comes.
func (e *engine) onNetwork(up bool) {
	now := e.clock()
	if up && e.connection.noNetwork {
		e.networkChanged(now)
	}
	if up {
		e.retry.Hurry(now)
	}
	e.connection.noNetwork, e.connection.asked = !up, nil
	if !up && e.links.welcomed() && e.rooms.shown.Name != "" {
		e.rooms.join() // asks the server for an answer: the server answers each join, even of a joined room
		e.connection.asked = &now
	}
}
