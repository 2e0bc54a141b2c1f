package hub

import (
	"crypto/rand"
	"slices"
	"time"

	"mayfly/shared/wire"
)

// This file says who may not be in a room, and who may not write there.

// expelLocked removes the members who are banned, tells them, and returns them. Users without a connection whom the ban
// of the user with that id keeps out no longer count as present.
func (m *moderation) expelLocked(id string) (expelled []*Client) {
	r := m.room
	now, clock := time.Now(), r.hub.clock.Now().UnixMilli()
	o := &r.timeline.order
	for _, c := range slices.Clone(r.members) {
		if until := o.bannedUntil(c, clock); until > clock {
			r.expel(c, now)
			c.Refuse(banned(wire.Kind(wire.Join{}), r.name), time.Duration(until-clock)*time.Millisecond)
			expelled = append(expelled, c)
		}
	}
	keptOut := func(address string) bool {
		return o.barred[id] != nil && slices.Contains(o.barred[id].addresses, address)
	}
	for user := range r.people.leaving { // users without a connection, such as those who poll
		if user == id || slices.ContainsFunc(r.hub.directory.addresses.of(user), keptOut) {
			r.people.end(user, now)
		}
	}
	r.forget(now)
	return expelled
}

// banned returns the refusal for a user who is banned from a room.
func banned(re, room string) wire.Refused {
	return wire.Refused{Re: re, Room: room, Code: wire.CodeForbidden, Message: youAreBanned}
}

// silences returns why the user of c may not post, react and type in the room, and for how long. message is empty if the
// user may.
func (m *moderation) silences(c *Client) (message string, wait time.Duration) {
	m.room.mu.Lock()
	defer m.room.mu.Unlock()
	return m.silencesLocked(c)
}

func (m *moderation) silencesLocked(c *Client) (message string, wait time.Duration) {
	if c.role < Writer {
		return readOnly, 0
	}
	if wait = m.mutedForLocked(c); wait > 0 {
		return youAreMuted, wait
	}
	return "", 0
}

// mutedForLocked returns how long the user of c is muted or banned in the room; 0: the user is neither.
func (m *moderation) mutedForLocked(c *Client) time.Duration {
	r := m.room
	until, _ := r.timeline.order.until(c.userID)
	return time.Duration(max(until-r.hub.clock.Now().UnixMilli(), 0)) * time.Millisecond
}

// bannedAndMutedFor returns how long the user of c may not post in the room, because c may not be in the room, and perhaps
// must not write afterwards. It returns 0 if c may be in the room.
func (m *moderation) bannedAndMutedFor(c *Client) time.Duration {
	m.room.mu.Lock()
	defer m.room.mu.Unlock()
	banned := m.bannedForLocked(c)
	if banned == 0 {
		return 0
	}
	return max(banned, m.mutedForLocked(c))
}

// bannedForLocked returns how long c may not be in the room; 0: c may.
func (m *moderation) bannedForLocked(c *Client) time.Duration {
	r := m.room
	now := r.hub.clock.Now().UnixMilli()
	return time.Duration(max(r.timeline.order.bannedUntil(c, now)-now, 0)) * time.Millisecond
}

// letGo removes the room from the rooms of c, unless c is a member again.
func (m *moderation) letGo(c *Client) {
	r := m.room
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := r.has(c); !ok && c.rooms[r.name] == r {
		delete(c.rooms, r.name)
	}
}

// spread adds addresses to the ban of the user with that id: the stream stores them for all nodes. It does nothing for
// addresses that the ban has already, or if the bans of the room have very many addresses. It blocks until the room is open.
func (m *moderation) spread(id string, addresses []string) {
	r := m.room
	<-r.opened
	now := r.hub.clock.Now().UnixMilli()
	r.mu.Lock()
	o := &r.timeline.order
	person := o.barred[id]
	if person == nil || !person.ban.holds(now) || r.closed {
		r.mu.Unlock()
		return
	}
	until := person.ban.until
	missing := slices.DeleteFunc(slices.Clone(addresses), func(a string) bool {
		return slices.Contains(person.addresses, a)
	})
	full := o.addresses()+len(missing) > MaxBarAddresses
	r.mu.Unlock()
	if full {
		return
	}
	for part := range slices.Chunk(missing, maxAddresses) {
		m.store(Event{Kind: KindDecision, User: id, ID: rand.Text(), At: now, Expires: until,
			Body: encodeBody(decision{Act: actSpread, User: &wire.SomeUser{ID: id}, Addresses: part})})
	}
}

// store hands e, an event of an actSpread, to the stream.
func (m *moderation) store(e Event) {
	r := m.room
	if !r.hub.posts.begin() {
		return
	}
	r.hub.stream.Append(r.name, e, func(_ Receipt, err error) {
		if err != nil {
			r.hub.log.Warn("the address of a banned guest is not stored", "room", r.name, "user_id", e.User, "err", err)
		}
		r.hub.posts.done()
	})
}
