package hub

import (
	"maps"
	"slices"
	"strconv"

	"mayfly/shared/wire"
)

// snapshot contains the lists of a joined frame. It never changes. If a message expires, or is taken back, before the
// frame is written, the written frame leaves out the item of that message.
type snapshot struct {
	messages []item // messages with their reactions, oldest first
	removed  []item // messages that were taken back, sorted by seq
	reacted  []item // the reactions of messages that the client has, if they have changed; sorted by seq
}

// item is one element of a list in a joined frame, and the message that it is about. If body is empty, the element is
// in encoded, as JSON. Otherwise the element is the message itself, and body has it in its compact form. The fields are
// copies of those of the message, because a goroutine writes the frame without room.mu.
type item struct {
	of      *message
	encoded []byte
	body    string
}

// size returns how many bytes appendTo appends.
func (i item) size() int {
	if i.body != "" {
		return int(i.of.size)
	}
	return len(i.encoded)
}

// appendTo appends the element to dst.
func (i item) appendTo(dst []byte) []byte {
	if i.body != "" {
		return i.of.expand(dst, i.body)
	}
	return append(dst, i.encoded...)
}

// snapshot returns the lists of a joined frame. cursor is the seq up to which the client has every change, nil if the
// client has nothing. If resumed is true, s contains what has happened after cursor. If resumed is false, s contains the
// newest messages, because cursor is nil, or because too much has happened for one joined frame.
func (t *timeline) snapshot(cursor *int64, now int64) (s snapshot, resumed bool) {
	if cursor != nil {
		if s, resumed = t.missed(*cursor, now); resumed {
			return s, true
		}
	}
	budget := newBudget()
	for i := len(t.live) - 1; i >= 0; i-- {
		m := t.live[i]
		if !t.shows(m, now) {
			continue
		}
		if !budget.take(&s.messages, m.show()) || len(s.messages) > wire.MaxJoined {
			s.messages = s.messages[:len(s.messages)-1]
			break
		}
	}
	slices.Reverse(s.messages)
	return s, false
}

// shows reports whether a joined frame that is made at the time now may contain m: m lives, and no clear is about to
// take it back.
func (t *timeline) shows(m *message, now int64) bool {
	return m.expires > now && m.seq > t.order.clear.seq
}

// missed returns what has happened after the seq cursor. fits is false if that is too much for one joined frame; then s
// is empty.
func (t *timeline) missed(cursor, now int64) (s snapshot, fits bool) {
	budget := newBudget()
	first := t.after(cursor)
	for _, m := range t.live[first:] {
		if !t.shows(m, now) {
			continue
		}
		if !budget.take(&s.messages, m.show()) || len(s.messages) > wire.MaxJoined {
			return snapshot{}, false
		}
	}
	if t.lastAct <= cursor {
		return s, true
	}
	for _, m := range t.live[:first] {
		if m.acts().reactedAt > cursor && m.expires > now && !budget.take(&s.reacted, m.showReactions()) {
			return snapshot{}, false
		}
	}
	for _, seq := range slices.Sorted(maps.Keys(t.removed)) {
		m := t.removed[seq]
		if m.takenBack().seq > cursor && m.expires > now &&
			!budget.take(&s.removed, item{of: m, encoded: strconv.AppendInt(nil, seq, 10)}) {
			return snapshot{}, false
		}
	}
	return s, true
}

// budget is how many more bytes the lists of a joined frame may have. It is negative if they have too many.
type budget int

func newBudget() *budget { return new(budget(wire.MaxJoinedBytes)) }

// take appends i to list and subtracts its bytes from b. It returns false if the lists are then too long for a joined
// frame. In this case the caller must remove i from list, or give up the lists.
func (b *budget) take(list *[]item, i item) bool {
	*list = append(*list, i)
	*b -= budget(i.size() + len(","))
	return *b >= 0
}

// empty reports whether all lists of the snapshot are empty.
func (s snapshot) empty() bool { return len(s.messages)+len(s.removed)+len(s.reacted) == 0 }

// show returns m, with its reactions, for the list of messages in a joined frame.
func (m *message) show() item {
	if len(m.acts().reactions) == 0 {
		return item{of: m, body: m.body}
	}
	if m.acted.shown == nil {
		m.acted.shown = wire.AddReactions(m.json(), m.acted.reactions)
	}
	return item{of: m, encoded: m.acted.shown}
}

// showReactions returns the seq and the reactions of m for the list reacted in a joined frame.
func (m *message) showReactions() item {
	acted := m.record()
	if acted.entry == nil {
		acted.entry = wire.EncodeReacted(wire.MessageReactions{Seq: m.seq, Reactions: acted.reactions})
	}
	return item{of: m, encoded: acted.entry}
}
