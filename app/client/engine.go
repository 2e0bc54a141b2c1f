package client

import (
	"mayfly/app/client/outbox"
	"mayfly/app/client/room"
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// An engine is the state of a client. Only the loop (Client.Run) touches it, except for clock, which any goroutine may
// call. The files loop, probe, dispatch, reconnect and signin have the methods that handle what happens.
type engine struct {
	clock    clock.Clock   // static
	name     string        // static; Config.Client: name and version of the program, sent in each hello
	protocol protocolCheck // static

	identity   identity
	links      links
	connection connection
	fallback   fallback
	retry      retry
	server     serverClock
	rooms      rooms
	sender     sender
}

// newEngine returns the engine of a client whose loop runs the work in m.
func newEngine(c Config, m *mailbox) *engine {
	e := &engine{
		clock: clock.New(), name: c.Client, retry: newRetry(),
		identity: identity{keepGuest: c.KeepGuest, guest: c.Guest, nickname: nickname{keep: c.KeepName, name: c.Name}},
		links:    links{dial: c.Dial, polls: c.Polls, tokens: c.Tokens, work: &m.work, events: make(chan event, 64)},
	}
	e.protocol = protocolCheck{ask: c.Protocol, mailbox: m, links: &e.links, connection: &e.connection}
	e.rooms = newRooms(&e.links, room.New(c.Room, wire.User{}))
	s := &e.sender
	s.identity, s.links, s.rooms = &e.identity, &e.links, &e.rooms
	s.acts = acts{identity: s.identity, links: s.links, rooms: s.rooms, server: &e.server}
	s.typing.soon = true
	s.persister = outbox.NewPersister(outbox.Config{
		Device: c.Device, Clock: func() clock.Moment { return e.clock() }, Entries: &s.outbox, Drafts: &s.drafts,
		Go: m.work.Go, Do: m.do, OnAdopt: s.onAdopt,
	})
	return e
}

// view returns the view of the present state. previous is the last published view. If the messages have changed since
// previous, view gives them new tags, by which the page distinguishes users with the same name (room.SetTags).
func (e *engine) view(previous *View) View {
	r := &e.rooms.shown
	if !sameList(r.Messages, previous.Messages) {
		r.SetTags()
	}
	v := View{
		Status: e.connection.status(e.links.welcomed()), Ended: e.connection.ended, Outdated: e.connection.outdated,
		Me: e.identity.me, MayPost: e.identity.mayPost, Rules: e.identity.rules,
		Room: r.Name, Joined: r.Joined, Refused: r.Refused, TTL: r.TTL, Messages: r.Messages, Head: r.Head,
		Order: r.Order, Company: r.Company, Rooms: e.rooms.news(), Undo: e.sender.acts.undo, Notice: e.sender.notice,
		Returned: e.sender.returned(r.Name), Unsent: e.sender.outbox.Len(),
	}
	if e.links.current == nil && !e.connection.waits() {
		v.NextTry = e.retry.At()
	}
	return v
}

// close ends the current link and the probe. From then on no room counts as joined. On its next connection, the client
// repeats the entries that the server has not answered.
func (e *engine) close(now clock.Moment) {
	l := e.links.current
	e.connection.onClose(l != nil && l.welcomed, now)
	if l != nil && l.welcomed && now.Since(l.since) >= stableAfter {
		e.retry.stable()
		e.identity.renewals = 0
	}
	e.links.hangUp()
	e.sender.disconnected()
	e.rooms.shown.Joined = false
	e.rooms.forgetLink()
}
