package hub

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mayfly/shared/wire"
)

// Member is where a client's frames go: a connection, a test's recorder.
type Member interface {
	// Send takes f, which is shared, without ever blocking. It reports whether there was room; if not, the hub drops the
	// member from the room and it is the member's own business to say goodbye. The byte-bounded queue and the writer are
	// the member's own too.
	Send(f *Frame) bool
}

const (
	// maxMoves joins and leaves in any movesPer are taken from one connection.
	maxMoves = 64
	movesPer = 10 * time.Second
)

var tooManyMoves = fmt.Sprintf("Slow down: %d joins and leaves in %s.", maxMoves, human(movesPer))

// Client is one connection's part in the hub: its person and the rooms it is in. Join, Leave and Post are called by one
// goroutine, in the order in which the frames came; Beat, Rename and Close by any. Answers go to the Member.
type Client struct {
	hub     *Hub    // static
	member  Member  // static
	userID  string  // static
	mayPost bool    // static
	address string  // static; whose rate an anonymous user's posts count for too, "" for nobody's
	moves   *window // owned by the goroutine that calls Join and Leave
	posts   tally   // without an answer

	user atomic.Pointer[wire.User] // whose posts these are; Rename replaces it

	mu     sync.Mutex // guards what follows
	closed bool
	rooms  map[string]*room
	waits  map[string]wire.Refused // the answers to joins that may work later, by room; MaxRooms at most
}

// NewClient returns user's part in the hub, in no room yet. from names the address that the connection comes from, in any
// way that tells two apart; "" is an address that is not known and has no limit. Who may not post may still read. Close the
// client when the connection ends.
func (h *Hub) NewClient(m Member, user wire.User, from string, mayPost bool) *Client {
	c := &Client{hub: h, member: m, userID: user.ID, mayPost: mayPost, moves: newWindow(maxMoves, movesPer), posts: tally{none: make(chan struct{}, 1)}, rooms: map[string]*room{}}
	c.user.Store(&user)
	if user.Anonymous && from != "" {
		c.address = "address " + from // no user's id has a space
	}
	return c
}

// Rename makes name the user's, in all that they post from now on.
func (c *Client) Rename(name string) {
	user := *c.user.Load()
	user.Name = name
	c.user.Store(&user)
}

// Join adds the client to a room and answers joined; joining again is answered anew. It waits for the stream if nobody
// on this node was in the room, at most openTimeout or until ctx is done. re is the frame to blame: "join" or "hello".
func (c *Client) Join(ctx context.Context, re string, j wire.Join) {
	refuse := func(code wire.Code, message string, retry time.Duration) {
		c.refuseJoin(wire.Refused{Re: re, Room: j.Room, Code: code, Message: message}, retry)
	}
	if wait := c.moves.take(time.Now()); wait > 0 {
		refuse(wire.CodeRate, tooManyMoves, wait)
		return
	}
	if !wire.ValidRoom(j.Room) {
		refuse(wire.CodeRoom, "A room's name has 1 to 64 of a-z, 0-9 and -, and does not begin with -.", 0)
		return
	}
	if in, n := c.in(j.Room); in == nil && n >= wire.MaxRooms {
		refuse(wire.CodeRoom, fmt.Sprintf("You are in %d rooms, which is the most. Leave one first.", n), 0)
		return
	}
	for {
		r, err := c.hub.open(ctx, j.Room)
		if errors.Is(err, ErrTooManyRooms) {
			refuse(wire.CodeRoom, "This server has no place for another room now.", retryRooms)
			return
		}
		if err != nil {
			refuse(wire.CodeUnavailable, "The room cannot be opened now. Try again soon.", retryUnavailable)
			return
		}
		if c.enter(r, j.Cursor) {
			return
		}
	}
}

// enter joins r and remembers it. It reports whether that is settled: false if r was closed meanwhile.
func (c *Client) enter(r *room, cursor *wire.Cursor) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return true
	}
	if !r.join(c, cursor) {
		return false
	}
	c.rooms[r.name] = r
	delete(c.waits, r.name)
	return true
}

// refuseJoin answers a join, and remembers that its room may yet be joined: what is posted there meanwhile may work later, too.
func (c *Client) refuseJoin(f wire.Refused, retry time.Duration) {
	c.Refuse(f, retry)
	c.mu.Lock()
	defer c.mu.Unlock()
	if delete(c.waits, f.Room); retry <= 0 || len(c.waits) >= wire.MaxRooms {
		return
	}
	if c.waits == nil {
		c.waits = map[string]wire.Refused{}
	}
	f.RetryMS = milliseconds(retry)
	c.waits[f.Room] = f
}

// outside returns why a post is refused to whoever is not in room.
func (c *Client) outside(room string) (code wire.Code, message string, retry time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f, ok := c.waits[room]; ok {
		return f.Code, f.Message, time.Duration(f.RetryMS) * time.Millisecond
	}
	return wire.CodeRoom, "You are not in this room: join it first.", 0
}

// Leave takes the client out of a room.
func (c *Client) Leave(l wire.Leave) {
	if wait := c.moves.take(time.Now()); wait > 0 {
		c.Refuse(wire.Refused{Re: wire.Kind(l), Room: l.Room, Code: wire.CodeRate, Message: tooManyMoves}, wait)
		return
	}
	r, _ := c.in(l.Room)
	if r == nil {
		c.Refuse(wire.Refused{Re: wire.Kind(l), Room: l.Room, Code: wire.CodeRoom, Message: "You are not in this room."}, 0)
		return
	}
	c.mu.Lock()
	delete(c.rooms, l.Room)
	c.mu.Unlock()
	r.leave(c)
}

// Settle waits until every post of the client has its answer, or until ctx is done.
func (c *Client) Settle(ctx context.Context) { c.posts.wait(ctx) }

// Close takes the client out of every room, for good.
func (c *Client) Close() {
	for _, r := range c.close() {
		r.leave(c)
	}
}

// CloseFor is Close of somebody who will be back: they count among the people of their rooms for that long.
func (c *Client) CloseFor(d time.Duration) {
	until := time.Now().Add(d)
	for _, r := range c.close() {
		r.leaveUntil(c, until)
	}
}

// close lets the client join no more, and returns the rooms that it is in.
func (c *Client) close() []*room {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	rooms := slices.Collect(maps.Values(c.rooms))
	clear(c.rooms)
	return rooms
}

// Beat sends the client the time, and the head of each of its rooms as far as it was sent to it before.
func (c *Client) Beat() {
	c.mu.Lock()
	rooms := slices.Collect(maps.Values(c.rooms))
	c.mu.Unlock()
	heads := make(map[string]int64, len(rooms))
	for _, r := range rooms {
		if head, ok := r.has(c); ok {
			heads[r.name] = head
		}
	}
	c.member.Send(NewFrame(wire.Beat{Now: c.hub.clock.Now().UnixMilli(), Heads: heads}))
}

// in returns the room of that name if the client is in it, and how many it is in.
func (c *Client) in(name string) (*room, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rooms[name], len(c.rooms)
}

// Refuse answers one frame; retry is when the same frame may work, 0 for never. Every refusal passes here to be counted.
func (c *Client) Refuse(f wire.Refused, retry time.Duration) {
	c.hub.counts.refuse(f.Code)
	f.RetryMS = milliseconds(retry)
	c.member.Send(NewFrame(f))
}

// milliseconds rounds up, so that who waits that long has waited long enough.
func milliseconds(d time.Duration) int64 { return int64((d + time.Millisecond - 1) / time.Millisecond) }

// human writes d as people say it: "10 s", "5 min", "1 h".
func human(d time.Duration) string {
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	default:
		return fmt.Sprintf("%g s", d.Seconds())
	}
}
