package hub

import "mayfly/shared/wire"

// Deadlines returns the number of messages on the heap of deadlines.
func (h *Hub) Deadlines() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.due)
}

// EventsFor returns how many events of reactions a room may hold before nobody can give another one.
func EventsFor(messages int) int { return givenPerMessage * messages }

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
	case posted, reacted, removed:
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
func (t *Timeline) Expire(now int64) {
	var seqs []int64
	for _, m := range t.byKey {
		if m.expires <= now {
			seqs = append(seqs, m.seq)
		}
	}
	t.expire(seqs)
	if len(t.byKey) == 0 && (t.bytes != 0 || t.events != 0 || len(t.live)+len(t.removed) != 0) {
		panic("an empty timeline is not empty")
	}
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
