// Package room holds one room of the client as a value: the messages that the server has, in its order, and the user's own
// entries behind them. Apply returns the room after one frame, so that any number of rooms can be joined at once and each
// counts for itself. No I/O and no clock: the server's time is a parameter. Files from the top down: room, entries, message.
package room

import (
	"slices"
	"time"

	"mayfly/app/client/outbox"
	"mayfly/shared/wire"
)

// Room is one room. It is a value: a copy stays as it is. Nothing changes Messages in place (copy on write).
type Room struct {
	Name     string         // "" if none
	Joined   bool           // the messages are the room's; before that they are what is left from the last connection
	Refused  outbox.Problem // why the room can't be joined
	TTL      time.Duration
	Messages []Message // in the server's order; entries stand at the end
	Head     int64     // the highest Seq when the room was joined: only a message above it has just been posted

	me     wire.User   // zero until the first welcome
	cursor wire.Cursor // Epoch "": nothing of the room is known yet
}

// New returns a room of which nothing is known yet. me is the user, zero before the first welcome.
func New(name string, me wire.User) Room { return Room{Name: name, me: me} }

// Apply returns r after one frame at now, the server's time, and without what has expired. Frames of other rooms don't
// change it.
func (r Room) Apply(f wire.Frame, now time.Time) Room {
	switch f := f.(type) {
	case wire.Welcome:
		r.markMine(f.User)
		r.me = f.User
	case wire.Authed:
		r.me = f.User
	case wire.Joined:
		if f.Room == r.Name {
			r.joined(f)
		}
	case wire.Posted:
		if f.Room == r.Name && r.Joined && f.Seq > r.cursor.Seq {
			r.cursor.Seq = f.Seq
			r.Messages = place(copied(r.Messages), r.message(f.Message))
		}
	case wire.Removed:
		if f.Room == r.Name && r.Joined {
			r.removed(f.Seqs)
		}
	case wire.Accepted:
		if f.Room == r.Name {
			r.accepted(f)
		}
	case wire.Refused:
		r.refused(f)
	}
	return r.Prune(now)
}

// Prune returns r without the messages that have expired at now, the server's time.
func (r Room) Prune(now time.Time) Room {
	r.Messages = without(r.Messages, func(m *Message) bool { return m.Seq != 0 && !now.Before(m.Expires) })
	return r
}

// NextExpiry returns when the first message expires, zero if there is none.
func (r *Room) NextExpiry() time.Time {
	var first time.Time
	for i := range r.Messages {
		if m := &r.Messages[i]; m.Seq != 0 && (first.IsZero() || m.Expires.Before(first)) {
			first = m.Expires
		}
	}
	return first
}

// Join returns the frame that joins the room, after its cursor if it was joined before.
func (r *Room) Join() wire.Join {
	j := wire.Join{Room: r.Name}
	if cursor := r.cursor; cursor.Epoch != "" {
		j.Cursor = &cursor
	}
	return j
}

// Misses reports whether r lacks messages of a room that has that head: frames got lost.
func (r *Room) Misses(head int64) bool { return r.Joined && head > r.cursor.Seq }

// ForgetUser makes r the room of a user whom the server has yet to name. Messages stay the user's own until then.
func (r *Room) ForgetUser() { r.me = wire.User{} }

// markMine sets Mine on exactly the messages of me and on the entries.
func (r *Room) markMine(me wire.User) {
	if me.ID != r.me.ID {
		r.Messages = copied(r.Messages)
		for i := range r.Messages {
			m := &r.Messages[i]
			m.Mine = m.Seq == 0 || m.User.ID == me.ID
			if m.Seq == 0 && m.User.ID == "" { // written before the server said which user this is
				m.User = me
			}
		}
	}
}

// joined takes the snapshot: added to the messages if it resumes, otherwise in the place of those of the same
// epoch. Messages of another epoch stay until they expire: the server forgot them, the reader need not.
func (r *Room) joined(f wire.Joined) {
	sameEpoch := f.Epoch == r.cursor.Epoch
	have := copied(r.Messages)
	if sameEpoch && !f.Resumed {
		listed := make(map[int64]bool, len(f.Messages))
		for _, m := range f.Messages {
			listed[m.Seq] = true
		}
		have = without(have, func(m *Message) bool { return m.Seq != 0 && m.epoch == f.Epoch && !listed[m.Seq] })
	}
	if !sameEpoch {
		r.cursor = wire.Cursor{Epoch: f.Epoch}
	}
	r.cursor.Seq = max(r.cursor.Seq, f.Head)
	r.Head = r.cursor.Seq
	r.Joined, r.Refused, r.TTL = true, outbox.Problem{}, time.Duration(f.TTL)*time.Millisecond
	for _, m := range f.Messages {
		have = place(have, r.message(m))
	}
	r.Messages = have
	r.removed(f.Removed)
}

// removed removes the messages of the present epoch that have these seqs.
func (r *Room) removed(seqs []int64) {
	if len(seqs) > 0 {
		epoch := r.cursor.Epoch
		r.Messages = without(r.Messages, func(m *Message) bool { return m.epoch == epoch && slices.Contains(seqs, m.Seq) })
	}
}

// accepted shows the user's entry as sent, in its place. The cursor stays: messages of others before it may be yet to
// come.
func (r *Room) accepted(f wire.Accepted) {
	i := r.entryAt(f.ID)
	if i < 0 { // posted came first, or it was in the snapshot
		return
	}
	m := r.Messages[i]
	m.Seq, m.At, m.Expires, m.epoch = f.Seq, time.UnixMilli(f.At), time.UnixMilli(f.Expires), r.cursor.Epoch
	m.User, m.State, m.Reason = r.me, outbox.Sent, outbox.Problem{}
	r.Messages = place(copied(r.Messages), m)
}

// refused notes why the room can't be joined. The outbox decides what becomes of a refused post.
func (r *Room) refused(f wire.Refused) {
	if (f.Re == "hello" || f.Re == "join") && f.Room == r.Name && f.Code == wire.CodeRoom {
		r.Joined, r.Refused = false, outbox.RefusalOf(f)
	}
}

// message returns m, of the present epoch, as it is shown.
func (r *Room) message(m wire.Message) Message {
	return Message{
		Key: m.User.ID + "/" + m.ID, Seq: m.Seq, User: m.User, Text: m.Text, At: time.UnixMilli(m.At),
		Expires: time.UnixMilli(m.Expires), Mine: m.User.ID == r.me.ID, id: m.ID, epoch: r.cursor.Epoch,
	}
}
