// Package hub delivers messages to the members of this node's rooms and removes each message when its deadline passes. For
// every room that has members on this node, the hub keeps the live messages in memory, with their reactions. It answers
// joins from memory and recognises repeats. Every read leaves out the messages that have expired by the clock. So an
// expired message is never sent, even if it is removed from memory late. A message that was taken back is never sent again
// either, and the hub makes the Stream erase it.
//
// The hub stores nothing; a Stream does. Members see a message, a reaction or a removal only after the Stream has
// delivered it to this node. So all members on all nodes see one order. The hub imports no HTTP, no NATS and no
// WebSocket: a Member is anything that takes frames. Stats returns plain counters, and package server makes metrics of
// them, because the Prometheus client would import net/http.
//
// Files, roughly from the top down:
//   - hub, client: the Hub, and a connection of a user
//   - join, room, ahead: the rooms of this node, and what other nodes have earlier
//   - post, act, moderate, bans, sweep: what users and moderators do
//   - presence, attendance, typing: who is in a room
//   - expiry: when messages expire
//   - timeline, snapshot, order, pace, people: what a room holds; pure
//   - turns: the order of a user's posts and decisions
//   - nodes, others, directory, sightings, addresses: the exchange with other nodes; who is connected, and names
//   - event, decision, compact, index, name: what is stored, and how messages are found
//   - stream, signals: what the hub needs from package stream
//   - frame, refusals, rate, stats, clock: what the others use
//
// A Client, a room and nodes have a pointer to their Hub. The methods of Hub, Client, room and moderation are spread over
// several files: join to expiry, refusals, rate and stats.
//
// Locks are taken in this order, from left to right, and never in the other direction:
//
//	Client.mu, nodes.mu → room.mu → directory.mu → Hub.mu, Clock.mu, turns.mu, the locks in Member.Send and Stream.Erase
//
// Stream.Append, Stream.Follow, Signals.Send and Signals.Listen are never called with one of these locks held, because
// that could deadlock: Append calls done, Follow calls deliver and Listen calls receive, and these functions take
// room.mu. Also, NATS may hold a lock of its own while it calls done.
package hub

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"mayfly/server/audit"
	"mayfly/shared/wire"
)

// ErrTooManyRooms is the error of a join when this node already serves Config.Rooms rooms and all of them have members.
var ErrTooManyRooms = errors.New("too many rooms on this node")

// Config holds the limits of a Hub.
type Config struct {
	TTL          wire.TTL
	Posts        int           // how many posts of one user are accepted in any span of Per
	GuestPosts   int           // like Posts, but for all guests of one IP address together: one user can be several guests
	Acts         int           // like Posts, but counts reactions, removals, acts of moderators and typing frames
	Per          time.Duration // the span in which Posts, GuestPosts and Acts are counted
	RoomMessages int           // the most messages in one room; a message that was taken back counts until its deadline
	RoomBytes    int           // the most encoded bytes of the live messages in one room, with their reactions
	Rooms        int           // the most open rooms on this node
	Cluster      bool          // other nodes may have the same stream: ask them for their users before a room is opened
	Audit        *audit.Log    // gets what moderators decide, and the limits that users hit; nil: no log
}

const (
	// openTimeout is the longest time that the first join of a room waits for the stream.
	openTimeout = 5 * time.Second
	// keepEmptyFor is how long an empty room stays in memory, so that a user who reloads the page finds it open.
	keepEmptyFor = time.Minute
	// checkEvery is the longest time that Run sleeps. So Run notices a jump of the clock at most this late.
	checkEvery = time.Second
	// retryRooms is how long a client must wait before it tries a join again that has failed with ErrTooManyRooms.
	retryRooms = 10 * time.Second
	// If a client's frame fails because the stream does not answer, the client must wait for retryUnavailable before it
	// sends the frame again.
	retryUnavailable = 2 * time.Second
	// If no post or act ends during drainTimeout, Drain gives up. In that time, Drain checks drainChecks times whether a
	// post or an act has ended.
	drainTimeout = 5 * time.Second
	drainChecks  = 5
)

// Hub delivers messages to each room's members and expires them. Client.Join may wait until the stream has opened the
// room. Client.Post does not wait until the stream has stored the post. But a join, a reply and an act may wait for an
// event that another node got earlier (arrivals.catchUp), and a removal or a decision waits for its own event.
type Hub struct {
	config Config        // static
	stream Stream        // static
	clock  *Clock        // static
	log    *slog.Logger  // static
	wake   chan struct{} // static; capacity 1; a value tells Run that the earliest deadline has changed
	counts counts        // its counters are atomic

	directory *directory // static; who is connected, and the names
	nodes     *nodes     // static; the exchange with the other nodes

	tasks sync.WaitGroup // calls of follow, which opens a room, of sweepUp, spread, storePaces and turn.store that run
	// posts counts posts and acts, each from its check until it is both stored and delivered, or has failed. It also
	// counts the sweeps, the added addresses of bans and the times of posts that the stream has not answered yet.
	posts inflight

	drainFailed atomic.Bool // true once Drain has given up: from then on no post is accepted

	mu    sync.Mutex             // guards what follows; for the order of locks see the package comment
	rooms map[string]*room       // rooms that are open or are being opened
	due   dueRooms               // the rooms whose messages will expire, earliest deadline first
	rates map[string]*rateWindow // for posts, by user id or Client.address; for other keys see actsOf and chargeRename
}

// New returns a hub that stores its events in stream. The hubs of all nodes tell each other through signals which users
// they have, and who is typing. Messages expire by clock. Nothing expires unless Run runs.
func New(config Config, stream Stream, signals Signals, clock *Clock, log *slog.Logger) *Hub {
	h := &Hub{
		config: config, stream: stream, clock: clock, log: log, wake: make(chan struct{}, 1),
		posts: inflight{drained: make(chan struct{}, 1)}, counts: counts{refused: countedCodes(), decisions: countedActs()},
		directory: newDirectory(clock), rooms: map[string]*room{}, rates: map[string]*rateWindow{},
	}
	h.nodes = newNodes(h, signals)
	return h
}

// Run expires messages, tells the rooms who has come and gone, and exchanges signals with the other nodes, until ctx is
// done. None of this happens unless Run runs. When ctx is done, Run stops following every room and returns.
func (h *Hub) Run(ctx context.Context) error {
	var exchange sync.WaitGroup
	exchange.Go(func() { h.nodes.run(ctx) })
	timer := time.NewTimer(checkEvery)
	defer timer.Stop()
	tidied := time.Now()
	for {
		select {
		case <-ctx.Done():
			exchange.Wait() // a room that is closed has no users: the other nodes must not be told so
			for _, r := range h.snapshotRooms() {
				r.close()
			}
			h.tasks.Wait()
			return nil
		case <-h.wake:
		case <-timer.C:
		}
		now := time.Now()
		next := h.expire(h.clock.Now())
		if now.Sub(tidied) >= checkEvery {
			h.tidy(now)
			tidied = time.Now() // the time after tidy, so that a room is told who came and went at most once in checkEvery
		}
		timer.Reset(max(min(next, checkEvery-time.Since(tidied)), 0))
	}
}

// open returns the room of that name. If this node does not follow the room yet, open starts to follow it and blocks
// until the room is open: for meetTimeout and openTimeout at most, or until ctx is done.
func (h *Hub) open(ctx context.Context, name string) (*room, error) {
	h.mu.Lock()
	r, opening := h.rooms[name]
	for !opening && len(h.rooms) >= h.config.Rooms {
		h.mu.Unlock()
		if !h.evictEmptyRoom() {
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
		h.tasks.Go(func() { h.follow(r) })
	}
	select {
	case <-r.opened: // look here first: if ctx is done, too, the select below might choose ctx
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

// follow opens r: it makes the stream deliver r's live messages, and then the new ones. Its context is not the ctx of the
// join that opened r: if that client disconnected, the joins of other clients that wait for r would fail, too.
func (h *Hub) follow(r *room) {
	defer close(r.opened)
	h.nodes.meet()
	h.nodes.populate(r)
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	r.stop, r.err = h.stream.Follow(ctx, r.name, r.moderation.deliver)
	if r.err != nil {
		r.mu.Lock()
		r.closed = true
		r.mu.Unlock()
		h.drop(map[*room]bool{r: true})
		h.log.Warn("room did not open", "room", r.name, "err", r.err)
	}
}

// schedule puts r into h.due, or moves it there. deadline is when the first message of r expires, in Unix milliseconds. If
// no room has an earlier deadline, schedule wakes Run, which would otherwise sleep too long. The caller holds r.mu.
func (h *Hub) schedule(r *room, deadline int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.next.deadline = deadline
	if r.next.isDue {
		heap.Fix(&h.due, r.next.place)
	} else {
		heap.Push(&h.due, r)
	}
	if h.due[0] == r {
		select {
		case h.wake <- struct{}{}:
		default:
		}
	}
}

// drop removes the rooms in closed from the hub, and from h.due, the heap of deadlines. If a client later joins a room with
// the same name, the hub opens a new room.
func (h *Hub) drop(closed map[*room]bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for r := range closed {
		if h.rooms[r.name] == r {
			delete(h.rooms, r.name)
		}
		if r.next.isDue {
			heap.Remove(&h.due, r.next.place)
		}
	}
}

// room returns the room of that name if it is open on this node or is being opened, else nil.
func (h *Hub) room(name string) *room {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rooms[name]
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

// tidy runs about once in checkEvery. It tells the members of the rooms who has come and gone. It closes the rooms that
// have been empty for long enough, and removes the rates of users who have done nothing lately.
func (h *Hub) tidy(now time.Time) {
	closed := map[*room]bool{}
	for _, r := range h.snapshotRooms() {
		r.tidy(h.clock.Now(), now)
		if r.closeIfLeft(now.Add(-keepEmptyFor)) {
			closed[r] = true
		}
	}
	if len(closed) > 0 {
		h.drop(closed)
	}
	h.directory.tidy(now)
	h.mu.Lock()
	defer h.mu.Unlock()
	for user, w := range h.rates {
		if w.idle(now) {
			delete(h.rates, user)
		}
	}
}

// evictEmptyRoom closes the room that has been empty for the longest time, so that open can make another room. It returns
// false if it has closed no room. Rooms stay in memory for a time after the last member has left. Without
// evictEmptyRoom, such rooms could use up Config.Rooms.
func (h *Hub) evictEmptyRoom() bool {
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

// Drain makes the hub ignore posts and acts that come from now on. Then it blocks until every earlier post and act is
// finished: the stream has answered it, and if the stream has stored it, every member on this node was sent the result.
// Drain returns an error if no post or act has ended for drainTimeout, or when ctx is done. The posts and acts that still
// wait then get no answer. They are not lost: the server is about to tell every client to reconnect, and a client then
// sends again each post and act that has no answer.
func (h *Hub) Drain(ctx context.Context) error {
	h.posts.closed.Store(true)
	ctx, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { h.posts.watch(ctx, func() { cancel(errStalled) }) })
	drained := h.posts.wait(ctx)
	cause := context.Cause(ctx)
	cancel(nil)
	watching.Wait()
	if drained {
		return nil
	}
	h.drainFailed.Store(true)
	return fmt.Errorf("not every post was answered and delivered: %w", cause)
}

var errStalled = fmt.Errorf("the stream has answered and brought nothing for %s", drainTimeout)

// inflight counts the operations that are under way: those for which begin or add was called, and done was not called
// yet. wait blocks until there are none; at most one goroutine at a time may call wait.
type inflight struct {
	n       atomic.Int64  // how many operations are under way
	ended   atomic.Int64  // how many operations have ended
	closed  atomic.Bool   // true: begin returns false, so that no operation begins any more
	drained chan struct{} // static; capacity 1; a value says that n has reached 0
}

// watch calls stalled once no operation has ended for drainTimeout. If ctx is done first, watch returns without
// calling stalled.
func (f *inflight) watch(ctx context.Context, stalled func()) {
	check := time.NewTicker(drainTimeout / drainChecks)
	defer check.Stop()
	for before, idle := f.ended.Load(), 0; idle < drainChecks; {
		select {
		case <-check.C:
		case <-ctx.Done():
			return
		}
		now := f.ended.Load()
		if idle++; now != before {
			before, idle = now, 0
		}
	}
	stalled()
}

func (f *inflight) add() { f.n.Add(1) }

// begin counts an operation and returns true. If f.closed is true, it counts nothing and returns false.
func (f *inflight) begin() bool {
	f.add() // count before the check, so that a goroutine that closes f and then calls wait misses no operation
	if f.closed.Load() {
		f.done()
		return false
	}
	return true
}

func (f *inflight) done() {
	f.ended.Add(1)
	if f.n.Add(-1) == 0 {
		select {
		case f.drained <- struct{}{}:
		default:
		}
	}
}

// wait blocks until no operation is under way or ctx is done. It returns true if no operation is under way.
func (f *inflight) wait(ctx context.Context) (drained bool) {
	for f.n.Load() > 0 {
		select {
		case <-f.drained:
		case <-ctx.Done():
			return false
		}
	}
	return true
}
