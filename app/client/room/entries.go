package room

import (
	"mayfly/app/client/outbox"
	"mayfly/shared/clock"
)

// The user's entries stand behind the messages that the server has. Their Seq is 0.

// WithEntry returns r with e behind all other messages (optimistic update).
func (r Room) WithEntry(e outbox.Entry) Room {
	r.Messages = append(copied(r.Messages), r.pending(e))
	return r
}

// WithEntries returns r with these entries, and no others. Those that are shown already stay as they are.
func (r Room) WithEntries(entries []outbox.Entry) Room {
	pending := make([]Message, 0, len(entries))
	for _, e := range entries {
		m := r.pending(e)
		if at := index(r.Messages, func(m *Message) bool { return m.Seq == 0 && m.id == e.ID }); at >= 0 {
			m = r.Messages[at]
		}
		pending = append(pending, m)
	}
	r.Messages = append(copied(without(r.Messages, func(m *Message) bool { return m.Seq == 0 })), pending...)
	return r
}

// WithoutEntry returns r without the entry of that Key.
func (r Room) WithoutEntry(key string) Room {
	r.Messages = without(r.Messages, func(m *Message) bool { return m.Seq == 0 && m.Key == key })
	return r
}

// Entry returns the id of the entry that is shown under key. ok is false if there is none, or the server has accepted it.
func (r Room) Entry(key string) (id string, ok bool) {
	i := index(r.Messages, func(m *Message) bool { return m.Seq == 0 && m.Key == key })
	if i < 0 {
		return "", false
	}
	return r.Messages[i].id, true
}

// WithStates returns r with the entries shown as they stand in o.
func (r Room) WithStates(o *outbox.Outbox, now clock.Moment, connected bool) Room {
	for i := len(r.Messages) - 1; i >= 0 && r.Messages[i].Seq == 0; i-- {
		m := &r.Messages[i]
		state, reason, ok := o.State(r.Name, m.id, now, connected)
		if ok && (m.State != state || m.Reason != reason) {
			r.Messages = copied(r.Messages)
			r.Messages[i].State, r.Messages[i].Reason = state, reason
		}
	}
	return r
}

// pending returns e as it is shown. Its key is none that a message from the server can have.
func (r Room) pending(e outbox.Entry) Message {
	return Message{Key: "/" + e.ID, User: r.me, Text: e.Text, Mine: true, State: outbox.Sending, id: e.ID}
}
