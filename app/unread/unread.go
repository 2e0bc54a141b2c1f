// Package unread decides what is new to the user: which messages are unread, what a screen reader says, what the title of
// the page says, and which notifications are shown. For that it compares each view with the next. It uses neither the
// browser's document nor a clock, so all of it runs natively in tests.
package unread

import (
	"slices"
	"strconv"

	"mayfly/app/client"
	"mayfly/app/words"
)

// Unread knows which messages of the shown room are unread: those that came while the page was hidden or the list was not
// scrolled to its end. The client counts them, and Follow gets the number. When the user has read these messages, Unread
// still knows the first of them, above which the list draws the divider. In the zero value, no message is unread.
type Unread struct {
	marked []string // the keys of the messages that came since the user looked away, in order
	seen   bool     // the user has read all messages, so Count returns 0; marked stays, and with it the divider
	came   int      // how many messages were unread when the user entered the room; 0 once Follow has put them in marked
}

// Arrive returns the Unread of a room that the user enters. n is the number of messages that are unread there. The divider
// will be above the first of these n messages.
func Arrive(n int) Unread { return Unread{came: n} }

// Follow updates u. messages are all messages of the room now. The last n of the messages that other users wrote are unread.
func (u *Unread) Follow(messages []client.Message, n int) {
	u.marked = slices.DeleteFunc(u.marked, func(key string) bool { return find(messages, key, 0) < 0 })
	if u.came > 0 {
		u.marked, u.came = last(messages, u.came), 0
	}
	if n > 0 {
		u.marked = last(messages, n)
	}
	u.seen = n == 0
}

// last returns the keys of the last n messages of other users, in order. It counts only messages that the server has
// accepted (Seq is not 0).
func last(messages []client.Message, n int) (keys []string) {
	for i := len(messages) - 1; i >= 0 && len(keys) < n; i-- {
		if m := &messages[i]; !m.Mine && m.Seq != 0 {
			keys = append(keys, m.Key)
		}
	}
	slices.Reverse(keys)
	return keys
}

// Look counts all messages as read. Call it when the user sees the newest message.
func (u *Unread) Look() { u.seen = true }

// Count returns how many messages are unread.
func (u *Unread) Count() int {
	if u.seen {
		return 0
	}
	return len(u.marked)
}

// Divider returns the key of the message above which the list draws the divider "New messages": the first message that came
// since the user looked away. It returns "" if there is no such message.
func (u *Unread) Divider() string {
	if len(u.marked) == 0 {
		return ""
	}
	return u.marked[0]
}

// Title returns the title of the page of a room. It has the number of unread messages only while the page is hidden.
func Title(room string, unread int, hidden bool) string {
	title := words.With(words.RoomTitle, room)
	if hidden && unread > 0 {
		title = words.With(words.UnreadTitle, strconv.Itoa(unread), title)
	}
	return title
}

// Jump returns the text of the button that leads to the newest message.
func Jump(unread int) string {
	if unread == 0 {
		return words.Of(words.JumpToLatest)
	}
	return words.Count(words.NewMessages, unread)
}

// find returns the index of the message with that key, or -1. It searches messages[near:] first, then messages[:near].
func find(messages []client.Message, key string, near int) int {
	near = min(near, len(messages))
	for i := near; i < len(messages); i++ { // a loop over values would copy each message, and messages are large
		if messages[i].Key == key {
			return i
		}
	}
	for i := range near {
		if messages[i].Key == key {
			return i
		}
	}
	return -1
}
