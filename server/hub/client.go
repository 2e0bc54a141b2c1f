package hub

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mayfly/shared/wire"
)

// Member receives the frames of one client. A connection is a Member; a test has Members that record the frames.
type Member interface {
	// Send queues f and never blocks. Many members share f, so Send must not change it. If the member's queue is full,
	// Send returns false and ends the connection, and the hub drops the member from the room. The hub sends no bye: the
	// Member owns its queue and its writer, and says goodbye itself.
	Send(f *Frame) bool
}

// Client is one connection in the hub: its user and the rooms that it has joined. One goroutine calls Join, Leave, Who,
// Post, React, Remove and Moderate, in the order in which the frames came; any goroutine may call the other methods. The
// Member receives the answers.
type Client struct {
	hub            *Hub        // static
	member         Member      // static
	userID         string      // static
	role           Role        // static
	address        string      // static; key in Hub.rates for all guests of one network address; "": no limit by address
	from           string      // static; the network address of a guest, "" if it is unknown or the user is signed in
	membershipRate *rateWindow // owned by the goroutine of Join; counts join, leave and who frames, and waits in reaches
	posts          inflight    // posts and acts that have no answer yet

	user atomic.Pointer[wire.User] // the user with the current name; the directory replaces it when the name changes

	mu           sync.Mutex // guards what follows
	closed       bool
	rooms        map[string]*room
	refusedJoins map[string]wire.Refused // by room: refusals of joins that may succeed later; wire.MaxRooms at most
}

// Role says what a client may do in its rooms. Roles are ordered: a client with a higher role may also do everything that
// a lower role allows.
type Role uint8

const (
	Reader Role = iota // may join rooms and read
	Writer             // may also post, react and type
)

// NewClient returns a client of user that has joined no room. address is the network address of the connection, "" if it
// is unknown. The hub counts the posts of guests by this string, so the caller must write an address always in the same
// way. Without an address, no limit by address applies. The caller calls Close when the connection ends.
func (h *Hub) NewClient(m Member, user wire.User, address string, role Role) *Client {
	return h.NewGuest(m, user, "", address, role, func(wire.User) {})
}

// NewGuest returns a client of a guest. user.Name is the guest's pseudonym, and name is the name that the guest would
// like. docs/protocol.md says which name the guest gets, for example if another user has that name. NewGuest calls
// welcome with the guest under that name, before any frame is sent to m. welcome must not block.
func (h *Hub) NewGuest(m Member, user wire.User, name, address string, role Role, welcome func(wire.User)) *Client {
	c := &Client{
		hub: h, member: m, userID: user.ID, role: role, rooms: map[string]*room{},
		membershipRate: newRateWindow(maxMembershipChanges, membershipPer), posts: inflight{drained: make(chan struct{}, 1)},
	}
	if user.Anonymous && address != "" {
		c.from = address
		c.address = "address " + address // user ids have no space, so this key is never a user's id
	}
	h.showNames(h.directory.admit(c, user, name, welcome))
	return c
}

// ShowAs changes the name and the role of the client's user, who must be signed in. The user's later messages carry the new
// name; earlier messages keep the old name.
func (c *Client) ShowAs(name, role string) {
	c.hub.showNames(c.hub.directory.showAs(c.userID, name, role))
}

const (
	// A guest may change the name maxRenames times in any span of renamesPer.
	maxRenames = 5
	renamesPer = time.Minute
)

// Rename gives a guest another name, and answers with the frame authed, which contains the name that the guest got. A
// user who is signed in cannot rename: the frame is refused.
func (c *Client) Rename(f wire.Rename) {
	refuse := func(code wire.Code, message string, retry time.Duration) {
		c.Refuse(wire.Refused{Re: wire.Kind(f), Code: code, Message: message}, retry)
	}
	if !c.user.Load().Anonymous {
		refuse(wire.CodeForbidden, signedInName, 0)
		return
	}
	if wait := c.hub.chargeRename(c, time.Now()); wait > 0 {
		refuse(wire.CodeRate, tooManyRenames, wait)
		return
	}
	c.hub.counts.renames.Add(1)
	c.hub.showNames(c.hub.directory.rename(c, f.Name))
}

// Drain blocks until every post and act of the client has its answer, or until ctx is done.
func (c *Client) Drain(ctx context.Context) { c.posts.wait(ctx) }

// Close removes the client from every room. A closed client joins no room again.
func (c *Client) Close() {
	for _, r := range c.close() {
		r.leave(c)
	}
	c.hub.directory.dismiss(c, time.Now().Add(graceAfter))
}

// CloseFor closes a client whose poll has ended. The user will probably come back with the next poll. So the rooms of the
// client still count the user as present for the time d.
func (c *Client) CloseFor(d time.Duration) {
	until := time.Now().Add(d)
	for _, r := range c.close() {
		r.leaveUntil(c, until)
	}
	c.hub.directory.dismiss(c, until)
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

// Beat sends the client the frame beat, with the time and the head of each of its rooms. At that moment the client has
// been sent every change up to each head.
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

// in returns the room of that name if the client has joined it, else nil. It also returns how many rooms the client has
// joined.
func (c *Client) in(name string) (*room, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rooms[name], len(c.rooms)
}
