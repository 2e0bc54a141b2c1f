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
		r.me, r.user = f.User, f.User.ID
	case wire.Authed:
		r.me = f.User
		r.rename(f.User)
	case wire.Joined:
		if f.Room == r.Name {
			r.joined(f, now)
		}
	case wire.Posted:
		if r.isNew(f.Room, f.Seq) {
			r.posted(f)
		}
	case wire.Removed: // a removed without a seq is no event: it tells of an expiry, or answers a repeat
		if f.Seq == 0 && f.Room == r.Name && r.Joined || f.Seq != 0 && r.isNew(f.Room, f.Seq) {
			r.removed(f.Seqs, now)
		}
	case wire.Reacted: // a reacted without a seq answers a repeat: r has the reaction, or will get its event
		if f.Seq != 0 && r.isNew(f.Room, f.Seq) {
			r.learn([]wire.User{f.User})
			r.reacted(f)
		}
	case wire.Presence, wire.People, wire.Typing:
		r.company(f, now)
	case wire.Accepted:
		if f.Room == r.Name {
			r.accepted(f)
		}
	case wire.Refused:
		r.refused(f)
	}
	return r.Prune(now)
}

// isNew reports whether the event with that seq in that room is new to r. If so, it moves the cursor to seq.
func (r *Room) isNew(room string, seq int64) bool {
	if room != r.Name || !r.Joined || seq <= r.cursor.Seq {
		return false
	}
	r.cursor.Seq = seq
	return true
}

// posted adds a message.
func (r *Room) posted(f wire.Posted) {
	r.learn([]wire.User{f.User})
	r.endTyping(f.User.ID)
	r.Messages = place(copied(r.Messages), r.message(f.Message))
	r.showActs(r.acts)
}

// company applies a frame that tells who is in the room, or who types there.
func (r *Room) company(f wire.Frame, now time.Time) {
	switch f := f.(type) {
	case wire.Presence:
		if f.Room == r.Name && r.Joined {
			r.presence(f)
		}
	case wire.People:
		if f.Room == r.Name && r.Joined {
			r.people(f)
		}
	case wire.Typing:
		if f.Room == r.Name && r.Joined {
			r.typing(f, now)
		}
	}
}

// joined applies f, a snapshot of the room:
//   - If f resumes, its messages are added to those that r has.
//   - Otherwise they replace r's messages of the same epoch. Messages of another epoch stay until they expire: the server
//     has lost them, but the user may still read them.
//
// Head stays if r was joined all the time, and f only brings what got lost on the way.
func (r *Room) joined(f wire.Joined, now time.Time) {
	sameEpoch := f.Epoch == r.cursor.Epoch
	stays := r.Joined && sameEpoch && f.Resumed
	if !sameEpoch {
		r.forgetActs()
		r.cursor = wire.Cursor{Epoch: f.Epoch}
	}
	if sameEpoch && !f.Resumed {
		listed := make(map[int64]bool, len(f.Messages))
		for _, m := range f.Messages {
			listed[m.Seq] = true
		}
		lost := func(m *Message) bool { return m.Seq != 0 && m.epoch == f.Epoch && !listed[m.Seq] }
		r.takeBack(lost, now) // a message that is not listed was taken back, or has expired
	}
	have := r.Messages
	r.cursor.Seq = max(r.cursor.Seq, f.Head)
	if !stays {
		r.Head = r.cursor.Seq
	}
	r.Company.joined(f, r.Joined)
	r.Joined, r.Refused, r.TTL = true, outbox.Problem{}, time.Duration(f.TTL)*time.Millisecond
	if len(f.Messages) > 0 {
		have = copied(have)
	}
	for _, m := range f.Messages {
		have = place(have, r.withUnmade(r.message(m)))
	}
	r.Messages = have
	r.setReactions(f.Reacted)
	r.removed(f.Removed, now)
	r.showActs(r.acts)
}

// removed removes the messages of the present epoch that have these seqs.
func (r *Room) removed(seqs []int64, now time.Time) {
	if len(seqs) > 0 {
		epoch := r.cursor.Epoch
		r.takeBack(func(m *Message) bool { return m.epoch == epoch && slices.Contains(seqs, m.Seq) }, now)
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
	shown := Message{
		Key: m.User.ID + "/" + m.ID, Seq: m.Seq, User: m.User, Text: m.Text, At: time.UnixMilli(m.At),
		Expires: time.UnixMilli(m.Expires), Mine: m.User.ID == r.me.ID, id: m.ID, epoch: r.cursor.Epoch,
	}
	d := outbox.Details{ReplyTo: m.ReplyTo, ReplyEpoch: r.cursor.Epoch, Mentions: m.Mentions}
	if life := shown.Expires.Sub(shown.At); life < r.TTL {
		d.Life = life
	}
	if d.None() && len(m.Reactions) == 0 {
		return shown
	}
	shown.Extras = &Extras{Details: d, ForMe: !shown.Mine && slices.Contains(m.Mentions, r.me.ID)}
	return r.withGiven(shown, reactions(m.Reactions, r.me.ID))
}
