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

// Member receives the frames of one client. A connection is a Member, and so is a test's recorder.
type Member interface {
	// Send queues f and never blocks. Many members share f, so Send must not change it. It returns false if the member's
	// queue is full: the hub then drops the member from the room. The member owns its queue and its writer, and says
	// goodbye to its client itself.
	Send(f *Frame) bool
}

const (
	// A connection may make maxMembershipChanges joins and leaves in any span of membershipPer.
	maxMembershipChanges = 64
	membershipPer        = 10 * time.Second
)

var tooManyChanges = fmt.Sprintf("Slow down: %d joins and leaves in %s.", maxMembershipChanges, human(membershipPer))

// Client is one connection in the hub: its user and the rooms that it has joined. One goroutine calls Join, Leave and Post,
// in the order in which the frames came; any goroutine may call the other methods. The Member receives the answers.
type Client struct {
	hub            *Hub        // static
	member         Member      // static
	userID         string      // static
	role           Role        // static
	address        string      // static; the key of the rate that all guests of one address share; "": no shared rate
	membershipRate *rateWindow // owned by the goroutine that calls Join and Leave
	posts          inflight    // posts without an answer

	user atomic.Pointer[wire.User] // the author of the posts; Rename replaces it

	mu           sync.Mutex // guards what follows
	closed       bool
	rooms        map[string]*room
	refusedJoins map[string]wire.Refused // by room: the answers to joins that may work later; MaxRooms at most
}

// Role says what a client may do in its rooms. A higher role may do all that a lower one may.
type Role uint8

const (
	Reader Role = iota // joins and reads
	Writer             // posts too
)

// NewClient returns a client of user that has joined no room. from is the connection's address, in any form that tells two
// addresses apart; if it is "", the address is unknown and no address limit applies. The caller closes the client when the
// connection ends.
func (h *Hub) NewClient(m Member, user wire.User, from string, role Role) *Client {
	c := &Client{
		hub: h, member: m, userID: user.ID, role: role, rooms: map[string]*room{},
		membershipRate: newRateWindow(maxMembershipChanges, membershipPer), posts: inflight{drained: make(chan struct{}, 1)},
	}
	c.user.Store(&user)
	if user.Anonymous && from != "" {
		c.address = "address " + from // user ids have no space, so this key is never a user's id
	}
	return c
}

// Rename gives the user a new name. Messages that the user posts from now on carry it.
func (c *Client) Rename(name string) {
	user := *c.user.Load()
	user.Name = name
	c.user.Store(&user)
}

// Join adds the client to a room and answers with joined, also if the client is in the room already. It blocks while this
// node opens the room, for openTimeout at most or until ctx is done. re is the frame that a refusal names: "join" or
// "hello".
func (c *Client) Join(ctx context.Context, re string, j wire.Join) {
	refuse := func(code wire.Code, message string, retry time.Duration) {
		c.refuseJoin(wire.Refused{Re: re, Room: j.Room, Code: code, Message: message}, retry)
	}
	if wait := c.membershipRate.take(time.Now()); wait > 0 {
		refuse(wire.CodeRate, tooManyChanges, wait)
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

// enter joins r and records that. It returns false if r was closed meanwhile: open the room again.
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
	delete(c.refusedJoins, r.name)
	return true
}

// refuseJoin refuses a join. If the join may work later, refuseJoin records the answer, because a post to that room may work
// later too.
func (c *Client) refuseJoin(f wire.Refused, retry time.Duration) {
	c.Refuse(f, retry)
	c.mu.Lock()
	defer c.mu.Unlock()
	if delete(c.refusedJoins, f.Room); retry <= 0 || len(c.refusedJoins) >= wire.MaxRooms {
		return
	}
	if c.refusedJoins == nil {
		c.refusedJoins = map[string]wire.Refused{}
	}
	f.RetryMS = milliseconds(retry)
	c.refusedJoins[f.Room] = f
}

// notJoinedReason returns the refusal of a post to a room that the client is not in.
func (c *Client) notJoinedReason(room string) (code wire.Code, message string, retry time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f, ok := c.refusedJoins[room]; ok {
		return f.Code, f.Message, time.Duration(f.RetryMS) * time.Millisecond
	}
	return wire.CodeRoom, "You are not in this room: join it first.", 0
}

// Leave removes the client from a room.
func (c *Client) Leave(l wire.Leave) {
	if wait := c.membershipRate.take(time.Now()); wait > 0 {
		c.Refuse(wire.Refused{Re: wire.Kind(l), Room: l.Room, Code: wire.CodeRate, Message: tooManyChanges}, wait)
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

// Drain blocks until every post of the client has its answer, or until ctx is done.
func (c *Client) Drain(ctx context.Context) { c.posts.wait(ctx) }

// Close removes the client from every room. A closed client joins no room again.
func (c *Client) Close() {
	for _, r := range c.close() {
		r.leave(c)
	}
}

// CloseFor closes a client whose user will come back: the user stays in the people count of the rooms for d.
func (c *Client) CloseFor(d time.Duration) {
	until := time.Now().Add(d)
	for _, r := range c.close() {
		r.leaveUntil(c, until)
	}
}

// close marks the client as closed and returns the rooms that it was in.
func (c *Client) close() []*room {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	rooms := slices.Collect(maps.Values(c.rooms))
	clear(c.rooms)
	return rooms
}

// Beat sends the client a beat: the time, and for each of its rooms the head up to which it has been sent everything.
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

// in returns the room of that name, nil if the client is not in it, and the number of rooms that the client is in.
func (c *Client) in(name string) (*room, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rooms[name], len(c.rooms)
}

// Refuse answers one frame with f and counts the refusal. retry is how long until the same frame may work, 0 for never.
// Every refusal goes through Refuse, so that none is missed by the count.
func (c *Client) Refuse(f wire.Refused, retry time.Duration) {
	c.hub.counts.refuse(f.Code)
	f.RetryMS = milliseconds(retry)
	c.member.Send(NewFrame(f))
}

// milliseconds rounds up, so that a client that waits for the result has waited for d at least.
func milliseconds(d time.Duration) int64 { return int64((d + time.Millisecond - 1) / time.Millisecond) }

// human formats d for sentences that people read: "10 s", "5 min", "1 h".
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
