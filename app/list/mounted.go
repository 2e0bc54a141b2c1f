package list

import "mayfly/app/client"

const (
	maxRows = 400 // mounted at most: what rows cost grows with their number
	farther = 100 // rows of older messages, or of newer ones, are mounted when the user scrolls to the end of those mounted
)

// mounted says which of the room's messages have a row: the newest, or from some message on.
type mounted struct {
	from string // the key of the first row; "": the rows follow the newest message
}

// newest reports whether the newest message has a row.
func (m *mounted) newest() bool { return m.from == "" }

// place returns the messages that have a row. was is what had a row until now: if the first of them is gone, the rows
// begin at the next that is there. Rows that reach the newest message follow it from then on, as long as the text that
// the user reads has a row: it begins with the first of reads, which is nil if the list follows its newest message.
func (m *mounted) place(messages, was, reads []client.Message) []client.Message {
	newest := max(0, len(messages)-maxRows)
	if m.from == "" {
		return m.begin(messages, min(newest, first(messages, reads, newest)))
	}
	return m.begin(messages, first(messages, was, newest))
}

// first returns where in messages the first of rows is that is still there, or otherwise if none is.
func first(messages, rows []client.Message, otherwise int) int {
	for i := range rows {
		if at := indexOf(messages, rows[i].Key); at >= 0 {
			return at
		}
	}
	return otherwise
}

// back moves the rows to older messages, on to newer ones.
func (m *mounted) back(messages, was []client.Message) []client.Message {
	return m.move(messages, was, -farther)
}
func (m *mounted) on(messages, was []client.Message) []client.Message {
	return m.move(messages, was, farther)
}

func (m *mounted) move(messages, was []client.Message, by int) []client.Message {
	first := max(0, len(messages)-maxRows)
	if len(was) > 0 {
		first = max(0, indexOf(messages, was[0].Key))
	}
	return m.begin(messages, first+by)
}

func (m *mounted) begin(messages []client.Message, first int) []client.Message {
	newest := max(0, len(messages)-maxRows)
	if first = max(0, first); first >= newest {
		m.from = ""
		return messages[newest:]
	}
	m.from = messages[first].Key
	return messages[first : first+maxRows]
}
