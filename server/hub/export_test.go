package hub

import (
	"fmt"
	"maps"
	"slices"

	"mayfly/shared/wire"
)

// Deadlines returns the number of messages on the heaps of deadlines.
func (h *Hub) Deadlines() (n int) {
	h.mu.Lock()
	rooms := slices.Clone(h.due)
	h.mu.Unlock()
	for _, r := range rooms {
		r.mu.Lock()
		n += len(r.timeline.due)
		r.mu.Unlock()
	}
	return n
}

// EventsFor returns how many events of reactions a room may hold before nobody can give another one.
func EventsFor(messages int) int { return givenPerMessage * messages }

// Size returns how many bytes the message e has as JSON.
func (e Event) Size() int { return e.size() }

// Index is an index of messages that have a key and a seq.
type Index struct{ index }

// NewIndex returns an empty index.
func NewIndex() *Index { return &Index{newIndex()} }

// Put adds the message of user with that id and seq.
func (x *Index) Put(user, id string, seq int64) {
	x.put(&message{name: key{user, id}.name(), seq: seq})
}

// Remove removes the message of user with that id.
func (x *Index) Remove(user, id string) {
	if m := x.find(key{user, id}.name()); m != nil {
		x.remove(m)
	}
}

// RemoveOther removes another message with that key, which is not in the index.
func (x *Index) RemoveOther(user, id string) { x.remove(&message{name: key{user, id}.name()}) }

// Find returns the seq of the message of user with that id, 0 if there is none.
func (x *Index) Find(user, id string) int64 {
	if m := x.find(key{user, id}.name()); m != nil {
		return m.seq
	}
	return 0
}

// Slots returns how many messages and slots the index has.
func (x *Index) Slots() (used, all int) { return x.used, len(x.slots) }

// NameAndBack makes a name of a key, and a key of the name.
func NameAndBack(user, id string) (sameUser, sameID string) {
	k := key{user, id}.name().key()
	return k.user, k.id
}

// SameName reports whether two keys have the same name.
func SameName(user, id, otherUser, otherID string) bool {
	return key{user, id}.name() == key{otherUser, otherID}.name()
}

// NewReaction returns the event of a reaction of user to the message to.
func NewReaction(id string, user wire.User, to int64, emoji string, on bool, at, expires int64) Event {
	return Event{Kind: KindReaction, User: user.ID, ID: id, At: at, Expires: expires,
		Body: encodeBody(reaction{To: to, Emoji: emoji, On: on, User: user})}
}

// NewRemoval returns the event with which user takes m back.
func NewRemoval(id string, user string, m Event, at int64) Event {
	return Event{Kind: KindRemoval, User: user, ID: id, At: at, Expires: m.Expires,
		Body: encodeBody(removal{To: m.Seq, User: m.User, ID: m.ID, At: m.At, Why: wire.WhyAuthor})}
}

// Timeline is what a room holds.
type Timeline struct{ timeline }

// NewTimeline returns an empty timeline.
func NewTimeline() *Timeline { return &Timeline{newTimeline()} }

// Apply changes t by e and reports whether members are told.
func (t *Timeline) Apply(e Event, now int64) (told bool) {
	before := t.head
	switch t.apply(e, now).outcome {
	case posted, reacted, removed, decided:
		return true
	}
	_, reacts := e.reaction()
	_, removes := e.removal()
	if t.head != before && (e.Kind == KindReaction && reacts || e.Kind == KindRemoval && removes) {
		panic("an event that changed nothing counts in the head")
	}
	return false
}

// Expire drops what has expired at now.
func (t *Timeline) Expire(now int64) (expired []int64) {
	expired = t.expire(now)
	if len(t.due) != len(t.live)+len(t.removed) {
		panic("not every message has one deadline")
	}
	if t.byName.used == 0 && (t.bytes != 0 || t.events != 0 || len(t.live)+len(t.removed) != 0) {
		panic("an empty timeline is not empty")
	}
	return expired
}

// Head returns the seq of the last event that changed anything.
func (t *Timeline) Head() int64 { return t.head }

// Joined returns the joined frame of t for a client that has everything up to cursor, as it is written at now.
func (t *Timeline) Joined(cursor *int64, now int64) wire.Joined {
	decoded, err := wire.Decode(t.JoinedBytes(cursor, now, t.head))
	if err != nil {
		panic(err)
	}
	return decoded.(wire.Joined)
}

// JoinedBytes is like Joined, but does not decode the frame, and puts head into it.
func (t *Timeline) JoinedBytes(cursor *int64, now, head int64) []byte {
	s, resumed := t.snapshot(cursor, now)
	f := &Frame{joined: &joined{wire.Joined{Room: "lobby", Epoch: "e", Head: head, Resumed: resumed}.Parts(), s}}
	return f.AppendTo(nil, now)
}

// Order is what moderators have set in a room.
type Order struct{ order }

// NewOrder returns an order in which nothing is set.
func NewOrder() *Order { return &Order{newOrder()} }

// Spread is the act of a decision that adds an address to a ban.
const Spread = actSpread

// Decide returns the event of an act about user that a node makes which knows o. For what the act does not need, the
// parameters do not matter.
func (o *Order) Decide(id, act, user string, at, ms int64, address string) Event {
	d := decision{Act: act, By: wire.User{ID: "u-mod"}}
	switch act {
	case wire.ActMute, wire.ActBan:
		d.Until = at + ms
	case wire.ActSlow, wire.ActTTL:
		d.For = ms
	}
	if wire.IsAboutUser(act) || act == actSpread {
		d.User = &wire.SomeUser{ID: user}
	}
	if act == wire.ActBan || act == actSpread {
		d.Addresses = []string{address}
	}
	e := Event{Kind: KindDecision, User: "u-mod", ID: id, At: at, Expires: o.keepsUntil(d, at, 0), Body: encodeBody(d)}
	if one := o.barred[user]; act == actSpread && one != nil {
		e.Expires = one.ban.until
	}
	return e
}

// Apply applies e, and returns the seqs of the events that the stream may erase.
func (o *Order) Apply(e Event) (replaced []int64) {
	d, ok := e.decision()
	if !ok {
		panic("a decision cannot be read")
	}
	_, replaced = o.apply(e, d)
	return replaced
}

// Prune forgets what is over at now.
func (o *Order) Prune(now int64) { o.prune(now) }

// State says what holds at the time now.
func (o *Order) State(now int64) string {
	s := fmt.Sprintf("slow %d, life %d", o.slow.ms, o.ttl.ms)
	for _, id := range slices.Sorted(maps.Keys(o.barred)) {
		one := o.barred[id]
		if one.mute.holds(now) {
			s += fmt.Sprintf(", %s muted until %d", id, one.mute.until)
		}
		if one.ban.holds(now) {
			s += fmt.Sprintf(", %s banned until %d from %q", id, one.ban.until, slices.Sorted(slices.Values(one.addresses)))
		}
	}
	return s
}

// Barred returns how many users o knows.
func (o *Order) Barred() int { return len(o.barred) }

// NewSweep returns the event that takes back messages because of the clear with that seq.
func NewSweep(id string, clear int64, at int64, messages ...Event) Event {
	s := sweep{Clear: clear}
	e := Event{Kind: KindSweep, User: "u-mod", ID: id, At: at}
	for _, m := range messages {
		s.Messages = append(s.Messages, swept{removal{To: m.Seq, User: m.User, ID: m.ID, At: m.At, Why: wire.WhyModerator},
			m.Expires})
		e.Expires = max(e.Expires, m.Expires)
	}
	e.Body = encodeBody(s)
	return e
}

// MaxSwept is the most messages in one sweep.
const MaxSwept = maxSwept
