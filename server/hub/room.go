package hub

import (
	"slices"
	"sync"
	"time"

	"mayfly/shared/wire"
)

// pending is a post that was handed to the stream and is not yet both stored and delivered.
type pending struct {
	author  *Client
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
	pendingBytes int // encoded bytes of the messages in pending
	acts         acts
}

func newRoom(h *Hub, name string) *room {
	r := &room{
		attendance: attendance{hub: h, name: name, leftAt: time.Now(), people: newPeople()},
		opened:     make(chan struct{}), timeline: newTimeline(), pending: map[key]*pending{},
	}
	r.acts = newActs(r)
	return r
}

// deliver runs when the stream brings an event, in seq order. It sends every member what the event has changed, and passes
// over an event of a kind that this node does not know.
func (r *room) deliver(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || e.Seq <= r.timeline.seen {
		return
	}
	r.hub.clock.AdvanceTo(time.UnixMilli(e.At))
	change := r.timeline.apply(e, r.hub.clock.Now().UnixMilli())
	if change.isNew {
		r.hub.schedule(r, change.message)
	}
	if change.outcome == posted {
		delete(r.typing, e.User)
	}
	if change.outcome == removed && !change.isNew { // this node had the message, so the stream may still store it
		r.hub.stream.Erase(r.name, change.message.seq)
	}
	if len(r.members) > 0 {
		f, own := change.frames(r.name, e.Seq)
		r.sendButLocked(f, r.acts.senderLocked(e), own)
	}
	r.acts.onDeliveredLocked(e, change)
	for k, p := range r.pending { // a later event also finishes a stored post whose own event never came
		if p.stored != nil && p.stored.Seq <= r.timeline.seen {
			r.finishLocked(k)
		}
	}
}

// join makes c a member, unless it is a member already, and sends it the frame joined, which brings what happened
// after cursor. It returns false if the room is closed.
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

// snapshotLocked returns the joined frame for a client that has everything up to cursor. If cursor is nil, the client
// has nothing.
func (r *room) snapshotLocked(cursor *wire.Cursor) *Frame {
	r.forget(time.Now())
	epoch, now := r.hub.stream.Epoch(), r.hub.clock.Now().UnixMilli()
	var after *int64
	if cursor != nil && cursor.Epoch == epoch {
		after = &cursor.Seq
	}
	snapshot, resumed := r.timeline.snapshot(after, now)
	parts := wire.Joined{
		Room: r.name, Epoch: epoch, Head: r.timeline.head, Resumed: resumed,
		TTL: r.hub.config.TTL.Default, People: int64(r.people.count()),
	}.Parts()
	return &Frame{joined: &joined{parts, snapshot}, quiet: resumed && snapshot.empty()}
}

// leave removes c from the members. Its user still counts as present for graceAfter; see dropLocked.
func (r *room) leave(c *Client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropLocked(c)
}

// leaveUntil removes c from the members. Its user will come back, and counts as present until the time deadline.
func (r *room) leaveUntil(c *Client, deadline time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(c, deadline)
}

// has reports whether c is a member, and returns the head. A member has been sent every change up to the head.
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

// closeLocked marks the room as closed. It finishes the posts and acts that the stream has stored: they only wait for
// their delivery, and a closed room delivers nothing. It tells the directory that the users who left a short time ago
// are not in the room any more.
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
	for _, a := range r.acts.byID {
		if a.stored {
			r.acts.abandonLocked(a)
		}
	}
}

// tidy gives up posts and acts that were stored but never delivered, stops counting users who did not come back in
// time, and tells the members who came and went. clock is the time of the hub's Clock: a stored post is given up when
// its message has expired by clock. now is from time.Now: it decides which acts to give up, and which users were away
// for too long.
func (r *room) tidy(clock, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, p := range r.pending {
		if p.stored != nil && p.stored.Expires <= clock.UnixMilli() {
			r.finishLocked(k)
		}
	}
	r.acts.giveUpLocked(now)
	r.forget(now)
	r.forgetTypists(now)
	if now.Sub(r.hub.nodes.born) >= presenceAfter {
		r.tellPresence()
	}
}

// emptySince reports whether the room is open and has no members. since is the time at which the last member left.
func (r *room) emptySince() (since time.Time, empty bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.opened:
	default:
		return time.Time{}, false // the room is being opened for a client that is about to join it
	}
	return r.leftAt, !r.closed && len(r.members) == 0
}

// closeIfLeft closes the room if it is empty and its last member left at the time limit or earlier. If it returns true,
// the room is closed, and the caller must call Hub.drop for it.
func (r *room) closeIfLeft(limit time.Time) bool {
	r.mu.Lock()
	left := !r.closed && len(r.members) == 0 && !r.leftAt.After(limit)
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
