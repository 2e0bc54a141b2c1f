// Package unread decides what is new to the user: which messages are unread, what a screen reader says, and what the
// title of the page says. It compares one view with the next. It has no document and no clock, so all of it runs natively
// in tests.
package unread

import (
	"slices"
	"strconv"

	"mayfly/app/client"
	"mayfly/app/words"
)

// Unread holds the unread messages: those that came while the page was hidden or the list was not scrolled to its end. When
// a message expires, Unread no longer holds it. The zero value holds none.
type Unread struct {
	marked []string // the keys of the messages that came since the user looked away, in order
	seen   bool     // the user has read all messages; the divider stays, but none counts as unread
}

// Follow compares the messages before and after a change. away says that the page is hidden, or that the list is not at
// its end: then the new messages become unread. Otherwise the user has seen them.
func (u *Unread) Follow(before, after []client.Message, away bool) {
	u.marked = slices.DeleteFunc(u.marked, func(key string) bool { return find(after, key, 0) < 0 })
	if !away {
		u.seen = true
		return
	}
	var came []string
	for i := len(after) - 1; i >= 0; i-- {
		m := &after[i]
		if m.Mine || m.Seq == 0 {
			continue
		}
		if find(before, m.Key, 0) >= 0 {
			break
		}
		came = append(came, m.Key)
	}
	if len(came) == 0 {
		return
	}
	if u.seen {
		u.marked, u.seen = nil, false
	}
	slices.Reverse(came)
	u.marked = append(u.marked, came...)
}

// Look marks all messages as read. Call it when the user sees the newest message.
func (u *Unread) Look() { u.seen = true }

// Count returns how many messages are unread.
func (u *Unread) Count() int {
	if u.seen {
		return 0
	}
	return len(u.marked)
}

// Divider returns the key of the first message that came since the user looked away, "" if there is none.
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
	for i := near; i < len(messages); i++ { // a message is large, so it is not copied
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
