package hub

import (
	"encoding/json"
	"time"

	"mayfly/shared/wire"
)

const (
	typingEvery = 3 * time.Second // the shortest time between two frames that tell the members that the same user is typing
	typingOver  = 6 * time.Second // how long a user counts as typing after the last typing frame of the user's client
)

// typist is a user who is typing in a room, or was a moment ago.
type typist struct {
	told  time.Time // when the members were last told that the user is typing
	until time.Time // until then the user counts as typing
}

// typed is the Body of a kindTyping signal. The signal says that a user is typing, or has stopped typing.
type typed struct {
	Node string    `json:"node"` // the id of the node that sends the signal
	Room string    `json:"room"`
	User wire.User `json:"user"`
	On   bool      `json:"on"` // false: the user is not typing any more
}

// Typing handles a typing frame: it tells the other members that the user is typing, or has stopped typing. It tells them
// nothing if they know it already. If the user has reached the limit of acts, Typing drops the frame without an answer.
func (c *Client) Typing(t wire.Typing) {
	refuse := func(code wire.Code, message string, retry time.Duration) {
		c.Refuse(wire.Refused{Re: wire.Kind(t), Room: t.Room, Code: code, Message: message}, retry)
	}
	r := c.memberOf(t.Room)
	if r == nil {
		refuse(c.excludedReason(t.Room))
		return
	}
	if problem, wait := r.moderation.silences(c); problem != "" {
		refuse(wire.CodeForbidden, problem, wait)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onTyping(c, t.On == nil || *t.On, time.Now())
}

// onTyping runs when a client says whether its user is typing.
func (a *attendance) onTyping(c *Client, on bool, now time.Time) {
	one := a.typing[c.userID]
	active := one.until.After(now)
	if on && now.Sub(one.told) < typingEvery {
		if active {
			a.typing[c.userID] = typist{one.told, now.Add(typingOver)}
		}
		return
	}
	if !on && !active {
		return
	}
	if a.hub.chargeAct(c, now) > 0 {
		a.hub.counts.typingDropped.Add(1)
		return
	}
	a.hub.counts.typing.Add(1)
	a.noteTyping(c.userID, on, now)
	a.tellTyping(*c.user.Load(), on)
}

// noteTyping records in a.typing that the user is typing, and that the members are told so at the time now. If on is
// false, it records instead that the user has stopped typing.
func (a *attendance) noteTyping(id string, on bool, now time.Time) {
	if a.typing == nil {
		a.typing = map[string]typist{}
	}
	if on {
		a.typing[id] = typist{now, now.Add(typingOver)}
	} else {
		a.typing[id] = typist{a.typing[id].told, now}
	}
}

// tellTyping tells the members on all nodes whether the user u is typing (on). It leaves out the user's own connections.
func (a *attendance) tellTyping(u wire.User, on bool) {
	a.sendTyping(u, on)
	if a.people.elsewhere > 0 {
		a.hub.nodes.tellTyping(typed{a.hub.nodes.id, a.name, u, on})
	}
}

func (a *attendance) sendTyping(u wire.User, on bool) {
	a.sendExcept(NewFrame(wire.Typing{Room: a.name, User: &u, On: &on}), u.ID)
}

// stopTyping runs when c has left the room and its user has no other connection in the room. If the user counted as
// typing, stopTyping tells the members that the user has stopped.
func (a *attendance) stopTyping(c *Client, now time.Time) {
	if a.typing[c.userID].until.After(now) {
		a.noteTyping(c.userID, false, now)
		a.tellTyping(*c.user.Load(), false)
	}
}

// forgetTypists removes from a.typing the users who are not typing any more. But it keeps each user for typingEvery after
// the time typist.told: if the user types again in that time, onTyping must know that the members were told a moment ago.
func (a *attendance) forgetTypists(now time.Time) {
	for id, one := range a.typing {
		if !one.until.After(now) && now.Sub(one.told) >= typingEvery {
			delete(a.typing, id)
		}
	}
}

// tellTyping puts a signal for the other nodes into the queue x.typing, from which nodes.run sends it. tellTyping cannot
// call Signals.Send itself: its caller holds room.mu, and Send must not be called with that lock held. If the queue is
// full, tellTyping drops the signal.
func (x *nodes) tellTyping(t typed) {
	select {
	case x.typing <- newSignal(kindTyping, t):
	default:
		x.lost.Add(1)
	}
}

// receiveTyping runs when a kindTyping signal comes, which this node has perhaps sent itself. If the signal is from
// another node, receiveTyping tells the members on this node whether a user of that node is typing.
func (x *nodes) receiveTyping(body []byte) {
	var t typed
	if json.Unmarshal(body, &t) != nil || t.Node == x.id {
		return
	}
	r := x.hub.room(t.Room)
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteTyping(t.User.ID, t.On, time.Now())
	r.sendTyping(t.User, t.On)
}
