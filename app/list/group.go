package list

import (
	"time"

	"mayfly/app/client"
)

// Consecutive messages of one author form a group: the first row has the face and the name, and the other rows stand close
// below it without them. A style hides the face and the name, which every row has, so a row that becomes the first one of
// its group costs one write into the document.
//
// Whether a row stands under the row above depends on these two rows only. So a row that comes or goes changes at most its
// two neighbours, and not the other 399. The longest time counts between two rows, not from the first row of the group:
// otherwise, once that row expires, the next group could begin elsewhere, and so could every group after it.

// groupWithin is the longest time between a message and the message above it in one group.
const groupWithin = 3 * time.Minute

// A part says whether a row has other rows of its group above and below it.
type part struct {
	joined    bool // the row stands under another row of its group
	continued bool // another row of its group stands under the row
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

// joins reports whether m belongs to the group of the message above. A failed message stands alone. A message that the
// server has not accepted has no time, and follows the user's message above it.
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

// parts returns the part of each message's row. begins reports whether something stands above the row of messages[i], so
// that a group begins there.
func parts(messages []client.Message, begins func(i int) bool) []part {
	all := make([]part, len(messages))
	for i := 1; i < len(messages); i++ {
		if joins(&messages[i-1], &messages[i]) && !begins(i) {
			all[i-1].continued, all[i].joined = true, true
		}
	}
	return all
}

// group gives each row its part. A group begins below a separator of days, and below the divider, which is above the row
// with the key divider.
func (r *rows) group(messages []client.Message, divider string) {
	begins := func(i int) bool { return messages[i].Key == divider || r.at[messages[i].Key].day != nil }
	for i, p := range parts(messages, begins) {
		if row := r.at[messages[i].Key]; row.part != p {
			row.part = p
			row.article.Set("className", rowClass(&messages[i])+p.class())
		}
	}
}
