package hub

import (
	"slices"
	"sync"
	"time"

	"mayfly/shared/wire"
)

// pending is a post that was given to the stream and is not finished. It is finished once the stream has stored it and
// has also delivered its event to this node, or has failed to store it.
type pending struct {
	author  *Client
	stored  *Event    // the event that the stream stored, without its Body; nil until the stream has answered
	repeats []*Client // clients that sent the same post again and wait for the same answer
	size    int       // encoded bytes of the message
	before  int64     // what pace had for the author before this post, in Unix milliseconds; 0: nothing
	noted   int64     // what pace has noted for this post, in Unix milliseconds
}

// told returns the clients that were told that their message has that seq. p is nil if no post waits.
func (p *pending) told(seq int64) []*Client {
	if p == nil || p.stored == nil || p.stored.Seq != seq {
		return nil
	}
	return append(p.repeats, p.author)
}

// room is an open room: it has members on this node, or had some lately (see keepEmptyFor).
type room struct {
	opened chan struct{} // static; closed once the room is open or has failed to open
	err    error         // why the room did not open; static once opened is closed
	stop   func()        // stops following the room in the stream; static once opened is closed
	next   appointment   // when the hub must expire a message of the room; Hub.mu guards it
	turns  turns         // whose posts wait for the stream

	// mu guards what follows. It is also held while a frame is sent to all members, so that all of them get the frames in
	// one order. It is not held for long, because Member.Send never blocks. Do not call Append or Follow with mu held:
	// see the package comment.
	mu           sync.Mutex
	attendance        // its fields hub and name are static
	closed       bool // no client can join this room any more; the next join makes a new room
	timeline     timeline
	pending      map[key]*pending
	pendingBytes int // encoded bytes of the messages in pending
	acts         acts
	arrivals     arrivals
	pace         pace
	moderation   moderation
}

func newRoom(h *Hub, name string) *room {
	r := &room{
		attendance: attendance{hub: h, name: name, leftAt: time.Now(), people: newPeople()},
		opened:     make(chan struct{}), timeline: newTimeline(), pending: map[key]*pending{},
		pace: newPace(), turns: turns{waiting: map[string][]turn{}},
	}
	r.acts, r.moderation.room = newActs(r), r
	r.arrivals = arrivals{room: r, waiting: map[chan struct{}]int64{}}
	return r
}

// deliver runs when the stream brings an event of the room; the events come in seq order. It applies the event to the
// timeline, and sends every member the change. If this node does not know the kind of the event, members are sent
// nothing. It returns what e has changed, and the clients that are not members any more because of e.
func (r *room) deliver(e Event) (change change, expelled []*Client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || e.Seq <= r.timeline.seen {
		return change, nil
	}
	r.hub.clock.AdvanceTo(time.UnixMilli(e.At))
	head, life := r.timeline.head, r.moderation.lifeLocked()
	change = r.timeline.apply(e, r.hub.clock.Now().UnixMilli())
	if change.outcome == decided && change.decision.Act == wire.ActTTL && r.moderation.lifeLocked() == life {
		change.outcome, r.timeline.head = already, head // messages live as long as before: nobody is told
	}
	if change.isNew && (change.outcome == removed || r.timeline.due[0] == change.message) {
		r.scheduleLocked()
	}
	if change.outcome == posted {
		delete(r.typing, e.User)
	}
	if e.Kind == KindMessage && change.outcome == already {
		k, m := e.key(), change.message
		for _, c := range r.pending[k].told(e.Seq) {
			r.acceptLocked(c, Event{Seq: m.seq, ID: k.id, At: m.at, Expires: m.expires}, true)
		}
	} else if e.Kind == KindMessage {
		r.pace.note(e.User, e.At)
		if r.pending[e.key()] != nil { // one node, the author's, stores it for all
			r.moderation.keepPaceLocked(e.User, e.At, e.Expires)
		}
	} else if e.Kind == KindPace {
		change.erase = r.pace.apply(e)
	}
	for _, seq := range change.seqs { // this node may have read only that the message was taken back
		m := r.timeline.removed[seq]
		r.pace.note(m.name.key().user, m.at)
	}
	// Make the stream erase what it may still store. A message that is not among these was erased already: the stream
	// delivered the removal to this node, but not the message.
	for _, seq := range change.erase {
		r.hub.stream.Erase(r.name, seq)
	}
	if change.outcome == decided || change.outcome == spread {
		expelled = r.moderation.onDecidedLocked(e, change)
	} else if len(r.members) > 0 {
		f, own := change.frames(r.name, e.Seq)
		r.sendButLocked(f, r.acts.senderLocked(e), own)
	}
	r.arrivals.announceLocked()
	r.acts.onDeliveredLocked(e, change)
	for k, p := range r.pending { // finish the posts with a seq up to that of e, even if their events never came
		if p.stored != nil && p.stored.Seq <= r.timeline.seen {
			r.finishLocked(k)
		}
	}
	return change, expelled
}

// join makes c a member, unless c is a member already. It then sends c the joined frame, which contains the changes after
// cursor. It returns false if r.closed is true. If c is banned from the room, c stays outside, and banned is for how long.
func (r *room) join(c *Client, cursor *wire.Cursor) (banned time.Duration, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return 0, false
	}
	if banned = r.moderation.bannedForLocked(c); banned > 0 {
		return banned, true
	}
	r.enter(c)
	if !c.member.Send(r.snapshotLocked(cursor)) {
		r.dropLocked(c)
	}
	return 0, true
}

// snapshotLocked returns the joined frame for a client that has every change of the room up to cursor. cursor is nil if
// the client has nothing of the room yet.
func (r *room) snapshotLocked(cursor *wire.Cursor) *Frame {
	r.forget(time.Now())
	epoch, now := r.hub.stream.Epoch(), r.hub.clock.Now().UnixMilli()
	var after *int64
	if cursor != nil && cursor.Epoch == epoch && r.arrivals.hasLocked(cursor.Seq) {
		after = &cursor.Seq
	}
	snapshot, resumed := r.timeline.snapshot(after, now)
	head := r.timeline.head
	if resumed { // the client may know of an event that has expired before this node opened the room (see catchUp)
		head = max(head, *after)
	}
	parts := wire.Joined{
		Room: r.name, Epoch: epoch, Head: head, Resumed: resumed,
		TTL: r.moderation.lifeLocked(), Slow: r.timeline.order.slow.ms, People: int64(r.people.count()),
	}.Parts()
	return &Frame{joined: &joined{parts, snapshot}, quiet: resumed && snapshot.empty()}
}

// leave removes c from the members. The user of c still counts as present for graceAfter (see dropLocked).
func (r *room) leave(c *Client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropLocked(c)
}

// leaveUntil removes c from the members. Its user will probably come back, so the user still counts as present until
// deadline.
func (r *room) leaveUntil(c *Client, deadline time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(c, deadline)
}

// has reports whether c is a member. It also returns the room's head. If c is a member, c was sent every change up to the
// head.
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

// closeLocked marks the room as closed. A closed room ignores the events that the stream delivers. So posts and acts that
// are stored and only wait for their delivery would wait forever: closeLocked finishes them. It also tells the directory
// that the users who still counted as present without a connection are not in the room any more.
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

// tidy does the regular work of the room. It no longer waits for stored posts and acts whose events the stream has not
// delivered in time: it waits for a post until the message expires, for an act as long as actTimeout says. It removes the
// users who left and did not come back in time, and tells the members which users came and went. It forgets who no longer
// types, the mutes and bans that have ended, and old times of posts. It goes on with a clear that is not finished. clock is
// the time of the hub's Clock, by which messages expire. now is the result of time.Now and decides everything else.
func (r *room) tidy(clock, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.timeline.order.clear.seq != 0 {
		r.hub.tasks.Go(r.moderation.sweepUp)
	}
	for k, p := range r.pending {
		if p.stored != nil && p.stored.Expires <= clock.UnixMilli() {
			r.finishLocked(k)
		}
	}
	r.acts.giveUpLocked(now)
	r.forget(now)
	r.forgetTypists(now)
	r.timeline.order.prune(clock.UnixMilli())
	r.pace.prune(clock.UnixMilli())
	if now.Sub(r.hub.nodes.born) >= presenceAfter {
		r.tellPresence()
	}
}

// emptySince reports whether the room is open and has no members. since is when the last member left, or when the room
// was made if it has never had a member.
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

// closeIfLeft closes the room if it has no members and the last member left at the time limit or earlier. It returns true
// if it has closed the room; then the caller must call Hub.drop for the room.
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

// stopFollowing stops following the room in the stream. Only the goroutine that has set r.closed calls it, and only once.
// If the room is still being opened, it blocks until that has ended.
func (r *room) stopFollowing() {
	<-r.opened
	if r.err == nil {
		r.stop()
	}
}
