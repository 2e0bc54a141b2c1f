package room

import (
	"slices"
	"time"

	"mayfly/app/client/outbox"
	"mayfly/shared/wire"
)

// Apply returns r as it is after the frame f. If f is about another room, Apply ignores f. In any case it removes the
// messages that have expired at now, the server's time.
func (r Room) Apply(f wire.Frame, now time.Time) Room {
	switch f := f.(type) {
	case wire.Welcome:
		if f.User.ID != r.me.ID {
			r.Posted = time.Time{}
		}
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
	case wire.Removed: // without a Seq, the frame is no event: it reports an expiry, or answers a repeated removal
		if f.Seq == 0 && f.Room == r.Name && r.Joined || f.Seq != 0 && r.isNew(f.Room, f.Seq) {
			r.removed(f.Seqs, now)
		}
	case wire.Reacted: // without a Seq, the frame only answers a repeated reaction: the event itself comes in another frame
		if f.Seq != 0 && r.isNew(f.Room, f.Seq) {
			r.learn([]wire.User{f.User})
			r.reacted(f)
		}
	case wire.Moderated: // without a Seq, the frame only answers an act that has changed nothing
		if f.Seq != 0 && r.isNew(f.Room, f.Seq) {
			r.moderated(f)
		}
	case wire.Presence, wire.People, wire.Typing:
		r.company(f, now)
	case wire.Accepted:
		if f.Room == r.Name {
			r.accepted(f)
		}
	case wire.Refused:
		r.refused(f, now)
	}
	return r.Prune(now)
}

// isNew reports whether the event with that seq in that room is still missing in r. If so, isNew moves r's cursor to seq,
// because the caller then adds the event to r.
func (r *Room) isNew(room string, seq int64) bool {
	if room != r.Name || !r.Joined || seq <= r.cursor.Seq {
		return false
	}
	r.cursor.Seq = seq
	return true
}

// posted adds the message of the frame f. The author of the message no longer counts as typing.
func (r *Room) posted(f wire.Posted) {
	r.learn([]wire.User{f.User})
	r.endTyping(f.User.ID)
	r.Newest = newest(r.Newest, &f.Message)
	if f.User.ID == r.me.ID {
		r.posts(time.UnixMilli(f.At))
	}
	r.Messages = place(copied(r.Messages), r.message(f.Message))
	r.showActs(r.acts)
}

// company applies f, a frame that says who is in a room or who types there. It does nothing if that room is not r, or if r
// is not joined.
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
//   - If f.Resumed is true, f has only what r missed. Its messages are added to r's messages.
//   - Otherwise the messages of f replace r's messages of the same epoch. r's messages of another epoch stay until they
//     expire: the server has lost them, but the user may still read them.
//
// r.Head becomes the head of the room, so that only later messages count as new. There is one exception: if r was joined
// already and f.Resumed is true, f only brings events that got lost on the way. They are new for the user, so r.Head stays.
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
		r.takeBack(lost, now) // a message that f does not contain was taken back, or has expired
	}
	have := r.Messages
	r.cursor.Seq = max(r.cursor.Seq, f.Head)
	if !stays {
		r.Head = r.cursor.Seq
	}
	r.Company.joined(f, r.Joined)
	r.Joined, r.Refused, r.TTL = true, outbox.Problem{}, time.Duration(f.TTL)*time.Millisecond
	r.Slow, r.MutedUntil, r.BannedUntil = time.Duration(f.Slow)*time.Millisecond, time.Time{}, time.Time{}
	if len(f.Messages) > 0 {
		have = copied(have)
	}
	for i := range f.Messages {
		r.Newest = newest(r.Newest, &f.Messages[i])
		if f.Messages[i].User.ID == r.me.ID {
			r.posts(time.UnixMilli(f.Messages[i].At))
		}
		have = place(have, r.withKnown(r.message(f.Messages[i])))
		r.Messages = have // the next message may be a reply to this message, and r.message looks for it in r.Messages
	}
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

// accepted turns the user's entry into a sent message, and moves the message to the place of its seq. It does not move the
// cursor to that seq, because events with lower seqs may still be on their way to the client.
func (r *Room) accepted(f wire.Accepted) {
	r.posts(time.UnixMilli(f.At))
	i := r.entryAt(f.ID)
	if i < 0 { // a posted or joined frame has brought the message already, and it has replaced the entry
		return
	}
	m := r.Messages[i]
	m.Seq, m.At, m.Expires, m.epoch = f.Seq, time.UnixMilli(f.At), time.UnixMilli(f.Expires), r.cursor.Epoch
	m.User, m.State, m.Reason = r.me, outbox.Sent, outbox.Problem{}
	r.Messages = place(copied(r.Messages), m)
}

// refused runs for each refusal f. If f says that the server does not let the user into the room, or that the user is banned
// from it, refused stores the reason. If f says that the user may not write yet, refused stores until when. It ignores all
// other refusals: the outbox handles those of posts, for example.
func (r *Room) refused(f wire.Refused, now time.Time) {
	if f.Room != r.Name {
		return
	}
	joins := f.Re == "hello" || f.Re == "join"
	if joins && (f.Code == wire.CodeRoom || f.Code == wire.CodeForbidden) {
		r.Joined, r.Refused = false, outbox.RefusalOf(f)
	}
	if joins || r.Joined {
		r.bar(&f, now)
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
	shown.Extras = &Extras{Details: d, ForMe: !shown.Mine && slices.Contains(m.Mentions, r.me.ID),
		ToMe: r.answersMe(&shown, d)}
	return r.withGiven(shown, reactions(m.Reactions, r.me.ID))
}

// moderated applies f, an act of a moderator.
func (r *Room) moderated(f wire.Moderated) {
	r.learn([]wire.User{f.By})
	if f.User != nil && f.User.Name == "" && r.known[f.User.ID].Name != "" {
		known := r.known[f.User.ID].Known()
		f.User = &known
	}
	r.Acts = append(slices.Clone(r.Acts[max(0, len(r.Acts)+1-maxActs):]), f)
	r.count++
	isMe := f.User != nil && f.User.ID == r.me.ID
	switch f.Act {
	case wire.ActSlow:
		if f.For != nil {
			r.Slow = time.Duration(*f.For) * time.Millisecond
		}
	case wire.ActTTL:
		r.TTL = time.Duration(f.TTL) * time.Millisecond
	case wire.ActMute:
		if isMe {
			r.MutedUntil = time.UnixMilli(f.Until)
		}
	case wire.ActLift:
		if isMe {
			r.MutedUntil = time.Time{}
		}
	}
}
