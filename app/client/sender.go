package client

import (
	"mayfly/app/client/outbox"
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// A sender holds what the user has written, and sends it to its rooms: to the room that is shown, and to other rooms,
// which the client joins only while entries wait for them.
type sender struct {
	identity  *identity         // static
	links     *links            // static
	rooms     *rooms            // static
	persister *outbox.Persister // static

	outbox outbox.Outbox
	drafts outbox.Drafts
}

// send puts the post into the outbox as an entry, and shows it (optimistic update).
func (s *sender) send(p wire.Post, now clock.Moment) {
	shown := &s.rooms.shown
	e := outbox.Entry{
		ID: p.ID, Room: p.Room, Text: p.Text, Author: s.identity.me.ID, Owner: s.identity.owner(), TTL: shown.TTL,
	}
	s.outbox.Add(e, now)
	if p.Room == shown.Name {
		shown.AddEntry(&e)
	}
}

// resend makes the client send an entry of the room that is shown again. key is the Key of the message that shows it.
// resend reports whether there is such an entry.
func (s *sender) resend(key string, now clock.Moment) bool {
	id, ok := s.rooms.shown.Entry(key)
	if ok {
		s.outbox.Resend(s.rooms.shown.Name, id, now)
	}
	return ok
}

// discard deletes an entry of the room that is shown, from the outbox and from the screen. key is the Key of the message
// that shows it. If there is no such entry, or if the server has accepted it, discard does nothing.
func (s *sender) discard(key string) {
	shown := &s.rooms.shown
	if id, ok := shown.Entry(key); ok {
		s.outbox.Drop(shown.Name, id)
		shown.RemoveEntry(id)
	}
}

// onMessage runs for each message that the server brings. If the message was an entry of the user, onMessage removes
// that entry from the outbox.
func (s *sender) onMessage(room string, m wire.Message) {
	if m.User.ID == s.identity.me.ID {
		s.outbox.Drop(room, m.ID)
	}
}

// tick turns entries that could not be sent in time into drafts, and sends the entries that are due.
func (s *sender) tick(now clock.Moment) {
	if s.persister.Ready() {
		s.lapse(now)
		s.flush(now)
	}
	s.drafts.Forget(now)
}

func (s *sender) lapse(now clock.Moment) {
	lapsed := s.outbox.Lapse(now)
	for _, e := range lapsed {
		s.drafts.Lapse(e.Room, e.Text, now)
	}
	if len(lapsed) > 0 {
		s.showEntries()
	}
}

// flush sends the entries whose rooms are joined, joins rooms for which entries wait, and leaves such rooms when no
// entry waits any more.
func (s *sender) flush(now clock.Moment) {
	if !s.links.welcomed() {
		return
	}
	s.post(&s.rooms.shown, now)
	waiting := s.outbox.RoomsBut(s.rooms.shown.Name)
	for name := range s.rooms.background {
		if !waiting[name] {
			s.links.write(wire.Leave{Room: name})
			delete(s.rooms.background, name)
		}
	}
	for name := range waiting {
		r, join := s.rooms.enterBackground(name, s.identity.me, now)
		if join {
			s.links.write(r.Join())
		} else if r != nil {
			s.post(r, now)
		}
	}
}

// post sends the entries that are due for r, if r is joined.
func (s *sender) post(r *joinedRoom, now clock.Moment) {
	if !r.Joined {
		return
	}
	for _, e := range s.outbox.Due(r.Name, s.identity.me.ID, s.identity.owner(), r.TTL, now) {
		s.links.write(wire.Post{ID: e.ID, Room: e.Room, Text: e.Text})
	}
}

// showEntries gives the room that is shown the entries that the outbox has for it.
func (s *sender) showEntries() {
	s.rooms.shown.SetEntries(s.outbox.In(s.rooms.shown.Name))
}

// returned returns the drafts that the page must add to the composer in that room.
func (s *sender) returned(room string) outbox.Returned {
	return outbox.Returned{Drafts: s.drafts.Returned(room), Restored: s.persister.Restored(room)}
}

// claimant returns the user for whom the persister adopts what closed tabs left.
func (s *sender) claimant(now clock.Moment) outbox.Claimant {
	return outbox.Claimant{
		Owner: s.identity.owner(), Guest: s.identity.guest, Me: s.identity.me.ID, Room: s.rooms.shown.Name, Now: now,
	}
}

// onAdopt runs when an adoption has ended. guest is the secret of the guest whose entries were adopted, "" if there is
// none. adopted is false if the device failed.
func (s *sender) onAdopt(guest string, adopted bool) {
	s.beginAs(guest)
	if adopted {
		s.outbox.AssignOwner(s.identity.owner())
		s.showEntries()
	}
}

// beginAs makes the client the guest with the secret guest, unless it has the secret of a guest already. Entries
// without an owner then belong to that guest.
func (s *sender) beginAs(guest string) {
	s.identity.beginAs(guest)
	s.outbox.AssignOwner(s.identity.owner())
}
