package hub

import (
	"slices"
	"sort"
	"sync"
	"time"

	"mayfly/shared/wire"
)

// key is what makes a message known within a room: who sent it, and under which id.
type key struct{ user, id string }

// message is one that lives, with its bytes as every frame needs them.
type message struct {
	seq     int64
	key     key
	at      int64
	expires int64  // Unix milliseconds
	encoded []byte // as in joined; posted is made of it
}

// pending is a post from when it is handed to the stream until it is both stored and delivered.
type pending struct {
	stored  *wire.Message // set once it is
	repeats []*Client     // who sent it again before
	size    int           // encoded bytes
}

// room is one room that has, or just had, members on this node.
type room struct {
	hub    *Hub          // static
	name   string        // static
	opened chan struct{} // static; closed when err and stop are set
	err    error         // why it did not open; static once opened
	stop   func()        // static once opened

	mu      sync.Mutex // guards what follows; held during fan-out, as Member.Send never blocks, so that all see one order
	closed  bool       // nobody may join any more: open another
	leftAt  time.Time  // when the last member left
	members []*Client
	people  map[string]int       // connections by user id; who is away counts as one
	away    map[string]time.Time // until when, by user id
	head    int64                // the highest seq seen
	live    []*message           // by seq
	byKey   map[key]*message
	bytes   int // of live
	pending map[key]*pending
	waiting int // bytes of pending
}

func newRoom(h *Hub, name string) *room {
	return &room{
		hub: h, name: name, opened: make(chan struct{}), leftAt: time.Now(),
		people: map[string]int{}, away: map[string]time.Time{}, byKey: map[key]*message{}, pending: map[key]*pending{},
	}
}

// deliver takes one message from the stream, in seq order, and sends it to everyone in the room.
func (r *room) deliver(m wire.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || m.Seq <= r.head {
		return
	}
	r.head = m.Seq
	r.hub.clock.Reach(time.UnixMilli(m.At))
	if m.Expires > r.hub.clock.Now().UnixMilli() {
		r.addLocked(m)
	}
	for k, p := range r.pending { // also those whose copy was skipped
		if p.stored != nil && p.stored.Seq <= r.head {
			r.settleLocked(k)
		}
	}
}

// addLocked keeps m while it lives, and sends it to everyone in the room.
func (r *room) addLocked(m wire.Message) {
	live := &message{seq: m.Seq, key: key{m.User.ID, m.ID}, at: m.At, expires: m.Expires, encoded: wire.EncodeMessage(m)}
	r.live = append(r.live, live)
	r.byKey[live.key] = live
	r.bytes += len(live.encoded)
	r.hub.schedule(r, live)
	if len(r.members) > 0 {
		r.sendLocked(&Frame{whole: wire.EncodePosted(r.name, live.encoded), expires: live.expires})
	}
}

// sendLocked sends f to every member; who has no room for it leaves.
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

// join adds c, if it is new, and sends it what lives after cursor. It reports whether the room was still open.
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

// snapshotLocked returns the joined frame for a client that has everything up to cursor.
func (r *room) snapshotLocked(cursor *wire.Cursor) *Frame {
	epoch, now := r.hub.stream.Epoch(), r.hub.clock.Now().UnixMilli()
	var missed []*message
	resumed := false
	if cursor != nil && cursor.Epoch == epoch && cursor.Seq <= r.head {
		missed = living(r.live[sort.Search(len(r.live), func(i int) bool { return r.live[i].seq > cursor.Seq }):], now)
		resumed = len(missed) == len(newest(missed))
	}
	if !resumed {
		missed = newest(living(r.live, now))
	}
	before, after := wire.Joined{
		Room: r.name, Epoch: epoch, Head: r.head, Resumed: resumed, TTL: r.hub.config.TTL.Default, People: int64(len(r.people)),
	}.Parts()
	return &Frame{before: before, after: after, messages: missed, quiet: resumed && len(missed) == 0}
}

// living returns those of messages that have not expired at now.
func living(messages []*message, now int64) []*message {
	return slices.DeleteFunc(slices.Clone(messages), func(m *message) bool { return m.expires <= now })
}

// newest returns the last of messages that fit in one joined.
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

// leave takes c out of the room.
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

// leaveUntil takes c out of the room, but its person counts among the people until then.
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

// forgetAway no longer counts those who were away until now.
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

// has reports whether c is in the room, and the head that it has been sent.
func (r *room) has(c *Client) (head int64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.head, slices.Contains(r.members, c)
}

// settleLocked ends the wait for a post.
func (r *room) settleLocked(k key) {
	r.waiting -= r.pending[k].size
	delete(r.pending, k)
	r.hub.posts.done()
}

// closeLocked lets nobody join any more. What comes for the room is delivered to nobody, so nothing stored waits for that.
func (r *room) closeLocked() {
	r.closed = true
	for k, p := range r.pending {
		if p.stored != nil {
			r.settleLocked(k)
		}
	}
}

// forgetLost lets go of posts that were stored but whose copy never came, once they have expired.
func (r *room) forgetLost(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, p := range r.pending {
		if p.stored != nil && p.stored.Expires <= now.UnixMilli() {
			r.settleLocked(k)
		}
	}
}

// emptySince returns when the last member left, if the room is open and nobody is in it.
func (r *room) emptySince() (left time.Time, empty bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.opened:
	default:
		return time.Time{}, false // whoever opens it is about to come in
	}
	return r.leftAt, !r.closed && len(r.members) == 0
}

// closeIfLeft closes a room that everyone left by then, and reports whether it did. The caller drops it.
func (r *room) closeIfLeft(then time.Time) bool {
	r.mu.Lock()
	left := !r.closed && len(r.members) == 0 && !r.leftAt.After(then)
	if left {
		r.closeLocked()
	}
	r.mu.Unlock()
	if left {
		r.end()
	}
	return left
}

// close lets nobody join any more and stops following the room.
func (r *room) close() {
	r.mu.Lock()
	open := !r.closed
	r.closeLocked()
	r.mu.Unlock()
	if open {
		r.end()
	}
}

// end is what follows once closed is set, by whoever set it. It waits for a room that is just opening.
func (r *room) end() {
	<-r.opened
	if r.err == nil {
		r.stop()
	}
}
