package room

import (
	"time"

	"mayfly/app/client/outbox"
	"mayfly/shared/wire"
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
	Tag     string // tells its author from others of the same name; "" if there are none here
	State   outbox.State
	Reason  outbox.Problem // why it failed, or why it still waits

	id    string
	epoch string // what Seq belongs to
}

// Messages are large and many, and the page waits while the collector finds what is left of a changed list. So messages are
// looked at where they are (copy on write): copied once for a change and never without one.

// copied returns a copy of list with room for one more.
func copied(list []Message) []Message { return append(make([]Message, 0, len(list)+1), list...) }

// without returns list without the messages for which gone says yes: list itself if there are none.
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

// index returns where the first message stands for which is says yes, -1 if there is none.
func index(list []Message, is func(*Message) bool) int {
	for i := range list {
		if is(&list[i]) {
			return i
		}
	}
	return -1
}

// place puts m, which has a seq, where it belongs in list, which it may change. It replaces the message that is the same: by
// seq within an epoch, or by author and id across epochs and before there is a seq.
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

// tagLength is how many characters a tag has: the last ones of a user's id. Tags tell users with the same name apart.
const tagLength = 4

// SetTags sets a tag on the messages of users who share their name with another user.
func (r *Room) SetTags() {
	ids := make(map[string]string, 8) // by name; "": of several users
	for i := range r.Messages {
		u := &r.Messages[i].User
		id := u.ID
		if other, ok := ids[u.Name]; ok && other != id {
			id = ""
		}
		ids[u.Name] = id
	}
	list, fresh := r.Messages, false
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
	r.Messages = list
}
