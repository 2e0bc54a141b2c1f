package room

import (
	"strings"

	"mayfly/app/client/outbox"
	"mayfly/shared/clock"
)

// Room.Messages contains first the messages that the server has accepted, and after them the user's entries. The Seq of an
// entry is 0.

// AddEntry shows e after all other messages (optimistic update).
func (r *Room) AddEntry(e *outbox.Entry) { r.Messages = append(copied(r.Messages), r.pending(e)) }

// SetEntries makes the room show exactly these entries. An entry that the room shows already keeps its State and Reason.
func (r *Room) SetEntries(entries []outbox.Entry) {
	list := copied(r.Messages)
	for len(list) > 0 && list[len(list)-1].Seq == 0 {
		list = list[:len(list)-1]
	}
	for i := range entries {
		e := &entries[i]
		if at := r.entryAt(e.ID); at >= 0 {
			list = append(list, r.Messages[at])
		} else {
			list = append(list, r.pending(e))
		}
	}
	r.Messages = list
}

// Entry returns the id of the entry that is shown by the message with that Key. ok is false if there is no such message, or
// if the server has accepted the message, so that it is no entry any more.
func (r *Room) Entry(key string) (id string, ok bool) {
	id, ok = strings.CutPrefix(key, entryKey)
	return id, ok && r.entryAt(id) >= 0
}

// RemoveEntry removes the entry with that id.
func (r *Room) RemoveEntry(id string) {
	if i := r.entryAt(id); i >= 0 {
		list := copied(r.Messages)
		r.Messages = append(list[:i], list[i+1:]...)
	}
}

// entryAt returns the index in Messages of the entry with that id, -1 if there is none.
func (t *timeline) entryAt(id string) int {
	for i := len(t.Messages) - 1; i >= 0 && t.Messages[i].Seq == 0; i-- {
		if t.Messages[i].id == id {
			return i
		}
	}
	return -1
}

// SetStates gives each entry that is shown the State and the Reason that it has in o. connected says whether the client
// is connected.
func (r *Room) SetStates(o *outbox.Outbox, now clock.Moment, connected bool) {
	for i := len(r.Messages) - 1; i >= 0 && r.Messages[i].Seq == 0; i-- {
		m := &r.Messages[i]
		state, reason, ok := o.State(r.Name, m.id, now, connected)
		if ok && (m.State != state || m.Reason != reason) {
			r.Messages = copied(r.Messages)
			r.Messages[i].State, r.Messages[i].Reason = state, reason
		}
	}
}

// The key of an entry begins with entryKey. A message keeps this key after the server has accepted the entry. The key of
// every other message begins with a user's id.
const entryKey = "/"

// pending returns the message that shows e.
func (r *Room) pending(e *outbox.Entry) Message {
	m := Message{Key: entryKey + e.ID, User: r.me, Text: e.Text, Mine: true, State: outbox.Sending, id: e.ID}
	if e.Details != nil {
		m.Extras = &Extras{Details: *e.Details}
	}
	return m
}
