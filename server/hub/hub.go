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
	"sync"
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
	// returns without waiting for that. A message of the same user, room and id that still lives makes it a repeat.
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
	// retryUnavailable is what a client is told to wait when the stream doesn't answer.
	retryUnavailable = 2 * time.Second
)

// Hub delivers messages to each room's members and expires them. Only Client.Join may block, and says so.
type Hub struct {
	config Config        // static
	stream Stream        // static
	log    *slog.Logger  // static
	wake   chan struct{} // static; capacity 1: the earliest deadline changed
	counts counts        // atomics

	mu    sync.Mutex         // guards what follows; a room's mutex may be held when it is taken, never the other way round
	rooms map[string]*room   // open and opening ones
	due   dueHeap            // live messages of all rooms, earliest deadline first
	rates map[string]*window // of posts, by user id or address key
}

// New returns a hub that keeps its messages in stream. Run must be running for them to expire.
func New(config Config, stream Stream, log *slog.Logger) *Hub {
	return &Hub{
		config: config, stream: stream, log: log, wake: make(chan struct{}, 1), counts: counts{refused: countedCodes()},
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
			return nil
		case <-h.wake:
		case <-timer.C:
		}
		now := time.Now()
		next := h.expire(now)
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
	if !opening {
		if len(h.rooms) >= h.config.Rooms {
			h.mu.Unlock()
			return nil, ErrTooManyRooms
		}
		r = newRoom(h, name)
		h.rooms[name] = r
	}
	h.mu.Unlock()
	if opening {
		select {
		case <-r.opened:
			return r, r.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	// Others may wait for this room too, so the first one's going away must not end it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), openTimeout)
	defer cancel()
	stop, err := h.stream.Follow(ctx, name, r.deliver)
	if err != nil {
		h.forget(r)
		r.err = fmt.Errorf("follow room %q: %w", name, err)
		h.log.Warn("room did not open", "room", name, "err", err)
	}
	r.stop = stop
	close(r.opened)
	return r, r.err
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

// forget takes r out of the map, so that the next join opens a new one.
func (h *Hub) forget(r *room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rooms[r.name] == r {
		delete(h.rooms, r.name)
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

// tidy lets go of rooms that nobody came back to and of users and addresses that have been quiet.
func (h *Hub) tidy(now time.Time) {
	for _, r := range h.snapshotRooms() {
		r.closeIfLeft(now)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for of, w := range h.rates {
		if w.idle(now) {
			delete(h.rates, of)
		}
	}
}
