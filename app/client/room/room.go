// Package room holds one room of the client as a value: the messages that the server has, in the server's order, and after
// them the user's own entries; who is in the room; and the user's acts that the server has not confirmed yet. Apply returns
// the room as it is after one frame. So the client can join any number of rooms, and the frames of one room do not change
// another room. The package has no I/O and no clock: the server's time is a parameter.
//
// Files, from the top down. A file refers only to files below it:
//   - frames: what each frame changes
//   - entries, read, tags: the user's entries, which messages are unread, and users who have the same name
//   - room: the type Room
//   - order, timeline, company: what moderators have set, the messages, and the users
//   - message, reactions: one message
package room

import (
	"time"

	"mayfly/app/client/outbox"
	"mayfly/shared/wire"
)

// Room is one room. It is a value: a copy stays as it is when the original changes, because nothing changes its lists in
// place (copy on write).
type Room struct {
	Name string // "" if no room is shown
	// the room is joined on the present connection; if false, Messages still contains what an earlier connection brought
	Joined  bool
	Refused outbox.Problem // why the server does not let the user into the room; zero: no such refusal
	TTL     time.Duration  // how long a message of the room lives; 0 until the room is first joined
	Head    int64          // the highest seq when the room was joined or shown: a message with a higher Seq was posted later
	Newest  time.Time      // when the newest message of the room was posted, also if it is gone; zero if there was none
	Read    wire.Cursor    // the user has read all messages up to here; see Unread
	Order                  // what moderators have set
	timeline
	Company
}

// New returns a room of which the client knows nothing yet. me is the user, zero before the first welcome.
func New(name string, me wire.User) Room {
	return Room{Name: name, timeline: timeline{me: me}, Company: Company{user: me.ID}}
}

// Prune returns r without the messages that have expired at now, the server's time, and without the users who have
// stopped typing.
func (r Room) Prune(now time.Time) Room {
	r.drop(func(m *Message) bool { return m.Seq != 0 && !now.Before(m.Expires) })
	r.keepTyping(func(t Typist) bool { return now.Before(t.until) })
	return r
}

// NextExpiry returns the next time at which a shown message expires or a user no longer counts as typing. It returns the
// zero time if nobody types and no message from the server is shown.
func (r *Room) NextExpiry() time.Time {
	var first time.Time
	for i := range r.Messages {
		if m := &r.Messages[i]; m.Seq != 0 && (first.IsZero() || m.Expires.Before(first)) {
			first = m.Expires
		}
	}
	for i := range r.Typing {
		if t := &r.Typing[i]; first.IsZero() || t.until.Before(first) {
			first = t.until
		}
	}
	return first
}

// Join returns the frame that joins the room. If r was joined before, the frame has r's cursor, so that the server
// sends only what r missed.
func (r *Room) Join() wire.Join {
	j := wire.Join{Room: r.Name}
	if cursor := r.cursor; cursor.Epoch != "" {
		j.Cursor = &cursor
	}
	return j
}

// Misses reports whether r lacks events, because frames with them got lost on the way. head is the seq of the last event of
// the room, as the server says.
func (r *Room) Misses(head int64) bool { return r.Joined && head > r.cursor.Seq }

// ForgetUser runs when another user signs in: it forgets the old user. The next welcome names the new user, and then Mine is
// set anew. Until then, Mine is still set on the old user's messages.
func (r *Room) ForgetUser() { r.me = wire.User{} }
