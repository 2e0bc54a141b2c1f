package hub

import (
	"encoding/json"
	"time"

	"mayfly/shared/wire"
)

const (
	typingEvery = 3 * time.Second // the members are told at most once in this time that a user is typing
	typingOver  = 6 * time.Second // how long a user counts as typing after the last frame that says so
)

// typist is a user who is typing in a room, or was a moment ago.
type typist struct {
	told  time.Time // when the members were last told that the user is typing
	until time.Time // until then the user counts as typing
}

// typed is the body of a signal that a user is typing, or not any more.
type typed struct {
	Node string    `json:"node"`
	Room string    `json:"room"`
	User wire.User `json:"user"`
	On   bool      `json:"on"`
}

// Typing tells the other members that the user is typing, or not any more, unless the members know it already. Above
// the limit of acts, typing frames are dropped without an answer.
func (c *Client) Typing(t wire.Typing) {
	refuse := func(code wire.Code, message string, retry time.Duration) {
		c.Refuse(wire.Refused{Re: wire.Kind(t), Room: t.Room, Code: code, Message: message}, retry)
	}
	r := c.memberOf(t.Room)
	if r == nil {
		refuse(c.notJoinedReason(t.Room))
		return
	}
	if c.role < Writer {
		refuse(wire.CodeForbidden, readOnly, 0)
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

// noteTyping records at the time now that the user is typing and that the members are told so. If on is false, it
// records that the user has stopped.
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

// tellTyping tells the members on all nodes, but not the user's own connections, whether the user is typing.
func (a *attendance) tellTyping(u wire.User, on bool) {
	a.sendTyping(u, on)
	if a.people.elsewhere > 0 {
		a.hub.nodes.tellTyping(typed{a.hub.nodes.id, a.name, u, on})
	}
}

func (a *attendance) sendTyping(u wire.User, on bool) {
	a.sendExcept(NewFrame(wire.Typing{Room: a.name, User: &u, On: &on}), u.ID)
}

// stopTyping tells the members that a user who has no connection in the room any more is not typing.
func (a *attendance) stopTyping(c *Client, now time.Time) {
	if a.typing[c.userID].until.After(now) {
		a.noteTyping(c.userID, false, now)
		a.tellTyping(*c.user.Load(), false)
	}
}

// forgetTypists removes the users who are not typing any more. It keeps a user for typingEvery after told, because
// onTyping needs told until then.
func (a *attendance) forgetTypists(now time.Time) {
	for id, one := range a.typing {
		if !one.until.After(now) && now.Sub(one.told) >= typingEvery {
			delete(a.typing, id)
		}
	}
}

// tellTyping gives run a signal to send, because the caller holds the lock of a room. If too many signals wait, it
// drops the signal.
func (x *nodes) tellTyping(t typed) {
	select {
	case x.typing <- newSignal(kindTyping, t):
	default:
		x.lost.Add(1)
	}
}

// receiveTyping tells the members on this node whether a user of another node is typing.
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
