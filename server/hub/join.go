package hub

import (
	"context"
	"errors"
	"time"

	"mayfly/shared/wire"
)

const (
	// In any span of membershipPer, a connection may send at most maxMembershipChanges join, leave and who frames
	// together.
	maxMembershipChanges = 64
	membershipPer        = 10 * time.Second
)

// Join adds the client to a room and answers with the frame joined, even if the client is in the room already. If this node
// must open the room first, Join blocks until the room is open, or until ctx is done (see Hub.open). If another
// node has sent the client more of the room than this node has, Join also waits for that (see arrivals.catchUp). re is the
// kind of the frame that asked for the join: "join" or "hello". If Join refuses, the frame refused contains re.
func (c *Client) Join(ctx context.Context, re string, j wire.Join) {
	refuse := func(code wire.Code, message string, retry time.Duration) {
		c.refuseJoin(wire.Refused{Re: re, Room: j.Room, Code: code, Message: message}, retry)
	}
	if re != wire.Kind(wire.Hello{}) { // joins in a hello do not count towards the rate
		if wait := c.membershipRate.take(time.Now()); wait > 0 {
			refuse(wire.CodeRate, tooManyChanges, wait)
			return
		}
	}
	if !wire.ValidRoom(j.Room) {
		refuse(wire.CodeRoom, badRoomName, 0)
		return
	}
	if in, n := c.in(j.Room); in == nil && n >= wire.MaxRooms {
		refuse(wire.CodeRoom, inMostRooms(n), 0)
		return
	}
	for {
		r, err := c.hub.open(ctx, j.Room)
		if errors.Is(err, ErrTooManyRooms) {
			refuse(wire.CodeRoom, noPlace, retryRooms)
			return
		}
		if err != nil {
			refuse(wire.CodeUnavailable, notOpened, retryUnavailable)
			return
		}
		if j.Cursor != nil && j.Cursor.Epoch == c.hub.stream.Epoch() && r.arrivals.catchUp(ctx, j.Cursor.Seq) != nil {
			refuse(wire.CodeUnavailable, notArrived, retryUnavailable)
			return
		}
		banned, ok := c.enter(r, j.Cursor)
		if banned > 0 {
			c.refuseBanned(r, re, banned)
		}
		if ok {
			return
		}
	}
}

// enter makes the client a member of r and adds r to c.rooms. It returns false if r was closed after Join opened it: Join
// must open the room again. If the client itself is closed, enter does nothing and returns true, so that Join does not
// try again. If the client is banned from the room, it only returns for how long.
func (c *Client) enter(r *room, cursor *wire.Cursor) (banned time.Duration, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, true
	}
	if banned, ok = r.join(c, cursor); !ok || banned > 0 {
		return banned, ok
	}
	c.rooms[r.name] = r
	delete(c.refusedJoins, r.name)
	return 0, true
}

// refuseBanned refuses a join of r because the client is banned. If the user of the client is a banned guest who comes from
// an address that the ban does not know yet, the ban keeps out guests from there, too.
func (c *Client) refuseBanned(r *room, re string, wait time.Duration) {
	c.hub.counts.banned.Add(1)
	c.mu.Lock()
	delete(c.refusedJoins, r.name)
	c.mu.Unlock()
	c.Refuse(banned(re, r.name), wait)
	r.mu.Lock()
	lacks := r.timeline.order.lacks(c, c.hub.clock.Now().UnixMilli())
	r.mu.Unlock()
	if lacks {
		r.moderation.spread(c.userID, []string{c.from})
	}
}

// refuseJoin answers a join with the frame refused. If the join may succeed later (retry is not 0), refuseJoin also
// stores the refusal in c.refusedJoins. Until the client has joined the room, notJoinedReason answers posts to the room
// with the same code and the same wait, so the client learns when to try again.
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
	f.RetryMS = wire.Milliseconds(retry)
	c.refusedJoins[f.Room] = f
}

// notJoinedReason runs when a client has sent a frame for a room that it is not in. It returns the code, the message and the
// wait for the refusal. If c.refusedJoins has a refused join of that room, it returns the code, the message and the wait of
// that refusal. Otherwise, also after a join that was refused because of a ban, it says that the client must join the room
// first.
func (c *Client) notJoinedReason(room string) (code wire.Code, message string, retry time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f, ok := c.refusedJoins[room]; ok {
		return f.Code, f.Message, time.Duration(f.RetryMS) * time.Millisecond
	}
	return wire.CodeRoom, joinFirst, 0
}

// excludedReason does the same as notJoinedReason for a frame with which the user wants to write. There is one difference: a
// user who is banned from the room is told so.
func (c *Client) excludedReason(room string) (code wire.Code, message string, retry time.Duration) {
	if r := c.hub.room(room); r != nil {
		if wait := r.moderation.bannedAndMutedFor(c); wait > 0 {
			return wire.CodeForbidden, youAreBanned, wait
		}
	}
	return c.notJoinedReason(room)
}

// Leave removes the client from a room.
func (c *Client) Leave(l wire.Leave) {
	r := c.forMembership(wire.Kind(l), l.Room)
	if r == nil {
		return
	}
	c.mu.Lock()
	delete(c.rooms, l.Room)
	c.mu.Unlock()
	r.leave(c)
}

// forMembership returns the room with that name for a frame of the kind re, which is leave or who. If the client is not in
// the room, or has reached its limit of these frames (maxMembershipChanges), forMembership refuses the frame and returns
// nil.
func (c *Client) forMembership(re, name string) *room {
	if wait := c.membershipRate.take(time.Now()); wait > 0 {
		c.Refuse(wire.Refused{Re: re, Room: name, Code: wire.CodeRate, Message: tooManyChanges}, wait)
		return nil
	}
	r := c.memberOf(name)
	if r == nil {
		code, message, retry := c.notJoinedReason(name)
		c.Refuse(wire.Refused{Re: re, Room: name, Code: code, Message: message}, retry)
	}
	return r
}
