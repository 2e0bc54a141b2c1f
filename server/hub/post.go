package hub

import (
	"errors"
	"slices"
	"time"

	"mayfly/shared/wire"
)

// Post checks a message, hands it to the stream and returns. If the message is a reply, Post may first wait for the
// message that it answers (see arrivals.catchUp). It makes these checks, in the order of docs/protocol.md: id, repeat,
// room, forbidden, text, ttl, gone, rate, full, unavailable. (Each name but repeat is the code of the refusal.) Once
// the stream has stored the message, the client gets the frame accepted. If a check or the stream fails, it gets the
// frame refused.
func (c *Client) Post(p wire.Post) {
	refuse := func(code wire.Code, message string, retry time.Duration) {
		c.Refuse(wire.Refused{Re: wire.Kind(p), Room: p.Room, ID: p.ID, Code: code, Message: message}, retry)
	}
	if !c.hub.posts.begin() {
		return
	}
	defer c.hub.posts.done()
	if !wire.ValidID(p.ID) {
		refuse(wire.CodeID, badID, 0)
		return
	}
	if c.hub.repeat(c, p) {
		return
	}
	r := c.memberOf(p.Room)
	if r == nil {
		refuse(c.excludedReason(p.Room))
		return
	}
	if problem, wait := r.moderation.silences(c); problem != "" {
		refuse(wire.CodeForbidden, problem, wait)
		return
	}
	text, problem := wire.CleanText(p.Text)
	if problem != "" {
		refuse(wire.CodeText, problem, 0)
		return
	}
	ttl, problem := r.moderation.lifetime(p.TTL)
	if problem != "" {
		refuse(wire.CodeTTL, problem, 0)
		return
	}
	answered, code, problem, wait := r.acts.answered(c, p)
	if code != "" {
		refuse(code, problem, wait)
		return
	}
	now, at := time.Now(), c.hub.clock.Now()
	if wait, problem := c.hub.charge(c, now); wait > 0 {
		refuse(wire.CodeRate, problem, wait)
		return
	}
	e := NewMessage(wire.Message{ID: p.ID, User: *c.user.Load(), Text: text, ReplyTo: answered,
		Mentions: distinct(p.Mentions), At: at.UnixMilli(), Expires: at.UnixMilli() + ttl})
	k := e.key()
	if refused, repeat := r.reserve(c, k, e.size(), at); refused != nil || repeat {
		c.hub.refund(c, now)
		if refused != nil {
			refuse(refused.code, refused.message, refused.wait)
		}
		return
	}
	c.posts.add()
	r.turns.take(k.user, newTurn(c, r, e, func(receipt Receipt, err error) {
		r.onAppended(k, now, receipt, err)
		c.posts.done()
	}))
}

// distinct returns ids in their order, each only once.
func distinct(ids []string) (once []string) {
	for _, id := range ids {
		if !slices.Contains(once, id) {
			once = append(once, id)
		}
	}
	return once
}

// memberOf returns the room of that name if the client is a member of it, else nil. c.rooms alone does not show that: a
// room drops a member whose queue is full, and is then still in c.rooms. So memberOf asks the room, too.
func (c *Client) memberOf(name string) *room {
	r, _ := c.in(name)
	if r == nil {
		return nil
	}
	if _, ok := r.has(c); !ok {
		return nil
	}
	return r
}

// maxRepeats is how many repeats of one post, or of one act, may wait for its answer.
const maxRepeats = 64

// repeat reports whether p is a repeat: the room has a message that the user of c has posted with the id p.ID. If so, c
// gets the answer to the earlier post: at once, or as soon as the stream has answered that post.
func (h *Hub) repeat(c *Client, p wire.Post) bool {
	r := h.room(p.Room)
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.repeatLocked(c, key{c.userID, p.ID})
}

// repeatLocked reports whether the room already has a post with the key k, that is, a post of the same user with the same
// id. If so, c gets the answer to that post: at once, or as soon as the stream has answered that post. If maxRepeats
// clients wait for this answer already, c is refused.
func (r *room) repeatLocked(c *Client, k key) bool {
	if w := r.pending[k]; w != nil && w.stored == nil {
		if len(w.repeats) < maxRepeats {
			w.repeats = append(w.repeats, c)
			c.posts.add()
			return true
		}
		c.Refuse(wire.Refused{Re: wire.Kind(wire.Post{}), Room: r.name, ID: k.id, Code: wire.CodeRate,
			Message: "The message is being stored: wait for the answer."}, retryUnavailable)
		return true
	}
	e, ok := r.livingLocked(k)
	if ok {
		r.acceptLocked(c, e, true)
	}
	return ok
}

// livingLocked returns the message with the key k, as an event without its Body. It also finds a message that was taken
// back. ok is false if the room has no message with that key, or if the message has expired.
func (r *room) livingLocked(k key) (e Event, ok bool) {
	switch w, live := r.pending[k], r.timeline.byName.find(k.name()); {
	case live != nil:
		e = Event{Seq: live.seq, ID: k.id, At: live.at, Expires: live.expires}
	case w != nil && w.stored != nil:
		e = *w.stored
	}
	return e, e.Expires > r.hub.clock.Now().UnixMilli()
}

// unreserved says why reserve has not added a post, and how long its author must wait.
type unreserved struct {
	code    wire.Code
	message string
	wait    time.Duration
}

// reserve adds a pending post of size bytes to the room. In three cases it adds nothing. If the room is in slow mode, or
// full, refused says so. If the post is a repeat, repeat is true, and c gets its answer from repeatLocked. Post has looked
// for a repeat before, but a user may send one post on two connections at once. So reserve looks again, under the same lock
// under which it adds the post.
func (r *room) reserve(c *Client, k key, size int, now time.Time) (refused *unreserved, repeat bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.repeatLocked(c, k) {
		return nil, true
	}
	if wait := r.pace.wait(c.userID, r.timeline.order.slow.ms, now.UnixMilli()); wait > 0 {
		return &unreserved{wire.CodeRate, slowMode(r.timeline.order.slow.ms), wait}, false
	}
	limit := r.hub.config
	if r.timeline.held()+len(r.pending) >= limit.RoomMessages || r.timeline.bytes+r.pendingBytes+size > limit.RoomBytes {
		return &unreserved{wire.CodeFull, roomFull, r.nextExpiryLocked(now)}, false
	}
	if r.pending[k] != nil { // an earlier post had the same key, and its message has expired
		r.finishLocked(k)
	}
	r.pending[k] = &pending{author: c, size: size, before: r.pace.last[c.userID], noted: now.UnixMilli()}
	r.pace.note(c.userID, now.UnixMilli())
	r.hub.posts.add()
	r.pendingBytes += size
	return nil, false
}

// nextExpiryLocked returns how long a client whose post or reaction did not fit into the room must wait: until a message
// of the room expires, or for retryUnavailable if the room has no live message.
func (r *room) nextExpiryLocked(now time.Time) time.Duration {
	wait, ok := r.timeline.nextExpiry(now)
	if !ok {
		wait = retryUnavailable // the room has no live message: posts that the stream has not answered fill it
	}
	return max(wait, time.Millisecond)
}

// onAppended runs when the stream has stored the post with key k, or has failed to store it. It answers the author and
// the clients that repeated the post meanwhile. chargedAt is when the post was counted against the author's rate.
func (r *room) onAppended(k key, chargedAt time.Time, receipt Receipt, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.pending[k]
	// If Drain has failed, the message would not reach every member. So no client gets an answer, and the author's client
	// posts the message again after it has reconnected.
	if r.hub.drainFailed.Load() {
		for _, c := range w.repeats {
			c.posts.done()
		}
		r.finishLocked(k)
		return
	}
	live, delivered := r.livingLocked(k)
	if err != nil && !delivered { // a message that was delivered is accepted, even if its acknowledgement was lost
		r.hub.refund(w.author, chargedAt)
		r.pace.undo(k.user, w.noted, w.before)
		r.refuseLocked(w.author, k, err)
		for _, c := range w.repeats {
			r.refuseLocked(c, k, err)
			c.posts.done()
		}
		r.finishLocked(k)
		return
	}
	e, repeat := receipt.Event, receipt.Repeat
	if err != nil {
		e = live
	} else if delivered && live.Seq < e.Seq { // the stream has stored a repeat
		e, repeat = live, true
	}
	if repeat {
		r.hub.refund(w.author, chargedAt)
		r.pace.undo(k.user, w.noted, w.before)
	}
	r.acceptLocked(w.author, e, repeat)
	for _, c := range w.repeats {
		r.acceptLocked(c, e, true)
		c.posts.done()
	}
	e.Body = nil // the answers to later repeats don't need the Body
	if w.stored = &e; e.Seq <= r.timeline.seen || r.closed {
		r.finishLocked(k)
	}
}

func (r *room) acceptLocked(c *Client, e Event, repeat bool) {
	r.hub.counts.accept(repeat)
	c.member.Send(NewFrame(wire.Accepted{ID: e.ID, Room: r.name, Seq: e.Seq, At: e.At, Expires: e.Expires, Repeat: repeat}))
}

func (r *room) refuseLocked(c *Client, k key, err error) {
	refused := wire.Refused{Re: wire.Kind(wire.Post{}), Room: r.name, ID: k.id, Code: wire.CodeUnavailable,
		Message: "The message could not be stored now. Try again soon."}
	retry := retryUnavailable
	if errors.Is(err, ErrFull) {
		refused.Code, refused.Message, retry = wire.CodeFull, roomFull, r.nextExpiryLocked(r.hub.clock.Now())
	}
	c.Refuse(refused, retry)
}
