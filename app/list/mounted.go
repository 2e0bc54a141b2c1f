package list

import "mayfly/app/client"

const (
	maxRows = 400 // the highest number of rows in the document: each row makes layout slower
	farther = 100 // how many more rows are mounted when the user scrolls to the first or to the last mounted row
)

// mounted says which of the room's messages have a row: the newest maxRows, or maxRows from a given message on.
type mounted struct {
	from string // the key of the first row; "": the rows follow the newest message
}

// newest reports whether the newest message has a row.
func (m *mounted) newest() bool { return m.from == "" }

// place returns the messages that have a row from now on. was holds the messages that had one until now. If the first of
// was is not in messages any more, the rows begin at the next one of was that is. Once the newest message has a row, the
// rows follow the newest message, as long as the first message of reads keeps its row. reads holds the messages that the
// user has in sight; it is nil if the list follows its newest message.
func (m *mounted) place(messages, was, reads []client.Message) []client.Message {
	newest := max(0, len(messages)-maxRows)
	if m.from == "" {
		return m.begin(messages, min(newest, first(messages, reads, newest)))
	}
	return m.begin(messages, first(messages, was, newest))
}

// first returns the index in messages of the first of rows that messages still holds; otherwise, if messages holds none.
func first(messages, rows []client.Message, otherwise int) int {
	for i := range rows {
		if at := indexOf(messages, rows[i].Key); at >= 0 {
			return at
		}
	}
	return otherwise
}

// back mounts farther rows of older messages; on mounts farther rows of newer ones.
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
