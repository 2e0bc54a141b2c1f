package hub

import (
	"slices"
	"time"

	"mayfly/shared/wire"
)

// For the time presenceAfter after its start, a node sends no presence frames. Most users who come in that time return
// from a node that has stopped. Without the pause, the members would be told that each of these users has come, although
// the users were in the room before. The first presence frame after the pause says what has really changed.
const presenceAfter = 15 * time.Second

// attendance is the part of a room that knows who is in it: the members, which are connections to this node, and the
// users of all nodes. The caller of a method holds room.mu.
type attendance struct {
	hub     *Hub   // static
	name    string // static; the room's name
	members []*Client
	people  people
	typing  map[string]typist // by user id; nil until somebody types
	leftAt  time.Time         // when a member last left, or when the room was made
}

// sendLocked sends f to every member, and drops members whose queue is full.
func (a *attendance) sendLocked(f *Frame) { a.sendEach(func(*Client) *Frame { return f }) }

// sendButLocked sends f to every member except sender, which gets own instead. It drops members whose queue is full. If f
// is nil, it sends nothing to anybody.
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

// sendExcept sends f to every member except the connections of the user with the id user. It drops members whose queue is
// full. It returns how many members were sent f.
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

// dropLocked removes c from the members. The user of c still counts as present for graceAfter. But if c was the user's
// last connection in the room, the user no longer counts as typing.
func (a *attendance) dropLocked(c *Client) {
	now := time.Now()
	if a.remove(c, now.Add(graceAfter)) && !a.people.connected(c.userID) {
		a.stopTyping(c, now)
	}
}

// expel removes c from the members because its user is banned. The user does not count as present any more, unless another
// connection of the user stays in the room.
func (a *attendance) expel(c *Client, now time.Time) {
	if a.remove(c, now) && !a.people.connected(c.userID) {
		a.people.end(c.userID, now)
		a.stopTyping(c, now)
	}
}

// remove removes c from the members, and reports whether c was a member. The user of c still counts as present until the
// time in the parameter until.
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

// forget removes from the room the users of this node who have left and no longer count as present at the time now (see
// remove), and tells the directory.
func (a *attendance) forget(now time.Time) {
	for _, id := range a.people.forget(now) {
		a.hub.directory.leave(id, a.name)
	}
}

// tellPresence sends the frame presence to every member if somebody has come, gone or changed since the last call. There
// is one exception: if the only change is that one user came or changed, that user gets no frame, because the user knows
// it already.
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
