// Package hub delivers messages to the members of this node's rooms and takes each message away when its time is up. It
// knows what lives in every room that has somebody here: it answers joins from memory, recognises repeats, and filters
// every read by the clock, so that an expired message is never sent however late anything runs.
//
// It stores nothing itself: a Stream does, and everything that members see comes back from the Stream, never from the
// path that posted it, so that all nodes and all members see one order. It knows no HTTP, no NATS and no WebSocket: a
// Member is whatever takes frames. It counts for itself, too, in plain numbers that Stats returns: the Prometheus client
// brings net/http along, and whoever serves metrics turns them into some.
package hub

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mayfly/shared/wire"
)

// ErrFull is what a Stream's Append ends with when the room or the stream holds as much as it may.
var ErrFull = errors.New("stream is full")

// ErrTooManyRooms is why a room isn't opened on a node that serves Config.Rooms of them already.
var ErrTooManyRooms = errors.New("too many rooms on this node")

// Stream stores each room's messages and brings them to every node in one order.
type Stream interface {
	// Epoch names the stream's memory: seqs of different epochs can't be compared.
	Epoch() string
	// Append stores m, whose Seq it gives, and calls done once, from any goroutine, when it is stored or is not. It
	// returns without waiting for that, though it may wait a moment if very many are on their way. A message of the same
	// user, room and id that still lives makes it a repeat.
	Append(room string, m wire.Message, done func(Receipt, error))
	// Follow calls deliver, from one goroutine and in seq order, with what the room holds, returns, and goes on with
	// each message stored later, without a gap, until stop is called. Stop does not wait.
	Follow(ctx context.Context, room string, deliver func(wire.Message)) (stop func(), err error)
}

// Receipt is what a Stream stored: the message of this Append, or the living one that it repeats.
type Receipt struct {
	Message wire.Message
	Repeat  bool
}

// Config bounds what a Hub takes.
type Config struct {
	TTL          wire.TTL
	Posts        int           // accepted posts a user may make
	GuestPosts   int           // and all anonymous users of one address together: making up another one costs nothing
	Per          time.Duration // in any span of this length
	RoomMessages int           // live messages a room may hold
	RoomBytes    int           // and their encoded bytes
	Rooms        int           // rooms this node serves
}

const (
	// openTimeout bounds how long the first join of a room waits for the stream.
	openTimeout = 5 * time.Second
	// lingerFor is how long a room that everyone left stays in memory: a reload or a short cut finds it warm.
	lingerFor = time.Minute
	// lookEvery bounds how late a jump of the clock is noticed.
	lookEvery = time.Second
	// retryRooms is what a client is told to wait when every room that the node serves has people in it.
	retryRooms = 10 * time.Second
	// retryUnavailable is what a client is told to wait when the stream doesn't answer.
	retryUnavailable = 2 * time.Second
	// settleTimeout is how long the stream may settle no post when the hub waits for it, and settleLooks how often the
	// hub looks meanwhile.
	settleTimeout = 5 * time.Second
	settleLooks   = 5
)

// Hub delivers messages to each room's members and expires them. Of what clients ask, only Join waits for the stream.
type Hub struct {
	config Config        // static
	stream Stream        // static
	clock  *Clock        // static
	log    *slog.Logger  // static
	wake   chan struct{} // static; capacity 1: the earliest deadline changed
	counts counts        // atomics

	opening sync.WaitGroup // rooms that are being followed for the first time
	posts   tally          // being handled, without an answer of the stream's, or stored and not delivered here yet

	unsettled atomic.Bool // Settle gave up: nothing is accepted any more

	mu    sync.Mutex         // guards what follows; a room's mutex may be held when it is taken, never the other way round
	rooms map[string]*room   // open and opening ones
	due   dueHeap            // live messages of all rooms, earliest deadline first
	rates map[string]*window // of posts, by user id or address key
}

// New returns a hub that keeps its messages in stream, for as long as clock says. Run must be running for them to expire.
func New(config Config, stream Stream, clock *Clock, log *slog.Logger) *Hub {
	return &Hub{
		config: config, stream: stream, clock: clock, log: log, wake: make(chan struct{}, 1), posts: tally{none: make(chan struct{}, 1)}, counts: counts{refused: countedCodes()},
		rooms: map[string]*room{}, rates: map[string]*window{},
	}
}

// Run expires messages until ctx is done, then stops following every room. No other goroutine does.
func (h *Hub) Run(ctx context.Context) error {
	timer := time.NewTimer(lookEvery)
	defer timer.Stop()
	tidied := time.Now()
	for {
		select {
		case <-ctx.Done():
			for _, r := range h.snapshotRooms() {
				r.close()
			}
			h.opening.Wait()
			return nil
		case <-h.wake:
		case <-timer.C:
		}
		now := time.Now()
		next := h.expire(h.clock.Now())
		if now.Sub(tidied) >= lookEvery {
			h.tidy(now)
			tidied = now
		}
		timer.Reset(next)
	}
}

// open returns the room of that name, following it first if nobody here did. It waits for the stream, at most
// openTimeout.
func (h *Hub) open(ctx context.Context, name string) (*room, error) {
	h.mu.Lock()
	r, opening := h.rooms[name]
	for !opening && len(h.rooms) >= h.config.Rooms {
		h.mu.Unlock()
		if !h.makePlace() {
			return nil, ErrTooManyRooms
		}
		h.mu.Lock()
		r, opening = h.rooms[name]
	}
	if !opening {
		r = newRoom(h, name)
		h.rooms[name] = r
	}
	h.mu.Unlock()
	if !opening {
		h.opening.Go(func() { h.follow(r) })
	}
	select {
	case <-r.opened: // also when ctx is done: nobody waits then
		return r, r.err
	default:
	}
	select {
	case <-r.opened:
		return r, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// follow opens r: it reads what lives there. It may not depend on who asked first, as others may wait for r too.
func (h *Hub) follow(r *room) {
	defer close(r.opened)
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	r.stop, r.err = h.stream.Follow(ctx, r.name, r.deliver)
	if r.err != nil {
		r.mu.Lock()
		r.closed = true
		r.mu.Unlock()
		h.drop(map[*room]bool{r: true})
		h.log.Warn("room did not open", "room", r.name, "err", r.err)
	}
}

// schedule puts live messages on the heap and wakes Run if one of them is the earliest.
func (h *Hub) schedule(r *room, m *message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	heap.Push(&h.due, dueMessage{m, r})
	if h.due[0].message == m {
		select {
		case h.wake <- struct{}{}:
		default:
		}
	}
}

// drop forgets closed rooms and the deadlines of their messages, so that the next join opens a new one.
func (h *Hub) drop(closed map[*room]bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for r := range closed {
		if h.rooms[r.name] == r {
			delete(h.rooms, r.name)
		}
	}
	kept := slices.DeleteFunc(h.due, func(m dueMessage) bool { return closed[m.room] })
	if len(kept) < len(h.due) {
		h.due = kept
		heap.Init(&h.due)
	}
}

func (h *Hub) snapshotRooms() []*room {
	h.mu.Lock()
	defer h.mu.Unlock()
	rooms := make([]*room, 0, len(h.rooms))
	for _, r := range h.rooms {
		rooms = append(rooms, r)
	}
	return rooms
}

// tidy lets go of rooms that nobody came back to and of users who have been quiet.
func (h *Hub) tidy(now time.Time) {
	closed := map[*room]bool{}
	for _, r := range h.snapshotRooms() {
		r.forgetLost(h.clock.Now())
		r.forgetAway(now)
		if r.closeIfLeft(now.Add(-lingerFor)) {
			closed[r] = true
		}
	}
	if len(closed) > 0 {
		h.drop(closed)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for user, w := range h.rates {
		if w.idle(now) {
			delete(h.rates, user)
		}
	}
}

// makePlace closes the room that has been empty for longest, to make place for another, and reports whether there was one:
// rooms that linger must not keep people out.
func (h *Hub) makePlace() bool {
	var longest *room
	var since time.Time
	for _, r := range h.snapshotRooms() {
		if left, empty := r.emptySince(); empty && (longest == nil || left.Before(since)) {
			longest, since = r, left
		}
	}
	if longest == nil || !longest.closeIfLeft(since) {
		return false
	}
	h.drop(map[*room]bool{longest: true})
	return true
}

// Settle takes no more posts, and waits until the stream has answered those that were taken and everyone here has been
// sent what it stored. It fails when the stream settles none of them for settleTimeout, or when ctx is done. From then on
// no post is accepted. A post that gets no answer is sent again by its client, which is about to be told to come back.
func (h *Hub) Settle(ctx context.Context) error {
	h.posts.closed.Store(true)
	ctx, cancel := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { h.posts.watch(ctx, func() { cancel(errStalled) }) })
	h.posts.wait(ctx)
	cancel(nil)
	watch.Wait()
	if h.posts.n.Load() == 0 {
		return nil
	}
	h.unsettled.Store(true)
	return fmt.Errorf("not everything that was posted is settled: %w", context.Cause(ctx))
}

var errStalled = fmt.Errorf("the stream has answered and brought nothing for %s", settleTimeout)

// tally counts what is not settled yet. One goroutine may wait for that.
type tally struct {
	n       atomic.Int64
	settled atomic.Int64  // how often done was called
	closed  atomic.Bool   // nothing begins any more
	none    chan struct{} // static; capacity 1: n has come down to 0
}

// watch calls stalled once nothing was done for settleTimeout, unless ctx is done before.
func (t *tally) watch(ctx context.Context, stalled func()) {
	look := time.NewTicker(settleTimeout / settleLooks)
	defer look.Stop()
	for before, idle := t.settled.Load(), 0; idle < settleLooks; {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
		now := t.settled.Load()
		if idle++; now != before {
			before, idle = now, 0
		}
	}
	stalled()
}

func (t *tally) add() { t.n.Add(1) }

// begin is add, unless t is closed; it reports whether it is not.
func (t *tally) begin() bool {
	t.add() // first, so that who closes t and then waits misses nothing
	if t.closed.Load() {
		t.done()
		return false
	}
	return true
}

func (t *tally) done() {
	t.settled.Add(1)
	if t.n.Add(-1) == 0 {
		select {
		case t.none <- struct{}{}:
		default:
		}
	}
}

func (t *tally) wait(ctx context.Context) {
	for t.n.Load() > 0 {
		select {
		case <-t.none:
		case <-ctx.Done():
			return
		}
	}
}
