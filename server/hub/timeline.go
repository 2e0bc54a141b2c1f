package hub

import (
	"slices"
	"sort"
	"sync/atomic"
	"time"

	"mayfly/shared/wire"
)

// message is a live message and its encoded bytes, or what is left of a message that was taken back.
type message struct {
	seq     int64
	key     key
	at      int64 // Unix milliseconds
	expires int64 // Unix milliseconds

	// encoded is the message as JSON, with its seq but without its reactions. A posted frame is made from it. It is
	// nil after the message was taken back.
	encoded   []byte
	reactions []wire.Reaction
	reactedAt int64 // the seq of the last event that changed reactions
	events    int   // how many events of KindReaction about this message the timeline has seen

	// takenBack says how the message was taken back; it is nil if it was not. gone is true after the message was taken
	// back: a writer checks it, without room.mu, before it writes a frame that was queued earlier.
	takenBack *takenBack
	gone      atomic.Bool

	shown, entry []byte // caches for joined frames: the message with its reactions, the reactions alone; nil: not made
}

// takenBack says how a message was taken back.
type takenBack struct {
	seq int64  // of the removal
	by  string // the id of the user who took it back
	why string // as in wire.Removed
}

// timeline holds what lives in one room: messages with their reactions, and which messages were taken back. Only
// events and the passing of time change it, so the same events give the same timeline on every node. That is true even
// for a node that reads the events after the stream has erased the messages that were taken back. It has no lock and
// no clock of its own: room.mu guards it, and its methods take the time as a parameter.
type timeline struct {
	seen    int64      // the seq of the last event, even if it changed nothing
	head    int64      // the seq of the last event that changed anything
	lastAct int64      // the seq of the last reaction or removal that changed anything
	live    []*message // sorted by seq
	removed map[int64]*message
	byKey   map[key]*message // live and removed messages
	bytes   int              // encoded bytes of live, with reactions
	events  int              // how many events of KindReaction were about the live and removed messages
}

func newTimeline() timeline {
	return timeline{removed: map[int64]*message{}, byKey: map[key]*message{}}
}

// change says what an event has changed in a timeline, or why it has changed nothing.
type change struct {
	outcome outcome
	message *message // the message that the event brings or is about; nil if the timeline does not hold it
	isNew   bool     // the timeline did not hold message before
	body    reaction // the reaction; set only for an event of KindReaction
}

// outcome says what an event has done, or why it has done nothing.
type outcome uint8

const (
	passedOver outcome = iota // the event has expired, or this version cannot read it
	posted
	reacted
	removed
	already // an earlier event did the same: gave or took away the reaction, or took the message back
	absent  // the message is unknown, has expired or was taken back
	full    // wire.MaxReactors users have given this reaction already, which is the most
)

// apply changes the timeline by e. Events must come in seq order; apply passes over an event that it has seen already.
func (t *timeline) apply(e Event, now int64) change {
	if e.Seq <= t.seen {
		return change{}
	}
	t.seen = e.Seq
	switch e.Kind {
	case KindReaction:
		if r, ok := e.reaction(); ok {
			return t.react(e, r, now)
		}
	case KindRemoval:
		if r, ok := e.removal(); ok {
			return t.takeBack(e, r, now)
		}
	}
	t.head = e.Seq // also for an event that this version cannot read: a newer node may have shown it
	encoded, ok := wire.NumberMessage(e.Body, e.Seq)
	if e.Kind != KindMessage || !ok || e.Expires <= now {
		return change{}
	}
	m := &message{seq: e.Seq, key: e.key(), at: e.At, expires: e.Expires, encoded: encoded}
	t.live = append(t.live, m)
	t.byKey[m.key] = m
	t.bytes += len(encoded)
	return change{outcome: posted, message: m, isNew: true}
}

// react gives the reaction r or takes it away.
func (t *timeline) react(e Event, r reaction, now int64) change {
	m := t.find(r.To)
	c := change{outcome: absent, message: m, body: r}
	if m == nil || m.expires <= now {
		return c
	}
	m.events++
	t.events++
	if m.takenBack != nil {
		return c
	}
	before := m.reactionBytes()
	if c.outcome = m.react(r); c.outcome == reacted {
		t.head, t.lastAct, m.reactedAt = e.Seq, e.Seq, e.Seq
		m.shown, m.entry = nil, nil
		t.bytes += m.reactionBytes() - before
	}
	return c
}

// takeBack removes the message that r names.
func (t *timeline) takeBack(e Event, r removal, now int64) change {
	m := t.find(r.To)
	c := change{outcome: absent, message: m}
	switch {
	case e.Expires <= now:
		return c
	case m != nil && m.takenBack != nil:
		if m.takenBack.by == e.User {
			c.outcome = already
		}
		return c
	case m == nil: // the stream has erased the message before this node read it
		c.isNew = true
		c.message = &message{seq: r.To, key: key{r.User, r.ID}, at: r.At, expires: e.Expires}
		if t.byKey[c.message.key] == nil {
			t.byKey[c.message.key] = c.message
		}
	default:
		t.bytes -= len(m.encoded) + m.reactionBytes()
		i := t.after(m.seq - 1)
		t.live = slices.Delete(t.live, i, i+1)
	}
	c.message.takeBack(takenBack{seq: e.Seq, by: e.User, why: r.Why})
	t.removed[r.To] = c.message
	t.head, t.lastAct = e.Seq, e.Seq
	c.outcome = removed
	return c
}

// find returns the message with that seq, even if it was taken back. It returns nil if the timeline does not hold it.
func (t *timeline) find(seq int64) *message {
	if m := t.removed[seq]; m != nil {
		return m
	}
	if i := t.after(seq - 1); i < len(t.live) && t.live[i].seq == seq {
		return t.live[i]
	}
	return nil
}

// after returns the index in live of the first message with a seq above seq.
func (t *timeline) after(seq int64) int {
	return sort.Search(len(t.live), func(i int) bool { return t.live[i].seq > seq })
}

// expire drops the messages with these seqs and returns the seqs of those that were not taken back.
func (t *timeline) expire(seqs []int64) (expired []int64) {
	due := make(map[int64]bool, len(seqs))
	for _, seq := range seqs {
		due[seq] = true
		if m := t.removed[seq]; m != nil {
			delete(t.removed, seq)
			t.forget(m)
		}
	}
	kept := t.live[:0]
	for _, m := range t.live {
		if !due[m.seq] {
			kept = append(kept, m)
			continue
		}
		t.bytes -= len(m.encoded) + m.reactionBytes()
		t.forget(m)
		expired = append(expired, m.seq)
	}
	clear(t.live[len(kept):]) // so that the garbage collector can free the texts
	t.live = kept
	return expired
}

// forget removes m from byKey and subtracts its events. The caller removes m from live or removed.
func (t *timeline) forget(m *message) {
	t.events -= m.events
	if t.byKey[m.key] == m {
		delete(t.byKey, m.key)
	}
}

// held returns how many messages count towards Config.RoomMessages. A message that was taken back counts until it would have
// expired, or else users could fill the memory with messages that they take back.
func (t *timeline) held() int { return len(t.live) + len(t.removed) }

// nextExpiry returns how long until the next message expires; ok is false if the room holds no message.
func (t *timeline) nextExpiry(now time.Time) (wait time.Duration, ok bool) {
	sooner := func(m *message) {
		if left := time.UnixMilli(m.expires).Sub(now); !ok || left < wait {
			wait, ok = left, true
		}
	}
	for _, m := range t.live {
		sooner(m)
	}
	for _, m := range t.removed {
		sooner(m)
	}
	return wait, ok
}

// takeBack records how m was taken back, and drops its content.
func (m *message) takeBack(how takenBack) {
	m.takenBack = &how
	m.gone.Store(true)
	m.encoded, m.reactions, m.shown, m.entry = nil, nil, nil, nil
}

// react gives the reaction r to m or takes it away.
func (m *message) react(r reaction) outcome {
	i := slices.IndexFunc(m.reactions, func(o wire.Reaction) bool { return o.Emoji == r.Emoji })
	there := i >= 0 && slices.Contains(m.reactions[i].By, r.User.ID)
	switch {
	case there == r.On:
		return already
	case r.On && i < 0:
		m.reactions = append(m.reactions, wire.Reaction{Emoji: r.Emoji, By: []string{r.User.ID}})
	case r.On && len(m.reactions[i].By) >= wire.MaxReactors:
		return full
	case r.On:
		m.reactions[i].By = append(m.reactions[i].By, r.User.ID)
	default:
		by := slices.DeleteFunc(m.reactions[i].By, func(user string) bool { return user == r.User.ID })
		if m.reactions[i].By = by; len(by) == 0 {
			m.reactions = slices.Delete(m.reactions, i, i+1)
		}
	}
	return reacted
}

// hasReaction reports whether user has given m the reaction emoji.
func (m *message) hasReaction(user, emoji string) bool {
	return slices.ContainsFunc(m.reactions, func(r wire.Reaction) bool {
		return r.Emoji == emoji && slices.Contains(r.By, user)
	})
}

// reactors returns how many users have given m the reaction emoji.
func (m *message) reactors(emoji string) int {
	for _, r := range m.reactions {
		if r.Emoji == emoji {
			return len(r.By)
		}
	}
	return 0
}

// How many bytes of JSON stand around an emoji, and around a user's id, in the list of reactions.
const (
	aroundEmoji   = len(`{"emoji":"","by":[]},`)
	aroundReactor = len(`"",`)
)

// reactionBytes returns how many bytes the reactions of m take in JSON. It does not count escapes.
func (m *message) reactionBytes() (n int) {
	for _, r := range m.reactions {
		n += aroundEmoji + len(r.Emoji)
		for _, user := range r.By {
			n += aroundReactor + len(user)
		}
	}
	return n
}
