// Package room holds one room of the client as a value: the messages that the server has, in the server's order, and
// after them the user's own entries. Apply returns the room as it is after one frame, so the client can join any number
// of rooms, and the frames of one room do not change another. The package has no I/O and no clock: the server's time is
// a parameter. Files from the top down: room, apply (what each frame changes), entries, message.
package room

import (
	"time"

	"mayfly/app/client/outbox"
	"mayfly/shared/wire"
)

// Room is one room. It is a value: a copy stays as it is when the original changes, because nothing changes Messages in
// place (copy on write).
type Room struct {
	Name string // "" if no room is shown
	// the room is joined on this connection; until then, Messages holds what earlier connections brought
	Joined   bool
	Refused  outbox.Problem // why the room can't be joined
	TTL      time.Duration  // how long a message of the room lives
	Messages []Message      // in the server's order; the user's entries stand at the end
	Head     int64          // the highest Seq when the room was joined: a message with a higher Seq was posted later

	me     wire.User   // the user; zero until the first welcome
	cursor wire.Cursor // r has all messages up to here; Epoch is "" until the room is first joined
}

// New returns a room of which the client knows nothing yet. me is the user, zero before the first welcome.
func New(name string, me wire.User) Room { return Room{Name: name, me: me} }

// Prune returns r without the messages that have expired at now, the server's time.
func (r Room) Prune(now time.Time) Room {
	r.Messages = without(r.Messages, func(m *Message) bool { return m.Seq != 0 && !now.Before(m.Expires) })
	return r
}

// NextExpiry returns when the next message expires, the zero time if there is no message that does.
func (r *Room) NextExpiry() time.Time {
	var first time.Time
	for i := range r.Messages {
		if m := &r.Messages[i]; m.Seq != 0 && (first.IsZero() || m.Expires.Before(first)) {
			first = m.Expires
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

// Misses reports whether r lacks messages because frames got lost. head is the highest seq of the room on the server.
func (r *Room) Misses(head int64) bool { return r.Joined && head > r.cursor.Seq }

// ForgetUser forgets the user. The next welcome of the server names another. Until then, Mine stays set on the old user's
// messages.
func (r *Room) ForgetUser() { r.me = wire.User{} }
