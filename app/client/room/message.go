package room

import (
	"strings"
	"time"

	"mayfly/app/client/outbox"
	"mayfly/shared/wire"
)

// Message is one message as the page shows it.
type Message struct {
	Key     string // identifies the message in the list; stays the same as long as the message is shown
	Seq     int64  // the number of the message in its room; 0 until the server has given it one
	User    wire.User
	Text    string
	At      time.Time // when the server accepted the message, by the server's clock; zero until then
	Expires time.Time // when the message expires, by the server's clock; zero until the server has accepted it
	Mine    bool
	Tag     string // the end of the author's id, if messages of another user with the same name are shown; otherwise ""
	State   outbox.State
	Reason  outbox.Problem // if the State is not Sent: why the message failed, or why it waits; zero: no reason to show
	Extras  *Extras        // nil if the message has none

	id    string
	epoch string // the epoch to which Seq belongs
}

// Place returns the place of m in its room. It is zero for an entry, which has no place yet, and if m is nil.
func (m *Message) Place() wire.Cursor {
	if m == nil || m.Seq == 0 {
		return wire.Cursor{}
	}
	return wire.Cursor{Epoch: m.epoch, Seq: m.Seq}
}

// A function that changes a list of messages copies the list once (copy on write); reading a list copies nothing. Messages
// are large and many: with more copies, the page would often freeze while the garbage collector frees them.

// copied returns a copy of list with capacity for one more message.
func copied(list []Message) []Message { return append(make([]Message, 0, len(list)+1), list...) }

// without returns a copy of list without the messages for which match returns true. If there are none, it returns list
// itself.
func without(list []Message, match func(*Message) bool) []Message {
	at := index(list, match)
	if at < 0 {
		return list
	}
	left := append(make([]Message, 0, len(list)), list[:at]...)
	for i := at + 1; i < len(list); i++ {
		if !match(&list[i]) {
			left = append(left, list[i])
		}
	}
	return left
}

// index returns the index of the first message for which match returns true, -1 if there is none.
func index(list []Message, match func(*Message) bool) int {
	for i := range list {
		if match(&list[i]) {
			return i
		}
	}
	return -1
}

// place puts m, which has a seq, into list, and returns the new list. list is in the order of the seqs, and may be changed
// in place. If list contains m already, the new m replaces the old one. This is how place recognises the old m:
//   - A message of m's epoch that has a seq is the old m if it has the seq of m, or the author and the id of m and lives
//     while m lives: the stream can store a message twice, and the server can accept the later one before it knows the
//     earlier one.
//   - An entry, or a message of another epoch, is the old m if it has the author and the id of m.
func place(list []Message, m Message) []Message {
	same := func(o *Message) bool {
		here := o.Seq != 0 && o.epoch == m.epoch
		if here && o.Seq == m.Seq {
			return true
		}
		return o.id == m.id && (o.User.ID == m.User.ID || o.Mine && m.Mine) && (!here || o.Expires.After(m.At))
	}
	if i := index(list, same); i >= 0 {
		m.Key = list[i].Key
		list = append(list[:i], list[i+1:]...)
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

// pseudonym is the beginning of every name that the server makes for a guest.
const pseudonym = "Anonymous "

// HasPseudonym reports whether u is a guest whose name the server has made, such as "Anonymous Heron".
func HasPseudonym(u wire.User) bool {
	return u.Anonymous && len(u.Name) > len(pseudonym) && strings.HasPrefix(u.Name, pseudonym)
}

// Called returns the name of u, or the short form of a pseudonym: "Heron" for the guest "Anonymous Heron". Use it only where
// the page shows in another way, such as by a sign, that u is a guest.
func Called(u wire.User) string {
	if HasPseudonym(u) {
		return strings.TrimPrefix(u.Name, pseudonym)
	}
	return u.Name
}

// given returns the reactions to m that the server has confirmed.
func (m *Message) given() []Reaction {
	if m.Extras == nil {
		return nil
	}
	return m.Extras.given
}

// Answers reports whether m is a reply to o.
func (m *Message) Answers(o *Message) bool {
	return m.Extras != nil && m.Extras.ReplyTo != 0 && m.Extras.ReplyTo == o.Seq && m.Extras.ReplyEpoch == o.epoch
}

// Reply returns the details of a reply to m, which must have a Seq.
func (m *Message) Reply() outbox.Details { return outbox.Details{ReplyTo: m.Seq, ReplyEpoch: m.epoch} }
