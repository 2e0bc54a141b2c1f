package hub

import (
	"cmp"
	"slices"
	"time"

	"mayfly/shared/wire"
)

// people contains the users in one room, on all nodes, and since when each of them is there. It also notes which changes
// the members were not told yet. The type has no lock and no clock of its own: room.mu guards it, and its methods take
// the time as a parameter.
type people struct {
	byID      map[string]*person   // by user id
	order     []*person            // the values of byID, in the order in which the users came
	leaving   map[string]*person   // users of this node without a connection in the room; present until person.until
	untold    map[string]wire.User // by user id: changed users, as the members still know them; zero: not known to them
	elsewhere int                  // how many users are in the room on other nodes; a user on two of them counts twice
}

// person is one user in a room.
type person struct {
	namedUser
	since int64     // when the user came, in Unix milliseconds
	conns int       // how many connections to this node the user has in the room
	until time.Time // if conns is 0: until when the user still counts as present on this node
	nodes []string  // ids of the other nodes on which the user is in the room
}

// namedUser is a user, and the time at which the user got the name. If two nodes have different names for a user, the
// newer name is used.
type namedUser struct {
	wire.User
	named int64 // Unix milliseconds
}

// olderThan reports whether the name in u is older than the name in v. u and v are the same user. If both names were given
// in the same millisecond, their order as strings decides, so that all nodes decide alike.
func (u namedUser) olderThan(v namedUser) bool {
	return cmp.Or(cmp.Compare(u.named, v.named), cmp.Compare(u.Name, v.Name)) < 0
}

func newPeople() people {
	return people{byID: map[string]*person{}, leaving: map[string]*person{}, untold: map[string]wire.User{}}
}

func (p *people) count() int { return len(p.byID) }

// here reports whether the user counts as present on this node: with a connection in the room, or for some time after the
// last connection has ended or left the room.
func (p *people) here(id string) bool {
	return p.connected(id) || p.leaving[id] != nil
}

// connected reports whether the user has a connection of this node in the room.
func (p *people) connected(id string) bool {
	one := p.byID[id]
	return one != nil && one.conns > 0
}

// enter counts a new connection of the user to this node. since is when the user came into the room: now, or an earlier
// time if the user is in the room already.
func (p *people) enter(u namedUser, now int64) (since int64) {
	one := p.add(u, now)
	one.conns++
	delete(p.leaving, u.ID)
	return one.since
}

// leave removes one of the user's connections to this node. If it was the last one, the user still counts as present for
// a while: until the time in the parameter until, or until a later time that an earlier call of leave has set.
func (p *people) leave(id string, until time.Time) {
	one := p.byID[id]
	if one.conns--; until.After(one.until) {
		one.until = until
	}
	if one.conns == 0 {
		p.leaving[id] = one
	}
}

// end makes a user without a connection in the room count as present on this node only until now.
func (p *people) end(id string, now time.Time) {
	if one := p.leaving[id]; one != nil {
		one.until = now
	}
}

// forget removes the users of this node who left and do not count as present any more at the time now. It returns
// their ids.
func (p *people) forget(now time.Time) (gone []string) {
	for id, one := range p.leaving {
		if !one.until.After(now) {
			delete(p.leaving, id)
			p.removeIfGone(one)
			gone = append(gone, id)
		}
	}
	return gone
}

// arrive records that the user is in the room on another node, and came there at the time since (Unix milliseconds).
func (p *people) arrive(node string, u namedUser, since int64) {
	one := p.add(u, since)
	if since < one.since {
		p.unlist(one)
		one.since = since
		p.list(one)
	}
	if !slices.Contains(one.nodes, node) {
		one.nodes = append(one.nodes, node)
		p.elsewhere++
	}
}

// depart records that the user is not in the room on that other node any more.
func (p *people) depart(node, id string) {
	one := p.byID[id]
	if one == nil {
		return
	}
	if i := slices.Index(one.nodes, node); i >= 0 {
		one.nodes = slices.Delete(one.nodes, i, i+1)
		p.elsewhere--
		p.removeIfGone(one)
	}
}

// rename replaces the user with the id of u by u, if that user is in the room and the name in u is newer. It replaces
// not only the name, but also the role, the guest mark, and the time of the name.
func (p *people) rename(u namedUser) {
	one := p.byID[u.ID]
	if one == nil || !one.olderThan(u) {
		return
	}
	if one.User != u.User {
		p.touch(u.ID, one.User)
	}
	one.namedUser = u
}

// add returns the person for the user u. If u is not in the room yet, add first adds a person who came at the time
// since. If u is in the room already, add only calls rename, and ignores since.
func (p *people) add(u namedUser, since int64) *person {
	one := p.byID[u.ID]
	if one != nil {
		p.rename(u)
		return one
	}
	one = &person{namedUser: u, since: since}
	p.touch(u.ID, wire.User{})
	p.byID[u.ID] = one
	p.list(one)
	return one
}

func (p *people) removeIfGone(one *person) {
	if p.here(one.ID) || len(one.nodes) > 0 {
		return
	}
	p.touch(one.ID, one.User)
	delete(p.byID, one.ID)
	p.unlist(one)
}

// touch runs whenever a user comes, changes or goes. It notes in p.untold how the user was until then: that is the parameter
// before, which is zero if the user was not in the room. The method news later compares this with the present user. If
// p.untold has the user already, touch notes nothing: the members were not told about an earlier change yet, so they still
// know the user as p.untold says.
func (p *people) touch(id string, before wire.User) {
	if _, ok := p.untold[id]; !ok {
		p.untold[id] = before
	}
}

// place returns the index of a person, the parameter one, in p.order. If p.order does not contain that person, place returns
// the index at which the person must be inserted.
func (p *people) place(one *person) int {
	i, _ := slices.BinarySearchFunc(p.order, one, byArrival)
	return i
}

func byArrival(a, b *person) int {
	return cmp.Or(cmp.Compare(a.since, b.since), cmp.Compare(a.ID, b.ID))
}

func (p *people) list(one *person) { p.order = slices.Insert(p.order, p.place(one), one) }

func (p *people) unlist(one *person) {
	i := p.place(one)
	p.order = slices.Delete(p.order, i, i+1)
}

// users returns the users in the room, wire.MaxPeople at most, in the order in which they came. There is one exception:
// the user with the id in the parameter first comes at the beginning, if that user is in the room. So a client sees its
// own user even if the list is cut.
func (p *people) users(first string) []wire.User {
	list := make([]wire.User, 0, min(len(p.order), wire.MaxPeople))
	if one := p.byID[first]; one != nil {
		list = append(list, one.User)
	}
	for _, one := range p.order {
		if len(list) == wire.MaxPeople {
			break
		}
		if one.ID != first {
			list = append(list, one.User)
		}
	}
	return list
}

// news returns the users who came or changed since the last call, and the ids of the users who went. If the only change
// is that one user came or changed, alone is the id of that user; the caller need not tell that user. After the call,
// these changes count as told to the members.
func (p *people) news() (came []wire.User, went []string, alone string) {
	var persons []*person
	touched := len(p.untold)
	for id, before := range p.untold {
		switch one := p.byID[id]; {
		case one != nil && one.User != before:
			persons = append(persons, one)
		case one == nil && before.ID != "":
			went = append(went, id)
		}
	}
	clear(p.untold)
	slices.SortFunc(persons, byArrival)
	for _, one := range persons {
		came = append(came, one.User)
	}
	if touched == 1 && len(came) == 1 {
		alone = came[0].ID
	}
	slices.Sort(went)
	return came, went, alone
}
