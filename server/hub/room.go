package hub

import (
	"slices"
	"sync"
	"time"

	"mayfly/shared/wire"
)

// pending is a post that was handed to the stream and is not yet both stored and delivered.
type pending struct {
	stored  *Event    // the event that the stream stored, without its Body; nil until the stream has answered
	repeats []*Client // clients that sent the same post again and wait for the same answer
	size    int       // encoded bytes of the message
}

// room is an open room: it has members on this node, or it had members less than keepEmptyFor ago.
type room struct {
	opened chan struct{} // static; closed when err and stop are set
	err    error         // why the room did not open; static once opened
	stop   func()        // static once opened

	// mu guards what follows. It is held during fan-out, so that all members see one order; Member.Send never blocks. Do not
	// call Append or Follow with mu held: see the package comment.
	mu           sync.Mutex
	attendance        // hub and name in it are static
	closed       bool // no client can join this room any more; the next join makes a new room
	timeline     timeline
	pending      map[key]*pending
	pendingBytes int // encoded bytes of pending
}

func newRoom(h *Hub, name string) *room {
	return &room{
		attendance: attendance{hub: h, name: name, leftAt: time.Now(), people: newPeople()},
		opened:     make(chan struct{}), timeline: newTimeline(), pending: map[key]*pending{},
	}
}

// deliver runs when the stream brings an event, in seq order. It sends a message to every member, and passes over an event
// of a kind that this node does not know.
func (r *room) deliver(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || e.Seq <= r.timeline.head {
		return
	}
	r.timeline.head = e.Seq
	r.hub.clock.AdvanceTo(time.UnixMilli(e.At))
	if e.Expires > r.hub.clock.Now().UnixMilli() {
		r.addLocked(e)
	}
	for k, p := range r.pending { // also posts that are stored and whose copy never came from the stream
		if p.stored != nil && p.stored.Seq <= r.timeline.head {
			r.finishLocked(k)
		}
	}
}

// addLocked adds the message of e to the timeline, schedules its expiry and sends it to every member.
func (r *room) addLocked(e Event) {
	m := r.timeline.add(e)
	if m == nil {
		return
	}
	r.hub.schedule(r, m)
	delete(r.typing, e.User)
	if len(r.members) > 0 {
		r.sendLocked(&Frame{whole: wire.EncodePosted(r.name, m.encoded), expires: m.expires})
	}
}

// join makes c a member, if it is none yet, and sends it joined with the live messages after cursor. It returns false if the
// room is closed.
func (r *room) join(c *Client, cursor *wire.Cursor) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.enter(c)
	if !c.member.Send(r.snapshotLocked(cursor)) {
		r.dropLocked(c)
	}
	return true
}

// snapshotLocked returns the joined frame for a client that has every message up to cursor. A client without a
// cursor has no message.
func (r *room) snapshotLocked(cursor *wire.Cursor) *Frame {
	r.forget(time.Now())
	epoch, now := r.hub.stream.Epoch(), r.hub.clock.Now().UnixMilli()
	var missed []*message
	resumed := false
	if cursor != nil && cursor.Epoch == epoch && cursor.Seq <= r.timeline.head {
		missed = r.timeline.after(cursor.Seq, now)
		resumed = len(missed) == len(newest(missed))
	}
	if !resumed {
		missed = newest(living(r.timeline.live, now))
	}
	before, after := wire.Joined{
		Room: r.name, Epoch: epoch, Head: r.timeline.head, Resumed: resumed,
		TTL: r.hub.config.TTL.Default, People: int64(r.people.count()),
	}.Parts()
	return &Frame{before: before, after: after, messages: missed, quiet: resumed && len(missed) == 0}
}

// leave removes c from the members. Its user still counts for graceAfter, but is not typing any more.
func (r *room) leave(c *Client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropLocked(c)
}

// leaveUntil removes c from the members. Its user, who will come back, counts until that time.
func (r *room) leaveUntil(c *Client, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(c, until)
}

// has reports whether c is a member, and returns the head. A member has been sent every message up to the head.
func (r *room) has(c *Client) (head int64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.timeline.head, slices.Contains(r.members, c)
}

// finishLocked removes the pending post with key k.
func (r *room) finishLocked(k key) {
	r.pendingBytes -= r.pending[k].size
	delete(r.pending, k)
	r.hub.posts.done()
}

// closeLocked marks the room as closed. It finishes the posts that the stream has stored: they only wait for their
// delivery, and a closed room delivers nothing. The users of this node do not count in the room any more.
func (r *room) closeLocked() {
	r.closed = true
	for id := range r.people.leaving {
		r.hub.directory.leave(id, r.name)
	}
	for k, p := range r.pending {
		if p.stored != nil {
			r.finishLocked(k)
		}
	}
}

// tidy finishes posts that were stored and have expired at clock, but whose copy never came back from the stream. It
// stops counting the users whose time is over at now, and tells the members who came and went. clock is the time of the
// hub's Clock; now is from time.Now.
func (r *room) tidy(clock, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, p := range r.pending {
		if p.stored != nil && p.stored.Expires <= clock.UnixMilli() {
			r.finishLocked(k)
		}
	}
	r.forget(now)
	r.forgetTypists(now)
	if now.Sub(r.hub.nodes.born) >= presenceAfter {
		r.tellPresence()
	}
}

// emptySince reports whether the room is open and has no members, and returns when the last member left.
func (r *room) emptySince() (left time.Time, empty bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.opened:
	default:
		return time.Time{}, false // the room is being opened for a client that is about to join
	}
	return r.leftAt, !r.closed && len(r.members) == 0
}

// closeIfLeft closes the room and returns true if the room is empty and its last member left at then or earlier. The
// caller must then call Hub.drop for the room.
func (r *room) closeIfLeft(then time.Time) bool {
	r.mu.Lock()
	left := !r.closed && len(r.members) == 0 && !r.leftAt.After(then)
	if left {
		r.closeLocked()
	}
	r.mu.Unlock()
	if left {
		r.stopFollowing()
	}
	return left
}

// close closes the room and stops following it.
func (r *room) close() {
	r.mu.Lock()
	open := !r.closed
	r.closeLocked()
	r.mu.Unlock()
	if open {
		r.stopFollowing()
	}
}

// stopFollowing stops following the room in the stream. Only the goroutine that set closed calls it, and only once. It
// blocks while the room is still being opened.
func (r *room) stopFollowing() {
	<-r.opened
	if r.err == nil {
		r.stop()
	}
}
