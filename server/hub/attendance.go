package hub

import (
	"slices"
	"time"

	"mayfly/shared/wire"
)

// presenceAfter is how long a node sends no presence after its start. Most users who come in that time were on a node
// that has stopped, and the members would be told of each of them, although they were in the room before. The first
// presence tells what has changed by then.
const presenceAfter = 15 * time.Second

// attendance is who is in a room: the members, which are connections to this node, and the users of all nodes. It is a
// part of room: the caller of a method holds room.mu.
type attendance struct {
	hub     *Hub   // static
	name    string // static; of the room
	members []*Client
	people  people
	typing  map[string]typist // by user id; nil until somebody types
	leftAt  time.Time         // when a member last left, or when the room was made
}

// sendLocked sends f to every member, and drops members whose queue is full.
func (a *attendance) sendLocked(f *Frame) { a.sendEach(func(*Client) *Frame { return f }) }

// sendButLocked is like sendLocked, but the member sender gets own in place of f. It sends nothing if f is nil.
func (a *attendance) sendButLocked(f *Frame, sender *Client, own *Frame) {
	if f == nil {
		return
	}
	a.sendEach(func(c *Client) *Frame {
		if c == sender {
			return own
		}
		return f
	})
}

// sendExcept is like sendLocked, but leaves out the members of that user. It returns how many members were sent f.
func (a *attendance) sendExcept(f *Frame, user string) (sent int) {
	return a.sendEach(func(c *Client) *Frame {
		if c.userID == user {
			return nil
		}
		return f
	})
}

// sendEach sends each member the frame that frameFor returns (nil: no frame), and drops members whose queue is full.
// It returns how many members were sent a frame.
func (a *attendance) sendEach(frameFor func(*Client) *Frame) (sent int) {
	var slow []*Client
	for _, c := range a.members {
		f := frameFor(c)
		if f == nil {
			continue
		}
		if c.member.Send(f) {
			sent++
		} else {
			slow = append(slow, c)
		}
	}
	a.hub.counts.deliveries.Add(int64(sent))
	for _, c := range slow {
		a.dropLocked(c)
	}
	return sent
}

// enter makes c a member, unless it is a member already.
func (a *attendance) enter(c *Client) {
	if slices.Contains(a.members, c) {
		return
	}
	a.members = append(a.members, c)
	here := a.people.here(c.userID)
	u, _ := a.hub.directory.find(c.userID)
	since := a.people.enter(u, a.hub.clock.Now().UnixMilli())
	if !here {
		a.hub.directory.enter(c.userID, a.name, since)
	}
}

// dropLocked removes c from the members. Its user still counts as present for graceAfter. If the user has no other
// connection in the room, the user does not count as typing any more.
func (a *attendance) dropLocked(c *Client) {
	now := time.Now()
	if a.remove(c, now.Add(graceAfter)) && !a.people.connected(c.userID) {
		a.stopTyping(c, now)
	}
}

// remove removes c from the members, and reports whether c was a member. Its user counts as present until the time
// until.
func (a *attendance) remove(c *Client, until time.Time) bool {
	i := slices.Index(a.members, c)
	if i < 0 {
		return false
	}
	a.members = slices.Delete(a.members, i, i+1)
	a.people.leave(c.userID, until)
	a.leftAt = time.Now()
	return true
}

// forget stops counting the users of this node who left the room and did not come back in time.
func (a *attendance) forget(now time.Time) {
	for _, id := range a.people.forget(now) {
		a.hub.directory.leave(id, a.name)
	}
}

// tellPresence sends presence to every member if somebody has come, gone or changed since the last presence. If the
// only change is that one user came or changed, it sends nothing to that user, who knows it already.
func (a *attendance) tellPresence() {
	came, went, alone := a.people.news()
	if len(came)+len(went) == 0 || len(a.members) == 0 {
		return
	}
	f := wire.Presence{Room: a.name, People: int64(a.people.count())}
	if len(came) <= wire.MaxCame && len(went) <= wire.MaxCame {
		f.Came, f.Went = came, went
	}
	if a.sendExcept(NewFrame(f), alone) > 0 {
		a.hub.counts.presences.Add(1)
	}
}
