package hub

import (
	"time"

	"mayfly/shared/wire"
)

// Who answers with the users in a room. It counts towards the same rate as Join and Leave.
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

// showNames shows users under their present names in the rooms that they are in on this node.
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

// withPeople calls f with the people in the room.
func (r *room) withPeople(f func(*people)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.people)
}
