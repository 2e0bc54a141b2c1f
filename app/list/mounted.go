package list

import "mayfly/app/client"

const (
	maxRows = 400 // the highest number of rows in the document: each row makes layout slower
	farther = 100 // how many messages get a row at a time when the user scrolls to the first or the last row
)

// mounted says which of the room's messages have a row. If the field from is empty, these are the newest maxRows messages.
// Otherwise they are maxRows messages, and the first of them is the message whose key is in the field from.
type mounted struct {
	from string // the key of the first row; "": the newest messages have the rows
}

// newest reports whether the newest message has a row.
func (m *mounted) newest() bool { return m.from == "" }

// place runs when the room's messages have changed, and returns the messages that have a row from now on. old are the
// messages that had a row until now. inSight begins with the first message that the user sees; it is nil if the list follows
// its newest message.
//   - If the newest message had a row, place returns the newest maxRows messages. There is one exception: if the first
//     message that the user sees is older than these, place returns the maxRows messages that begin with that message.
//   - If the newest message had no row, place returns the maxRows messages that begin with the first message of old that has
//     not expired.
func (m *mounted) place(messages, old, inSight []client.Message) []client.Message {
	newest := max(0, len(messages)-maxRows)
	if m.from == "" {
		return m.begin(messages, min(newest, first(messages, inSight, newest)))
	}
	return m.begin(messages, first(messages, old, newest))
}

// first returns the index in messages of the first message of rows that is still in messages. If no message of rows is still
// there, first returns fallback.
func first(messages, rows []client.Message, fallback int) int {
	for i := range rows {
		if at := indexOf(messages, rows[i].Key); at >= 0 {
			return at
		}
	}
	return fallback
}

// back runs when the user scrolls up: the rows then begin with an older message. on runs when the user scrolls down: the
// rows then begin with a newer message. Both move the beginning by as many messages as the constant farther says, and return
// the messages that have a row from now on. old are the messages that have a row now.
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
