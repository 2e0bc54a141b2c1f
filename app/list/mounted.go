package list

import "mayfly/app/client"

const (
	maxRows = 400 // the highest number of rows in the document: each row makes layout slower
	farther = 100 // by how many messages the rows move on when the user scrolls to the first or the last row
)

// mounted says which of the room's messages have a row: the newest maxRows, or maxRows from a given message on.
type mounted struct {
	from string // the key of the first row; "": the last row is that of the newest message
}

// newest reports whether the newest message has a row.
func (m *mounted) newest() bool { return m.from == "" }

// place returns the messages that have a row from now on. old holds the messages that had a row until now. inSight holds the
// messages that the user sees; it is nil if the list follows its newest message. The cases are:
//   - The newest message had a row: the newest maxRows messages. If the first message in sight would lose its row by that,
//     the rows begin at this message instead.
//   - The newest message had no row: maxRows messages, from the first message of old that still lives.
func (m *mounted) place(messages, old, inSight []client.Message) []client.Message {
	newest := max(0, len(messages)-maxRows)
	if m.from == "" {
		return m.begin(messages, min(newest, first(messages, inSight, newest)))
	}
	return m.begin(messages, first(messages, old, newest))
}

// first looks for the first message of rows that messages still has, and returns its index in messages. If messages has
// none of them, first returns fallback.
func first(messages, rows []client.Message, fallback int) int {
	for i := range rows {
		if at := indexOf(messages, rows[i].Key); at >= 0 {
			return at
		}
	}
	return fallback
}

// back moves the rows on to older messages, by the number farther, and on moves them on to newer messages. Both return the
// messages that have a row from now on.
func (m *mounted) back(messages, old []client.Message) []client.Message {
	return m.move(messages, old, -farther)
}
func (m *mounted) on(messages, old []client.Message) []client.Message {
	return m.move(messages, old, farther)
}

func (m *mounted) move(messages, old []client.Message, by int) []client.Message {
	first := max(0, len(messages)-maxRows)
	if len(old) > 0 {
		first = max(0, indexOf(messages, old[0].Key))
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
