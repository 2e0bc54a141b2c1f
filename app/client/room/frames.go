package room

import (
	"slices"
	"time"

	"mayfly/app/client/outbox"
	"mayfly/shared/wire"
)

// Apply returns r as it is after the frame f, and without the messages that have expired at now, the server's time. A
// frame of another room does not change r.
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

// markMine sets Mine on the messages of me and on the entries, and clears it on all other messages.
func (r *Room) markMine(me wire.User) {
	if me.ID != r.me.ID {
		r.Messages = copied(r.Messages)
		for i := range r.Messages {
			m := &r.Messages[i]
			m.Mine = m.Seq == 0 || m.User.ID == me.ID
			if m.Seq == 0 && m.User.ID == "" { // the user wrote it before the server named the user
				m.User = me
			}
		}
	}
}

// joined applies f, a snapshot of the room. If f resumes (Resumed), joined adds its messages to those that r has.
// Otherwise they replace r's messages of the same epoch. Messages of another epoch stay until they expire: the server has
// lost them, but the user may still read them.
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

// accepted shows the user's entry as sent, at its place by seq. It does not move the cursor, because messages of other
// users with lower seqs may still be on their way.
func (r *Room) accepted(f wire.Accepted) {
	i := r.entryAt(f.ID)
	if i < 0 { // the message came already, in posted or joined
		return
	}
	m := r.Messages[i]
	m.Seq, m.At, m.Expires, m.epoch = f.Seq, time.UnixMilli(f.At), time.UnixMilli(f.Expires), r.cursor.Epoch
	m.User, m.State, m.Reason = r.me, outbox.Sent, outbox.Problem{}
	r.Messages = place(copied(r.Messages), m)
}

// refused stores why the room can't be joined. A refused post does not matter here: the outbox handles it.
func (r *Room) refused(f wire.Refused) {
	if (f.Re == "hello" || f.Re == "join") && f.Room == r.Name && f.Code == wire.CodeRoom {
		r.Joined, r.Refused = false, outbox.RefusalOf(f)
	}
}

// message returns the Message that shows m, a message of the present epoch.
func (r *Room) message(m wire.Message) Message {
	return Message{
		Key: m.User.ID + "/" + m.ID, Seq: m.Seq, User: m.User, Text: m.Text, At: time.UnixMilli(m.At),
		Expires: time.UnixMilli(m.Expires), Mine: m.User.ID == r.me.ID, id: m.ID, epoch: r.cursor.Epoch,
	}
}
