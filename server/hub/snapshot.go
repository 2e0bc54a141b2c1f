package hub

import (
	"maps"
	"slices"
	"strconv"

	"mayfly/shared/wire"
)

// snapshot holds what a joined frame shows of a timeline. It never changes, but when the frame is written, the items
// whose message has expired or was taken back in the meantime are left out.
type snapshot struct {
	messages []item // oldest first
	removed  []item // messages that were taken back, by seq
	reacted  []item // the changed reactions of messages that the client has, by seq
}

// item is one element of a list in a joined frame: the encoded bytes, and the message that they are about.
type item struct {
	of      *message
	encoded []byte
}

// snapshot returns the content of a joined frame for a client that has everything up to the seq cursor (nil: nothing).
// If resumed is true, it is what happened after cursor. Otherwise it is the newest messages, because cursor is nil or
// beyond the head, or because too much has happened for one joined frame.
func (t *timeline) snapshot(cursor *int64, now int64) (s snapshot, resumed bool) {
	if cursor != nil && *cursor <= t.head {
		if s, resumed = t.missed(*cursor, now); resumed {
			return s, true
		}
	}
	budget := newBudget()
	for i := len(t.live) - 1; i >= 0; i-- {
		m := t.live[i]
		if m.expires <= now {
			continue
		}
		if !budget.take(&s.messages, item{m, m.show()}) || len(s.messages) > wire.MaxJoined {
			s.messages = s.messages[:len(s.messages)-1]
			break
		}
	}
	slices.Reverse(s.messages)
	return s, false
}

// missed returns what happened after cursor. fits is false if that does not fit in one joined frame.
func (t *timeline) missed(cursor, now int64) (s snapshot, fits bool) {
	budget := newBudget()
	first := t.after(cursor)
	for _, m := range t.live[first:] {
		if m.expires <= now {
			continue
		}
		if !budget.take(&s.messages, item{m, m.show()}) || len(s.messages) > wire.MaxJoined {
			return snapshot{}, false
		}
	}
	if t.lastAct <= cursor {
		return s, true
	}
	for _, m := range t.live[:first] {
		if m.reactedAt > cursor && m.expires > now && !budget.take(&s.reacted, item{m, m.showReactions()}) {
			return snapshot{}, false
		}
	}
	for _, seq := range slices.Sorted(maps.Keys(t.removed)) {
		m := t.removed[seq]
		if m.takenBack.seq > cursor && m.expires > now &&
			!budget.take(&s.removed, item{m, strconv.AppendInt(nil, seq, 10)}) {
			return snapshot{}, false
		}
	}
	return s, true
}

// budget is how many bytes a joined frame may still take.
type budget int

func newBudget() *budget { return new(budget(wire.MaxJoinedBytes)) }

// take appends i to list and returns false if the frame is then too long.
func (b *budget) take(list *[]item, i item) bool {
	*list = append(*list, i)
	*b -= budget(len(i.encoded) + len(","))
	return *b >= 0
}

// empty reports whether the snapshot shows nothing.
func (s snapshot) empty() bool { return len(s.messages)+len(s.removed)+len(s.reacted) == 0 }

// show returns m as one element of the messages of a joined frame, with its reactions.
func (m *message) show() []byte {
	if m.shown == nil {
		m.shown = wire.AddReactions(m.encoded, m.reactions)
	}
	return m.shown
}

// showReactions returns m as one element of the list reacted of a joined frame.
func (m *message) showReactions() []byte {
	if m.entry == nil {
		m.entry = wire.EncodeReacted(wire.MessageReactions{Seq: m.seq, Reactions: m.reactions})
	}
	return m.entry
}
