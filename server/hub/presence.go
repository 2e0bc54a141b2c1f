package hub

import (
	"time"

	"mayfly/shared/wire"
)

// Who answers a who frame with the frame people, which contains the users in a room. The rate of the client counts its
// join, leave and who frames together.
func (c *Client) Who(w wire.Who) {
	r := c.forMembership(wire.Kind(w), w.Room)
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(time.Now())
	c.member.Send(NewFrame(wire.People{Room: r.name, Total: int64(r.people.count()), Users: r.people.users(c.userID)}))
}

// showNames runs after the directory has changed the names of the users with these ids. It puts the new names into the
// rooms that the users are in on this node.
func (h *Hub) showNames(ids []string) {
	for _, id := range ids {
		u, stays := h.directory.find(id)
		for _, s := range stays {
			if r := h.room(s.Room); r != nil {
				r.withPeople(func(p *people) { p.rename(u) })
			}
		}
	}
}

// withPeople calls f with the people in the room. f may read and change them, because withPeople holds the room's lock.
func (r *room) withPeople(f func(*people)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.people)
}
