package hub

import (
	"container/heap"
	"slices"
	"sort"
	"sync/atomic"
	"time"

	"mayfly/shared/wire"
)

// message is a live message, or what is left of a message that was taken back. A server holds very many of them, so their
// size counts: what only some messages need is behind the pointer acted.
type message struct {
	seq     int64
	name    name
	at      int64 // when it was posted, in Unix milliseconds
	expires int64 // the deadline, in Unix milliseconds

	// body is the message in its compact form, without its reactions. It is empty after the message was taken back. size is
	// how many bytes the message has as JSON.
	body string
	size int32

	// gone says that the message was taken back, like acted.takenBack. It is for the goroutines that write queued frames:
	// they must leave out the message, and cannot read takenBack because they do not hold room.mu.
	gone atomic.Bool

	acted *acted // nil if nothing has happened to the message since it was posted
}

// acted is what has happened to a message since it was posted.
type acted struct {
	reactions []wire.Reaction
	reactedAt int64      // the seq of the last event that changed reactions
	events    int        // how many events of KindReaction about this message the timeline has seen
	takenBack *takenBack // nil if the message was not taken back

	shown, entry []byte // caches of the results of show and showReactions; nil: not made yet, or out of date
}

// acts returns what has happened to m. The caller must not change it: see record.
func (m *message) acts() acted {
	if m.acted == nil {
		return acted{}
	}
	return *m.acted
}

// record returns what has happened to m, so that the caller can change it.
func (m *message) record() *acted {
	if m.acted == nil {
		m.acted = &acted{}
	}
	return m.acted
}

// takenBack returns how m was taken back, nil if it was not.
func (m *message) takenBack() *takenBack { return m.acts().takenBack }

// takenBack says how a message was taken back.
type takenBack struct {
	seq int64  // the seq of the removal or the sweep
	by  string // the id of the user who took it back
	why string // the reason: a value of wire.Removed.Why
}

// timeline contains what lives in one room: messages with their reactions, which messages were taken back, and what
// moderators have set. Only events and the passing of time change a timeline. So the same events lead to the same timeline
// on every node, even if a node reads them after the stream has erased some messages that were taken back. A timeline has
// no lock and no clock of its own: room.mu guards it, and its methods take the time as a parameter.
type timeline struct {
	seen    int64              // the seq of the last event, even if it changed nothing
	head    int64              // the seq of the last event that changed anything
	lastAct int64              // the seq of the last reaction, removal or sweep that changed anything
	live    []*message         // the live messages, sorted by seq
	removed map[int64]*message // by seq: the messages that were taken back and have not reached their deadline
	byName  index              // the messages in live and removed
	due     dueMessages        // the messages in live and removed
	bytes   int                // encoded bytes of the messages in live, with their reactions
	events  int                // how many events of KindReaction were about the messages in live and removed
	order   order              // what moderators have set
}

func newTimeline() timeline {
	return timeline{removed: map[int64]*message{}, byName: newIndex(), order: newOrder()}
}

// change says what an event has changed in a timeline, or why it has changed nothing.
type change struct {
	outcome  outcome
	message  *message // the message that the event brings or is about; nil if the timeline does not hold it
	isNew    bool     // the event has brought message, or other messages, into the timeline
	body     reaction // the reaction; set only for an event of KindReaction
	decision decision // set only for an event of KindDecision
	seqs     []int64  // the messages that the event has taken back
	erase    []int64  // the seqs of the events that the stream may still hold, and must erase because of this event
}

// outcome says what an event has done, or why it has done nothing.
type outcome uint8

const (
	passedOver outcome = iota // the event has expired, or this version cannot read it
	posted                    // the event has added a message
	reacted                   // the event has given a reaction, or has taken one away
	removed                   // the event has taken a message back, or several
	decided                   // a moderator has changed something
	spread                    // the event has added addresses to a ban
	already                   // an earlier event did the same: it is there already, or is gone already
	absent                    // the message that the event is about is unknown, has expired or was taken back
	full                      // wire.MaxReactors users have given this reaction already, which is the most
)

// apply applies the event e to the timeline, and returns what e has changed. The caller must apply events in seq order;
// apply ignores an event that it has applied already. now is in Unix milliseconds.
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
	case KindDecision:
		if d, ok := e.decision(); ok {
			return t.decide(e, d)
		}
	case KindSweep:
		if s, ok := e.sweep(); ok {
			return t.sweep(e, s, now)
		}
	case KindPace:
		return change{} // members are told nothing: see pace
	case KindMessage:
		if m := t.byName.find(e.key().name()); m != nil && m.expires > e.At {
			return change{outcome: already, message: m, erase: []int64{e.Seq}} // see Stream.Append
		}
	}
	t.head = e.Seq // even if this version cannot read the event: a newer node may have shown it to its members
	if e.Kind != KindMessage || !e.isCompact() || e.Expires <= now {
		return change{}
	}
	m := &message{seq: e.Seq, name: e.key().name(), at: e.At, expires: e.Expires,
		body: string(e.Body), size: int32(e.size())}
	t.live = append(t.live, m)
	t.byName.put(m)
	heap.Push(&t.due, m)
	t.bytes += m.bytes()
	return change{outcome: posted, message: m, isNew: true}
}

// react applies e, the event of the reaction r: it gives the reaction to the message, or takes it away (r.On is false).
func (t *timeline) react(e Event, r reaction, now int64) change {
	m := t.find(r.To)
	c := change{outcome: absent, message: m, body: r}
	if m == nil || m.expires <= now {
		return c
	}
	acted := m.record()
	acted.events++
	t.events++
	if acted.takenBack != nil {
		return c
	}
	before := m.bytes()
	if c.outcome = acted.react(r); c.outcome == reacted {
		t.head, t.lastAct, acted.reactedAt = e.Seq, e.Seq, e.Seq
		acted.shown, acted.entry = nil, nil
		t.bytes += m.bytes() - before
	}
	return c
}

// takeBack applies e, the event of the removal r: it takes back the message that r names.
func (t *timeline) takeBack(e Event, r removal, now int64) change {
	m := t.find(r.To)
	c := change{outcome: absent, message: m}
	if e.Expires > now && m != nil && m.takenBack() != nil && m.takenBack().by == e.User {
		c.outcome = already
	}
	t.drop(e, r, e.Expires, now, &c)
	return c
}

// sweep applies e, the event of the sweep s: it takes back the messages that s names.
func (t *timeline) sweep(e Event, s sweep, now int64) change {
	c := change{outcome: absent}
	for _, m := range s.Messages {
		t.drop(e, m.removal, m.Expires, now, &c)
	}
	return c
}

// drop takes back the message that r names, whose deadline is expires, unless the message has expired or was taken back
// before. It adds to c what it has changed.
func (t *timeline) drop(e Event, r removal, expires, now int64, c *change) {
	m := t.find(r.To)
	switch {
	case expires <= now, m != nil && m.takenBack() != nil:
		return
	case m == nil: // the stream has erased the message before this node read it
		c.isNew = true
		m = &message{seq: r.To, name: key{r.User, r.ID}.name(), at: r.At, expires: expires}
		if t.byName.find(m.name) == nil {
			t.byName.put(m)
		}
		heap.Push(&t.due, m)
	default:
		c.erase = append(c.erase, r.To)
		t.bytes -= m.bytes()
		i := t.after(m.seq - 1)
		t.live = slices.Delete(t.live, i, i+1)
	}
	m.takeBack(takenBack{seq: e.Seq, by: e.User, why: r.Why})
	t.removed[r.To] = m
	t.head, t.lastAct = e.Seq, e.Seq
	c.outcome, c.message, c.seqs = removed, m, append(c.seqs, r.To)
}

// decide applies e, the event of the decision d.
func (t *timeline) decide(e Event, d decision) change {
	c := change{outcome: already, decision: d}
	if d.Act == wire.ActClear {
		if t.clearableAt(e.At) {
			t.order.clear = clearing{e.Seq, d.By}
			c.outcome = decided
		}
	} else if changed, replaced := t.order.apply(e, d); changed {
		c.outcome, c.erase = decided, replaced
	} else {
		c.erase = replaced
	}
	switch {
	case c.outcome == decided:
		t.head = e.Seq
	case d.Act == actSpread && len(c.erase) == 0:
		c.outcome = spread
	}
	return c
}

// clearableAt reports whether a message that no earlier clear takes back still lives at the time now.
func (t *timeline) clearableAt(now int64) bool {
	return slices.ContainsFunc(t.live[t.after(t.order.clear.seq):], func(m *message) bool { return m.expires > now })
}

// unswept returns the messages that a clear must still take back, at the time now.
func (t *timeline) unswept(now int64) (messages []*message) {
	for _, m := range t.live[:t.after(t.order.clear.seq)] {
		if m.expires > now {
			messages = append(messages, m)
		}
	}
	return messages
}

// find returns the message with that seq, even if the message was taken back. It returns nil if the timeline has no such
// message.
func (t *timeline) find(seq int64) *message {
	if m := t.removed[seq]; m != nil {
		return m
	}
	if i := t.after(seq - 1); i < len(t.live) && t.live[i].seq == seq {
		return t.live[i]
	}
	return nil
}

// after returns the index in t.live of the first message whose seq is greater than the parameter seq.
func (t *timeline) after(seq int64) int {
	return sort.Search(len(t.live), func(i int) bool { return t.live[i].seq > seq })
}

// expire removes the messages that have expired at the time now. It returns the seqs of those that were still live; the
// others were taken back earlier. Usually the oldest messages expire first. In that case expire takes hardly longer if the
// room holds many messages.
func (t *timeline) expire(now int64) (expired []int64) {
	for len(t.due) > 0 && t.due[0].expires <= now {
		m := heap.Pop(&t.due).(*message)
		t.forget(m)
		if t.removed[m.seq] == m {
			delete(t.removed, m.seq)
			continue
		}
		t.bytes -= m.bytes()
		expired = append(expired, m.seq)
	}
	slices.Sort(expired)
	oldest := 0
	for oldest < len(t.live) && t.live[oldest].expires <= now {
		oldest++
	}
	clear(t.live[:oldest]) // so that the garbage collector can free the texts
	if t.live = t.live[oldest:]; oldest < len(expired) {
		t.live = slices.DeleteFunc(t.live, func(m *message) bool { return m.expires <= now })
	}
	return expired
}

// forget removes m from t.byName and subtracts its events from t.events. The caller must remove m from t.live or t.removed.
func (t *timeline) forget(m *message) {
	t.events -= m.acts().events
	t.byName.remove(m)
}

// held returns how many messages count towards Config.RoomMessages. A message that was taken back counts, too, until its
// deadline. Otherwise users could fill the memory: they could post and take back messages without a limit.
func (t *timeline) held() int { return len(t.live) + len(t.removed) }

// nextExpiry returns how long it takes until the next message expires. A message that was taken back counts, too. ok is
// false if the timeline holds no message.
func (t *timeline) nextExpiry(now time.Time) (wait time.Duration, ok bool) {
	if len(t.due) == 0 {
		return 0, false
	}
	return time.UnixMilli(t.due[0].expires).Sub(now), true
}

// takeBack records how m was taken back, and drops its content.
func (m *message) takeBack(how takenBack) {
	m.gone.Store(true)
	m.body, m.acted = "", &acted{events: m.acts().events, takenBack: &how}
}

// react gives the reaction r to the message or takes it away.
func (m *acted) react(r reaction) outcome {
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
	return slices.ContainsFunc(m.acts().reactions, func(r wire.Reaction) bool {
		return r.Emoji == emoji && slices.Contains(r.By, user)
	})
}

// reactors returns how many users have given m the reaction emoji.
func (m *message) reactors(emoji string) int {
	for _, r := range m.acts().reactions {
		if r.Emoji == emoji {
			return len(r.By)
		}
	}
	return 0
}

// aroundEmoji is how many bytes the JSON of a reaction has besides the emoji and the user ids. aroundReactor is how many
// bytes it has for each user id besides the id itself.
const (
	aroundEmoji   = len(`{"emoji":"","by":[]},`)
	aroundReactor = len(`"",`)
)

// bytes returns how many bytes m, with its reactions, has in JSON. It is an estimate: of the reactions, it does not count
// the extra bytes of escaped characters.
func (m *message) bytes() int {
	n := int(m.size)
	for _, r := range m.acts().reactions {
		n += aroundEmoji + len(r.Emoji)
		for _, user := range r.By {
			n += aroundReactor + len(user)
		}
	}
	return n
}
