package client

import (
	"time"

	"mayfly/app/client/outbox"
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// A sender contains everything that the user has written or done and that the server has not accepted, and sends it. Most
// of that is for the room that is shown. A room that is not shown, and that the user is not in, is joined only while
// entries or acts wait for it.
type sender struct {
	identity  *identity         // static
	links     *links            // static
	rooms     *rooms            // static
	persister *outbox.Persister // static

	outbox outbox.Outbox
	drafts outbox.Drafts
	acts   acts
	typing typing
	notice Notice // why the server last refused an act or a new name of the user; N is 0 if it has refused none
}

// send puts e, which the user has just composed, into the outbox. If the room of e is still shown, send also shows e at once
// (optimistic update).
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
// that shows the entry. discard does nothing if there is no such entry, or if the server has accepted the entry.
func (s *sender) discard(key string) {
	shown := &s.rooms.shown
	if id, ok := shown.Entry(key); ok {
		s.outbox.Drop(shown.Name, id)
		shown.RemoveEntry(id)
	}
}

// remove removes the message with that Key from the room that is shown. If the message is an entry, remove deletes it.
// Otherwise the server has the message, and remove takes it back.
func (s *sender) remove(key string, now clock.Moment) {
	if _, ok := s.rooms.shown.Entry(key); ok {
		s.discard(key)
	} else {
		s.acts.remove(key, now)
	}
}

// leave runs before the client leaves the room that is shown. Removals that the user could still undo are not sent yet:
// leave sends them now, because the user can't undo them from another room. It also tells the room that the user no longer
// types.
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

// disconnected runs when a connection has ended. It marks everything that was sent and not answered as unsent, so that the
// client sends it again on the next connection.
func (s *sender) disconnected() {
	s.outbox.Disconnected()
	s.acts.disconnected()
	s.typing.disconnected()
	s.identity.nickname.disconnected()
}

// notify makes the page say why the server has refused an act or a new name of the user. f is that refusal.
func (s *sender) notify(f wire.Refused) {
	s.notice = Notice{N: s.notice.N + 1, Re: f.Re, Problem: Problem{Code: outbox.CodeOf(&f), Message: f.Message}}
}

// onMessage runs for each message that the server sends. If the user wrote m, the server has accepted the entry with the id
// of m, so onMessage removes that entry from the outbox, if it is still there.
func (s *sender) onMessage(room string, m wire.Message) {
	if m.User.ID == s.identity.me.ID {
		s.outbox.Drop(room, m.ID)
	}
}

// onRefused runs when the server has refused a post. retry is how long the server asks the client to wait before it sends
// the entry again. A reply to a message that is gone is not sent again: it becomes a draft.
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

// flush sends the entries whose rooms are joined. If entries or acts wait for another room, flush joins that room. When
// nothing waits for the room any more, flush leaves it, unless the user is in it.
func (s *sender) flush(now clock.Moment) {
	if !s.links.welcomed() {
		return
	}
	s.post(&s.rooms.shown, now)
	waiting := s.outbox.RoomsBut(s.rooms.shown.Name)
	s.acts.roomsBut(s.rooms.shown.Name, waiting)
	for name := range s.rooms.background {
		if !waiting[name] && !s.rooms.isIn(name) {
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

// showEntries shows exactly those entries that the outbox contains for the room that is shown.
func (s *sender) showEntries() {
	s.rooms.shown.SetEntries(s.outbox.In(s.rooms.shown.Name))
}

// returned returns the drafts that the page must add to the composer in that room.
func (s *sender) returned(room string) outbox.Returned {
	return outbox.Returned{Drafts: s.drafts.Returned(room), Restored: s.persister.Restored(room)}
}

// claimant returns the user and the room for which the persister adopts what closed tabs left: the present user, and the
// room that is shown.
func (s *sender) claimant(now clock.Moment) outbox.Claimant {
	return outbox.Claimant{
		Owner: s.identity.owner(), Guest: s.identity.guest, Me: s.identity.me.ID, Room: s.rooms.shown.Name, Now: now,
	}
}

// onAdopt runs when an adoption has ended. guest is the secret of this client's guest. If the client had no guest, guest is
// the secret of the guest whose entries were adopted, or "" if no guest's entries were adopted. adopted is false if the
// device failed.
func (s *sender) onAdopt(guest string, adopted bool) {
	s.beginAs(guest)
	if adopted {
		s.outbox.AssignOwner(s.identity.owner())
		s.showEntries()
	}
}

// beginAs makes the client the guest whose secret is guest, or a new guest if guest is "". If the client has a guest's
// secret already, that secret stays. Entries without an owner then get the present user as their owner, if the user is
// known.
func (s *sender) beginAs(guest string) {
	s.identity.beginAs(guest)
	s.outbox.AssignOwner(s.identity.owner())
}
