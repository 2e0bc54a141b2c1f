package room

import (
	"strings"
	"time"

	"mayfly/app/client/outbox"
	"mayfly/shared/wire"
)

// Message is one message as it stands on the screen.
type Message struct {
	Key     string // identifies the message in the list; stays the same as long as the message is shown
	Seq     int64  // the number of the message in its room; 0 until the server has given it one
	User    wire.User
	Text    string
	At      time.Time // when the server accepted the message, by the server's clock; zero until then
	Expires time.Time // when the message expires, by the server's clock; zero until the server has accepted it
	Mine    bool
	Tag     string // distinguishes the author from other users with the same name; "" if no other user here has this name
	State   outbox.State
	Reason  outbox.Problem // why the message failed, or why it still waits
	Extras  *Extras        // nil if the message has none

	id    string
	epoch string // the epoch to which Seq belongs
}

// A change of a list of messages copies the list once (copy on write), and reading copies nothing. Messages are large and
// many: with more copies, the page would often stand still while the garbage collector clears them away.

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

// place returns list with m, which has a seq, at its place by seq. It may change list. If list has the same message
// already, m replaces it. The same message means:
//   - Two messages of one epoch: their seqs are equal.
//   - Messages of different epochs, or a message and an entry (without a seq): author and id are equal.
func place(list []Message, m Message) []Message {
	same := func(o *Message) bool {
		if o.Seq != 0 && o.epoch == m.epoch {
			return o.Seq == m.Seq
		}
		return o.id == m.id && (o.User.ID == m.User.ID || o.Mine && m.Mine)
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

// tagLength is how many characters a tag has: the last characters of a user's id. Tags tell users with the same name
// apart.
const tagLength = 4

// Tag returns the end of a user's id, which tells users of the same name apart.
func Tag(id string) string { return id[max(0, len(id)-tagLength):] }

// pseudonym begins the names that the server gives to guests.
const pseudonym = "Anonymous "

// HasPseudonym reports whether u is a guest whose name the server has made, such as "Anonymous Heron".
func HasPseudonym(u wire.User) bool {
	return u.Anonymous && len(u.Name) > len(pseudonym) && strings.HasPrefix(u.Name, pseudonym)
}

// Called returns the name of u for a place that marks guests in another way: it is "Heron" for the guest "Anonymous
// Heron".
func Called(u wire.User) string {
	if HasPseudonym(u) {
		return strings.TrimPrefix(u.Name, pseudonym)
	}
	return u.Name
}

// SetTags sets a tag on the messages of users whose shown name is also the name of another user. A guest and a user who
// is signed in have different marks, but need tags all the same: a mark is soon overlooked.
func (r *Room) SetTags() {
	ids := make(map[string]string, 8) // the id of the user with that name; "" if several users have the name
	for i := range r.Messages {
		u := &r.Messages[i].User
		id := u.ID
		name := Called(*u)
		if other, ok := ids[name]; ok && other != id {
			id = ""
		}
		ids[name] = id
	}
	list, fresh := r.Messages, false
	for i := range list {
		m := &list[i]
		tag := ""
		if id := m.User.ID; ids[Called(m.User)] != id {
			tag = Tag(id)
		}
		if m.Tag == tag {
			continue
		}
		if !fresh {
			list, fresh = copied(list), true
		}
		list[i].Tag = tag
	}
	r.Messages = list
}
