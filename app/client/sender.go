package client

import (
	"time"

	"mayfly/app/client/outbox"
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// A sender holds what the user has written, and sends it: to the room that is shown, and to other rooms, which the client
// joins only while entries or acts wait for them.
type sender struct {
	identity  *identity         // static
	links     *links            // static
	rooms     *rooms            // static
	persister *outbox.Persister // static

	outbox outbox.Outbox
	drafts outbox.Drafts
	acts   acts
	typing typing
	notice Notice // the last refusal of something that the user did; N is 0 if there was none
}

// send puts an entry, which the present user has just composed, into the outbox, and shows it (optimistic update).
func (s *sender) send(e outbox.Entry, now clock.Moment) {
	shown := &s.rooms.shown
	e.Author, e.Owner, e.TTL = s.identity.me.ID, s.identity.owner(), shown.TTL
	s.outbox.Add(e, now)
	s.typing.onSend()
	if e.Room == shown.Name {
		shown.AddEntry(&e)
	}
}

// resend makes the client send an entry once more. key is the Key of the message that shows the entry in the room that is
// shown. resend reports whether there is such an entry.
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

// remove deletes the entry that is shown under key. If key belongs to a message that the server has, remove takes the
// message back.
func (s *sender) remove(key string, now clock.Moment) {
	if _, ok := s.rooms.shown.Entry(key); ok {
		s.discard(key)
	} else {
		s.acts.remove(key, now)
	}
}

// leave runs before the client leaves the room that is shown. It sends the removals at once, because the user can undo
// them only in that room, and tells the room that the user no longer types.
func (s *sender) leave(now clock.Moment) {
	s.acts.flush(now)
	s.acts.tick(now)
	if s.typing.leave() {
		s.tell(false)
	}
}

// tell tells the room that is shown whether the user types.
func (s *sender) tell(types bool) {
	f := wire.Typing{Room: s.rooms.shown.Name}
	if !types {
		f.On = &types
	}
	s.links.write(f)
}

// disconnected runs when a connection has ended. Everything that was sent and has no answer is sent again on the next
// connection.
func (s *sender) disconnected() {
	s.outbox.Disconnected()
	s.acts.disconnected()
	s.typing.disconnected()
	s.identity.nickname.disconnected()
}

// notify makes the page say why the server has refused what the user did.
func (s *sender) notify(f wire.Refused) {
	s.notice = Notice{N: s.notice.N + 1, Re: f.Re, Problem: Problem{Code: Code(f.Code), Message: f.Message}}
}

// onMessage runs for each message that the server brings. If the message was an entry of the user, onMessage removes
// that entry from the outbox.
func (s *sender) onMessage(room string, m wire.Message) {
	if m.User.ID == s.identity.me.ID {
		s.outbox.Drop(room, m.ID)
	}
}

// onRefused runs when the server has refused a post. A reply to a message that is gone becomes a draft.
func (s *sender) onRefused(f wire.Refused, retry time.Duration, now clock.Moment) {
	if f.Code == wire.CodeGone {
		if e, ok := s.outbox.TakeReply(f.Room, f.ID); ok {
			s.drafts.Gone(e.Room, e.Text, now)
			s.showEntries()
			return
		}
	}
	s.outbox.Refuse(f, retry, now)
}

// tick turns entries that could not be sent in time into drafts, and sends the entries that are due. It also sends the
// user's acts, a guest's new name, and signs of typing.
func (s *sender) tick(now clock.Moment) {
	if s.persister.Ready() {
		s.lapse(now)
		s.flush(now)
	}
	s.drafts.Forget(now)
	s.acts.tick(now)
	if !s.links.welcomed() || !s.identity.rules.takesActs() {
		return
	}
	if f, send := s.identity.nickname.next(); send {
		s.links.write(f)
	}
	if s.rooms.shown.Joined && s.identity.mayPost {
		if tell, types := s.typing.next(now); tell {
			s.tell(types)
		}
	}
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

// flush sends the entries whose rooms are joined. It joins other rooms for which entries or acts wait, and leaves them
// when nothing waits for them any more.
func (s *sender) flush(now clock.Moment) {
	if !s.links.welcomed() {
		return
	}
	s.post(&s.rooms.shown, now)
	waiting := s.outbox.RoomsBut(s.rooms.shown.Name)
	s.acts.roomsBut(s.rooms.shown.Name, waiting)
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
		s.links.write(postTo(&r.Room, &e))
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

// beginAs makes the client the guest whose secret is guest, or a new guest if guest is "". It does nothing if the client
// has a guest's secret already. Entries without an owner then belong to the client's guest.
func (s *sender) beginAs(guest string) {
	s.identity.beginAs(guest)
	s.outbox.AssignOwner(s.identity.owner())
}
