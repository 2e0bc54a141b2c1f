package list

import (
	"time"

	"mayfly/app/client"
)

// Consecutive messages of one author form a group: the first row shows the face and the name, and the other rows follow
// close below without them. The other rows contain the face and the name, too, but a style hides them. So when a row becomes
// the first of its group, only its class changes.
//
// Whether a row joins the group of the row above it depends on these two rows only. So when a row is inserted or removed, at
// most its two neighbours change. This is why groupWithin limits the time between two neighbouring rows, and not the time
// since the first row of the group. Otherwise the expiry of a first row could move the beginnings of all later groups.

// groupWithin is the longest time between two neighbouring messages of one group.
const groupWithin = 3 * time.Minute

// A part is the place of a row in its group: whether the group has other rows above and below the row.
type part struct {
	joined    bool // the row directly above belongs to the same group
	continued bool // the row directly below belongs to the same group
}

// class returns the CSS classes of the part, each with a space before it.
func (p part) class() string {
	class := ""
	if p.joined {
		class += " message-joined"
	}
	if p.continued {
		class += " message-continued"
	}
	return class
}

// joins reports whether m is in the same group as above, the message before m. A failed message is in no group. A message
// that the server has not accepted has no time yet, so groupWithin does not apply to it.
func joins(above, m *client.Message) bool {
	switch {
	case above.User != m.User || above.Tag != m.Tag || above.Mine != m.Mine:
		return false
	case above.State == client.Failed || m.State == client.Failed:
		return false
	case m.At.IsZero():
		return true
	}
	return !above.At.IsZero() && m.At.Sub(above.At) <= groupWithin
}

// parts returns the part of each message's row. begins(i) reports whether messages[i] must begin a group because a line is
// above its row: the separator of a day, or the divider above the new messages.
func parts(messages []client.Message, begins func(i int) bool) []part {
	all := make([]part, len(messages))
	for i := 1; i < len(messages); i++ {
		if joins(&messages[i-1], &messages[i]) && !begins(i) {
			all[i-1].continued, all[i].joined = true, true
		}
	}
	return all
}

// group sets the part of each row. A new group begins below each separator of a day. A new group also begins below the
// divider, the line above the new messages; the parameter divider is the key of the row below that line.
func (r *rows) group(messages []client.Message, divider string) {
	begins := func(i int) bool { return messages[i].Key == divider || r.at[messages[i].Key].day != nil }
	for i, p := range parts(messages, begins) {
		if row := r.at[messages[i].Key]; row.part != p {
			row.part = p
			row.article.Set("className", rowClass(&messages[i])+p.class())
		}
	}
}
