package hub

import (
	"slices"
	"sort"
	"sync"
	"time"

	"mayfly/shared/wire"
)

// key identifies a message within a room: its author and the id that the author's client chose.
type key struct{ user, id string }

// message is a live message and its encoded bytes.
type message struct {
	seq     int64
	key     key
	at      int64  // Unix milliseconds
	expires int64  // Unix milliseconds
	encoded []byte // as it stands in joined; a posted frame is made from it
}

// pending is a post that was handed to the stream and is not yet both stored and delivered.
type pending struct {
	stored  *wire.Message // what the stream stored; nil until then
	repeats []*Client     // clients that sent the same post again and wait for the same answer
	size    int           // encoded bytes
}

// room is an open room: it has members on this node, or had some less than keepEmptyFor ago.
type room struct {
	hub    *Hub          // static
	name   string        // static
	opened chan struct{} // static; closed when err and stop are set
	err    error         // why the room did not open; static once opened
	stop   func()        // static once opened

	// mu guards what follows. It is held during fan-out, so that all members see one order; Member.Send never blocks. Do not
	// call Append or Follow with mu held: see the package comment.
	mu           sync.Mutex
	closed       bool      // nobody can join this room any more; a join opens a new one
	leftAt       time.Time // when the last member left
	members      []*Client
	people       map[string]int       // by user id: connections, plus one if the user is away
	away         map[string]time.Time // by user id: until when a user who is away stays counted
	head         int64                // the highest seq seen
	live         []*message           // live messages by seq
	byKey        map[key]*message     // the same by key
	liveBytes    int                  // encoded bytes of live
	pending      map[key]*pending
	pendingBytes int // encoded bytes of pending
}

func newRoom(h *Hub, name string) *room {
	return &room{
		hub: h, name: name, opened: make(chan struct{}), leftAt: time.Now(),
		people: map[string]int{}, away: map[string]time.Time{}, byKey: map[key]*message{}, pending: map[key]*pending{},
	}
}

// deliver runs when the stream brings a message, in seq order. It sends the message to every member.
func (r *room) deliver(m wire.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || m.Seq <= r.head {
		return
	}
	r.head = m.Seq
	r.hub.clock.AdvanceTo(time.UnixMilli(m.At))
	if m.Expires > r.hub.clock.Now().UnixMilli() {
		r.addLocked(m)
	}
	for k, p := range r.pending { // also posts whose own copy never came
		if p.stored != nil && p.stored.Seq <= r.head {
			r.finishLocked(k)
		}
	}
}

// addLocked adds m to the live messages, schedules its expiry and sends it to every member.
func (r *room) addLocked(m wire.Message) {
	live := &message{seq: m.Seq, key: key{m.User.ID, m.ID}, at: m.At, expires: m.Expires, encoded: wire.EncodeMessage(m)}
	r.live = append(r.live, live)
	r.byKey[live.key] = live
	r.liveBytes += len(live.encoded)
	r.hub.schedule(r, live)
	if len(r.members) > 0 {
		r.sendLocked(&Frame{whole: wire.EncodePosted(r.name, live.encoded), expires: live.expires})
	}
}

// sendLocked sends f to every member and drops members whose queue is full.
func (r *room) sendLocked(f *Frame) {
	var slow []*Client
	for _, c := range r.members {
		if !c.member.Send(f) {
			slow = append(slow, c)
		}
	}
	r.hub.counts.deliveries.Add(int64(len(r.members) - len(slow)))
	for _, c := range slow {
		r.dropLocked(c)
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
	if !slices.Contains(r.members, c) {
		r.members = append(r.members, c)
		r.people[c.userID]++
	}
	if !c.member.Send(r.snapshotLocked(cursor)) {
		r.dropLocked(c)
	}
	return true
}

// snapshotLocked returns the joined frame for a client that has every message up to cursor. A client without a
// cursor has no message.
func (r *room) snapshotLocked(cursor *wire.Cursor) *Frame {
	epoch, now := r.hub.stream.Epoch(), r.hub.clock.Now().UnixMilli()
	var missed []*message
	resumed := false
	if cursor != nil && cursor.Epoch == epoch && cursor.Seq <= r.head {
		from := sort.Search(len(r.live), func(i int) bool { return r.live[i].seq > cursor.Seq })
		missed = living(r.live[from:], now)
		resumed = len(missed) == len(newest(missed))
	}
	if !resumed {
		missed = newest(living(r.live, now))
	}
	before, after := wire.Joined{
		Room: r.name, Epoch: epoch, Head: r.head, Resumed: resumed,
		TTL: r.hub.config.TTL.Default, People: int64(len(r.people)),
	}.Parts()
	return &Frame{before: before, after: after, messages: missed, quiet: resumed && len(missed) == 0}
}

// living returns the messages that have not expired at now.
func living(messages []*message, now int64) []*message {
	return slices.DeleteFunc(slices.Clone(messages), func(m *message) bool { return m.expires <= now })
}

// newest returns as many of the last messages as fit in one joined.
func newest(messages []*message) []*message {
	from, bytes := len(messages), 0
	for from > 0 && len(messages)-from < wire.MaxJoined {
		bytes += len(messages[from-1].encoded) + 1
		if bytes > wire.MaxJoinedBytes {
			break
		}
		from--
	}
	return messages[from:]
}

// leave removes c from the members.
func (r *room) leave(c *Client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropLocked(c)
}

func (r *room) dropLocked(c *Client) {
	i := slices.Index(r.members, c)
	if i < 0 {
		return
	}
	r.members = slices.Delete(r.members, i, i+1)
	r.uncountLocked(c.userID)
	r.leftAt = time.Now()
}

func (r *room) uncountLocked(user string) {
	if r.people[user]--; r.people[user] == 0 {
		delete(r.people, user)
	}
}

// leaveUntil removes c from the members, but its user stays in the people count until that time.
func (r *room) leaveUntil(c *Client, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.members, c) {
		return
	}
	if _, away := r.away[c.userID]; !away {
		r.people[c.userID]++
	}
	r.away[c.userID] = until
	r.dropLocked(c)
}

// forgetAway removes from the people count the users who are away and whose time is over at now.
func (r *room) forgetAway(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for user, until := range r.away {
		if !until.After(now) {
			delete(r.away, user)
			r.uncountLocked(user)
		}
	}
}

// has reports whether c is a member, and returns the head: c has been sent every message up to it.
func (r *room) has(c *Client) (head int64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.head, slices.Contains(r.members, c)
}

// finishLocked removes a pending post.
func (r *room) finishLocked(k key) {
	r.pendingBytes -= r.pending[k].size
	delete(r.pending, k)
	r.hub.posts.done()
}

// closeLocked marks the room as closed. It finishes the posts that are stored: they wait to be delivered, and a closed room
// delivers nothing.
func (r *room) closeLocked() {
	r.closed = true
	for k, p := range r.pending {
		if p.stored != nil {
			r.finishLocked(k)
		}
	}
}

// forgetLost finishes posts that were stored and have expired, but whose copy never came back from the stream.
func (r *room) forgetLost(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, p := range r.pending {
		if p.stored != nil && p.stored.Expires <= now.UnixMilli() {
			r.finishLocked(k)
		}
	}
}

// emptySince reports whether the room is open and has no members, and when the last one left.
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

// closeIfLeft closes the room and returns true if its last member left at then or earlier. The caller must drop the room.
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

// stopFollowing stops following the room in the stream. The goroutine that set closed calls it, once. It blocks while the
// room is still being opened.
func (r *room) stopFollowing() {
	<-r.opened
	if r.err == nil {
		r.stop()
	}
}
