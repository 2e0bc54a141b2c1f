package client

import (
	"slices"
	"time"

	"mayfly/app/client/outbox"
	"mayfly/shared/wire"
)

// Status is how the session stands with the server, shown calmly: an outage of less than two seconds is still Online.
type Status int

// The states of a session.
const (
	Connecting   Status = iota // for the first time
	Online                     // the server has said welcome
	Reconnecting               // the connection was lost; NextTry says when the next attempt begins
	Offline                    // the same, and the device says that it has no network, or the sign-in can't be renewed without one
	Restarting                 // the same, and the server said that it restarts
	Ended                      // for good: View.Ended says why. Only Session.Retry tries again
	SignedOut                  // the same, because the sign-in has ended: Retry goes on as a guest
	NoGuests                   // the same, because the server wants everyone to sign in
)

// State is how far a message of the user's own is.
type State = outbox.State

// The states of a message. Other users' messages are Sent.
const (
	Sent    = outbox.Sent
	Sending = outbox.Sending
	Waiting = outbox.Waiting
	Failed  = outbox.Failed
)

// Message is one message as it stands on the screen.
type Message struct {
	Key     string // the same for as long as the message is shown, unique among those shown
	Seq     int64  // its place among the room's messages; 0 until the server gave it one
	User    wire.User
	Text    string
	At      time.Time // by the server's clock; zero until accepted
	Expires time.Time // the same
	Mine    bool
	Tag     string // tells its author from others of the same name; "" if there is none of them here
	State   State
	Reason  string // a sentence or two: why it failed, or why it still waits

	id    string
	epoch string // what Seq belongs to
}

// View is all that there is to draw. It is a value: whoever has one may keep it, and must not change Messages.
type View struct {
	Status  Status
	NextTry time.Time // while not connected: when the next attempt begins, zero if it has begun. The device's clock
	Ended   string    // a sentence, once Status is Ended, SignedOut or NoGuests

	Outdated bool // the server does not speak our protocol any more: only a newer client can connect

	Me      wire.User // zero until the first welcome
	MayPost bool
	Limits  wire.Limits

	Room     string // "" if none
	Joined   bool   // the messages are the room's; before that they are what is left from the last connection
	Refused  string // a sentence: why the room can't be joined
	TTL      time.Duration
	Messages []Message      // in the server's order; what is not accepted yet stands at the end
	Unsent   int            // how many of one's messages the server has not taken yet, in all rooms
	Drafts   []outbox.Draft // texts that belong in the field that one writes in, and are not there yet: Session.Draft says which are
	Head     int64          // the highest Seq when the room was joined: of what is new, only what is above it was said just now

	cursor wire.Cursor // Epoch "": nothing was seen of the room yet
	clock  serverClock // for Session.Now
}

// Apply returns v after one frame, and without what has expired. No I/O and no clock: now, the server's time, is a
// parameter.
func (v View) Apply(f wire.Frame, now time.Time) View {
	switch f := f.(type) {
	case wire.Welcome:
		v = v.owned(f.User)
		v.Me, v.MayPost, v.Limits = f.User, f.MayPost, f.Limits
	case wire.Authed:
		v.Me = f.User
	case wire.Joined:
		if f.Room == v.Room {
			v = v.joined(f)
		}
	case wire.Posted:
		if f.Room == v.Room && v.Joined && f.Seq > v.cursor.Seq {
			v.cursor.Seq = f.Seq
			v.Messages = place(copied(v.Messages), v.message(f.Message))
		}
	case wire.Removed:
		if f.Room == v.Room && v.Joined {
			v = v.removed(f.Seqs)
		}
	case wire.Accepted:
		if f.Room == v.Room {
			v = v.accepted(f)
		}
	case wire.Refused:
		v = v.refused(f)
	}
	return v.Prune(now)
}

// Prune returns v without the messages whose time is up at now, the server's time.
func (v View) Prune(now time.Time) View {
	v.Messages = without(v.Messages, func(m *Message) bool { return m.Seq != 0 && !now.Before(m.Expires) })
	return v
}

// Messages are large and many, and what is left of a list that was changed the collector must find while the page waits. So
// they are looked at where they are, and copied once for a change and never without one.

// copied returns a copy of list with room for one more.
func copied(list []Message) []Message { return append(make([]Message, 0, len(list)+1), list...) }

// without returns list without those that are gone: itself if none is.
func without(list []Message, gone func(*Message) bool) []Message {
	at := index(list, gone)
	if at < 0 {
		return list
	}
	left := append(make([]Message, 0, len(list)), list[:at]...)
	for i := at + 1; i < len(list); i++ {
		if !gone(&list[i]) {
			left = append(left, list[i])
		}
	}
	return left
}

// index returns where the first message is of which is says yes, -1 if nowhere.
func index(list []Message, is func(*Message) bool) int {
	for i := range list {
		if is(&list[i]) {
			return i
		}
	}
	return -1
}

// nextExpiry returns when the first message leaves, zero if none will.
func (v View) nextExpiry() time.Time {
	var first time.Time
	for i := range v.Messages {
		if m := &v.Messages[i]; m.Seq != 0 && (first.IsZero() || m.Expires.Before(first)) {
			first = m.Expires
		}
	}
	return first
}

// enter returns v in another room, of which nothing is known but what one wrote there.
func (v View) enter(room string, own []Message) View {
	v.Room, v.Joined, v.Refused, v.TTL, v.Head, v.cursor, v.Messages = room, false, "", 0, 0, wire.Cursor{}, own
	return v
}

// owned returns v with me's messages as one's own, and no others that the server has.
func (v View) owned(me wire.User) View {
	if me.ID != v.Me.ID {
		v.Messages = copied(v.Messages)
		for i := range v.Messages {
			m := &v.Messages[i]
			m.Mine = m.Seq == 0 || m.User.ID == me.ID
			if m.Seq == 0 && m.User.ID == "" { // written before anybody said who one is
				m.User = me
			}
		}
	}
	return v
}

// withOwn returns v with own, and no other messages that the server has not. Those that are there already stay as they are.
func (v View) withOwn(own []Message) View {
	for i := range own {
		if at := index(v.Messages, func(m *Message) bool { return m.Seq == 0 && m.id == own[i].id }); at >= 0 {
			own[i] = v.Messages[at]
		}
	}
	v.Messages = append(copied(without(v.Messages, func(m *Message) bool { return m.Seq == 0 })), own...)
	return v
}

// tagLength is how many characters of an id tell two people of one name apart.
const tagLength = 4

// apart returns v with a tag on the messages of people who share their name with another.
func (v View) apart() View {
	ids := make(map[string]string, 8) // by name; "": of several people
	for i := range v.Messages {
		u := &v.Messages[i].User
		id := u.ID
		if other, ok := ids[u.Name]; ok && other != id {
			id = ""
		}
		ids[u.Name] = id
	}
	list, fresh := v.Messages, false
	for i := range list {
		m := &list[i]
		tag := ""
		if id := m.User.ID; ids[m.User.Name] != id {
			tag = id[max(0, len(id)-tagLength):]
		}
		if m.Tag == tag {
			continue
		}
		if !fresh {
			list, fresh = copied(list), true
		}
		list[i].Tag = tag
	}
	v.Messages = list
	return v
}

// joined returns v with the snapshot: after what one has if it resumes, else in the place of what is of the same epoch.
// What is of another epoch stays until it expires: the server forgot it, the reader need not.
func (v View) joined(f wire.Joined) View {
	sameEpoch := f.Epoch == v.cursor.Epoch
	have := copied(v.Messages)
	if sameEpoch && !f.Resumed {
		listed := make(map[int64]bool, len(f.Messages))
		for _, m := range f.Messages {
			listed[m.Seq] = true
		}
		have = without(have, func(m *Message) bool { return m.Seq != 0 && m.epoch == f.Epoch && !listed[m.Seq] })
	}
	if !sameEpoch {
		v.cursor = wire.Cursor{Epoch: f.Epoch}
	}
	v.cursor.Seq = max(v.cursor.Seq, f.Head)
	v.Head = v.cursor.Seq
	v.Joined, v.Refused, v.TTL = true, "", time.Duration(f.TTL)*time.Millisecond
	for _, m := range f.Messages {
		have = place(have, v.message(m))
	}
	v.Messages = have
	return v.removed(f.Removed)
}

// removed returns v without the messages of the present epoch that have these seqs.
func (v View) removed(seqs []int64) View {
	if len(seqs) > 0 {
		v.Messages = without(v.Messages, func(m *Message) bool { return m.epoch == v.cursor.Epoch && slices.Contains(seqs, m.Seq) })
	}
	return v
}

// accepted returns v with one's own message sent, in its place. The cursor stays: others' messages before it may be yet
// to come.
func (v View) accepted(f wire.Accepted) View {
	i := index(v.Messages, func(m *Message) bool { return m.Seq == 0 && m.id == f.ID })
	if i < 0 { // posted came first, or it was in the snapshot
		return v
	}
	m := v.Messages[i]
	m.Seq, m.At, m.Expires, m.epoch = f.Seq, time.UnixMilli(f.At), time.UnixMilli(f.Expires), v.cursor.Epoch
	m.User, m.State, m.Reason = v.Me, Sent, ""
	v.Messages = place(copied(v.Messages), m)
	return v
}

// refused returns v with it told that the room can't be joined. What becomes of a post is the outbox's to say.
func (v View) refused(f wire.Refused) View {
	if (f.Re == "hello" || f.Re == "join") && f.Room == v.Room && f.Code == wire.CodeRoom {
		v.Joined, v.Refused = false, f.Message
	}
	return v
}

// sending returns a message of one's own. Its key is none that a message from the server can have.
func sending(me wire.User, id, text string) Message {
	return Message{Key: "/" + id, User: me, Text: text, Mine: true, State: Sending, id: id}
}

// unsent returns where the message of that key stands, -1 if it is not there or the server has given it a place.
func (v View) unsent(key string) int {
	return index(v.Messages, func(m *Message) bool { return m.Seq == 0 && m.Key == key })
}

// message returns m, of the present epoch, as it is shown.
func (v View) message(m wire.Message) Message {
	return Message{
		Key: m.User.ID + "/" + m.ID, Seq: m.Seq, User: m.User, Text: m.Text, At: time.UnixMilli(m.At), Expires: time.UnixMilli(m.Expires),
		Mine: m.User.ID == v.Me.ID, id: m.ID, epoch: v.cursor.Epoch,
	}
}

// place puts m, which has a seq, where it belongs in list, which it may change. What is known of m already, by seq
// within an epoch or by author and id across epochs and before there is a seq, makes room for it.
func place(list []Message, m Message) []Message {
	same := func(o *Message) bool {
		if o.Seq != 0 && o.epoch == m.epoch {
			return o.Seq == m.Seq
		}
		return o.id == m.id && (o.User.ID == m.User.ID || o.Mine && m.Mine)
	}
	if i := index(list, same); i >= 0 {
		m.Key = list[i].Key
		list = slices.Delete(list, i, i+1)
	}
	at := len(list)
	for at > 0 && (list[at-1].Seq == 0 || list[at-1].epoch == m.epoch && list[at-1].Seq > m.Seq) {
		at--
	}
	list = append(list, m)
	copy(list[at+1:], list[at:])
	list[at] = m
	return list
}
