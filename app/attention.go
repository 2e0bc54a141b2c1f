package app

import (
	"slices"
	"strconv"

	"mayfly/app/client"
)

// attention is what came while nobody looked: the page was hidden, or the log not at its end. What is unread expires like
// all else.
type attention struct {
	marked []string // the keys of what came since one left off, in order
	seen   bool     // one has looked since: the divider still stands, nothing counts as unread
}

// follow takes the messages before and after a change in. away: nobody looks.
func (a *attention) follow(before, after []client.Message, away bool) {
	a.marked = slices.DeleteFunc(a.marked, func(key string) bool { return indexOf(after, key) < 0 })
	if !away {
		a.seen = true
		return
	}
	var came []string
	for i := len(after) - 1; i >= 0; i-- {
		m := &after[i]
		if m.Mine || m.Seq == 0 {
			continue
		}
		if indexOf(before, m.Key) >= 0 {
			break
		}
		came = append(came, m.Key)
	}
	if len(came) == 0 {
		return
	}
	if a.seen {
		a.marked, a.seen = nil, false
	}
	slices.Reverse(came)
	a.marked = append(a.marked, came...)
}

// look says that the newest are looked at.
func (a *attention) look() { a.seen = true }

// unread returns how many messages nobody has looked at.
func (a *attention) unread() int {
	if a.seen {
		return 0
	}
	return len(a.marked)
}

// divider returns the key of the first message since one left off, "" if there is none.
func (a *attention) divider() string {
	if len(a.marked) == 0 {
		return ""
	}
	return a.marked[0]
}

// title returns the page's title. Who looks at the page needs no count in it.
func title(room string, unread int, hidden bool) string {
	title := "#" + room + " – Mayfly"
	if hidden && unread > 0 {
		title = "(" + strconv.Itoa(unread) + ") " + title
	}
	return title
}

// jumpWords is what the button says that leads to the newest message.
func jumpWords(unread int) string {
	switch unread {
	case 0:
		return "Jump to latest"
	case 1:
		return "1 new message"
	default:
		return strconv.Itoa(unread) + " new messages"
	}
}
