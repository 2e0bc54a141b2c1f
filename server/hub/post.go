package hub

import (
	"errors"
	"fmt"
	"time"

	"mayfly/shared/wire"
)

// Post hands a message to the stream and returns; accepted comes when the stream has stored it. The checks stand in the
// protocol's order: id, repeat, room, forbidden, text, ttl, rate, full, unavailable.
func (c *Client) Post(p wire.Post) {
	refuse := func(code wire.Code, message string, retry time.Duration) {
		c.Refuse(wire.Refused{Re: wire.Kind(p), Room: p.Room, ID: p.ID, Code: code, Message: message}, retry)
	}
	if !c.hub.posts.begin() {
		return
	}
	defer c.hub.posts.done()
	if !wire.ValidID(p.ID) {
		refuse(wire.CodeID, "A message's id must be a UUID in lower case.", 0)
		return
	}
	if c.hub.repeat(c, p) {
		return
	}
	r, _ := c.in(p.Room)
	if r != nil {
		if _, ok := r.has(c); !ok {
			r = nil
		}
	}
	if r == nil {
		refuse(c.outside(p.Room))
		return
	}
	if !c.mayPost {
		refuse(wire.CodeForbidden, "Here one may write only when signed in.", 0)
		return
	}
	text, problem := wire.CleanText(p.Text)
	if problem != "" {
		refuse(wire.CodeText, problem, 0)
		return
	}
	ttl, bounds := p.TTL, c.hub.config.TTL
	if ttl == 0 {
		ttl = bounds.Default
	}
	if ttl < bounds.Min || ttl > bounds.Default {
		refuse(wire.CodeTTL, fmt.Sprintf("A message here lives %s to %s.", human(time.Duration(bounds.Min)*time.Millisecond),
			human(time.Duration(bounds.Default)*time.Millisecond)), 0)
		return
	}
	now := time.Now()
	if wait, problem := c.hub.admit(c, now); wait > 0 {
		refuse(wire.CodeRate, problem, wait)
		return
	}
	at := c.hub.clock.Now()
	m := wire.Message{ID: p.ID, User: *c.user.Load(), Text: text, At: at.UnixMilli(), Expires: at.UnixMilli() + ttl}
	k := key{c.userID, p.ID}
	if wait, repeat := r.reserve(c, k, len(wire.EncodeMessage(m)), at); wait > 0 || repeat {
		c.hub.readmit(c, now)
		if !repeat {
			refuse(wire.CodeFull, fullMessage, wait)
		}
		return
	}
	c.posts.add()
	c.hub.stream.Append(r.name, m, func(receipt Receipt, err error) {
		r.stored(c, k, now, receipt, err)
		c.posts.done()
	})
}

// maxRepeats of one post may wait for the stream's answer to it.
const maxRepeats = 64

const fullMessage = "The room is full. Wait until some of its messages have expired."

// repeat answers p from what lives, or promises the answer, if the same user has posted the same id before.
func (h *Hub) repeat(c *Client, p wire.Post) bool {
	h.mu.Lock()
	r := h.rooms[p.Room]
	h.mu.Unlock()
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.repeatLocked(c, key{c.userID, p.ID})
}

// repeatLocked reports whether k was posted before, and answers c now or when the stream has.
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
	m, ok := r.livingLocked(k)
	if ok {
		r.acceptLocked(c, m, true)
	}
	return ok
}

// livingLocked returns the message known as k, if it lives.
func (r *room) livingLocked(k key) (m wire.Message, ok bool) {
	switch w, live := r.pending[k], r.byKey[k]; {
	case live != nil:
		m = wire.Message{Seq: live.seq, ID: k.id, At: live.at, Expires: live.expires}
	case w != nil && w.stored != nil:
		m = *w.stored
	}
	return m, m.Expires > r.hub.clock.Now().UnixMilli()
}

// reserve takes the place of a message of that size, or says how long until the room may have one. It looks for a
// repeat once more, now that nobody can come between: the same person may post from two connections at once.
func (r *room) reserve(c *Client, k key, size int, now time.Time) (wait time.Duration, repeat bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.repeatLocked(c, k) {
		return 0, true
	}
	limit := r.hub.config
	if len(r.live)+len(r.pending) >= limit.RoomMessages || r.bytes+r.waiting+size > limit.RoomBytes {
		return r.nextExpiryLocked(now), false
	}
	if r.pending[k] != nil { // of an earlier message, which has expired
		r.settleLocked(k)
	}
	r.pending[k] = &pending{size: size}
	r.hub.posts.add()
	r.waiting += size
	return 0, false
}

// nextExpiryLocked returns how long until a message of the room expires.
func (r *room) nextExpiryLocked(now time.Time) time.Duration {
	wait := retryUnavailable // everything is still on its way to the stream
	for i, m := range r.live {
		if left := time.UnixMilli(m.expires).Sub(now); i == 0 || left < wait {
			wait = left
		}
	}
	return max(wait, time.Millisecond)
}

// stored answers the author of k, admitted at the time of that name, and whoever repeated it meanwhile, once the stream has
// said what became of it.
func (r *room) stored(author *Client, k key, admitted time.Time, receipt Receipt, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.pending[k]
	if r.hub.unsettled.Load() { // it would not reach everyone: better that its author sends it again
		for _, c := range w.repeats {
			c.posts.done()
		}
		r.settleLocked(k)
		return
	}
	live, delivered := r.livingLocked(k)
	if err != nil && !delivered { // delivered, although its acknowledgement was lost, is accepted
		r.hub.readmit(author, admitted)
		r.refuseLocked(author, k, err)
		for _, c := range w.repeats {
			r.refuseLocked(c, k, err)
			c.posts.done()
		}
		r.settleLocked(k)
		return
	}
	m := receipt.Message
	if err != nil {
		m = live
	}
	if receipt.Repeat {
		r.hub.readmit(author, admitted)
	}
	r.acceptLocked(author, m, receipt.Repeat)
	for _, c := range w.repeats {
		r.acceptLocked(c, m, true)
		c.posts.done()
	}
	m.Text = "" // an answer does not need it
	if w.stored = &m; m.Seq <= r.head || r.closed {
		r.settleLocked(k)
	}
}

func (r *room) acceptLocked(c *Client, m wire.Message, repeat bool) {
	r.hub.counts.accept(repeat)
	c.member.Send(NewFrame(wire.Accepted{ID: m.ID, Room: r.name, Seq: m.Seq, At: m.At, Expires: m.Expires, Repeat: repeat}))
}

func (r *room) refuseLocked(c *Client, k key, err error) {
	refused := wire.Refused{Re: wire.Kind(wire.Post{}), Room: r.name, ID: k.id, Code: wire.CodeUnavailable,
		Message: "The message could not be stored now. Try again soon."}
	retry := retryUnavailable
	if errors.Is(err, ErrFull) {
		refused.Code, refused.Message, retry = wire.CodeFull, fullMessage, r.nextExpiryLocked(r.hub.clock.Now())
	} else {
		r.hub.log.Warn("post not stored", "room", r.name, "user_id", c.userID, "err", err)
	}
	c.Refuse(refused, retry)
}
