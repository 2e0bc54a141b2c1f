package hub

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"mayfly/shared/wire"
)

// meetTimeout is how long a new node of a cluster waits for the lists of the other nodes before it opens a room. They answer
// within milliseconds. Only a node that is the first, or that hears of a node that has died, waits for so long.
const meetTimeout = 2 * time.Second

// node is what this node knows about another node.
type node struct {
	heard   time.Time                  // when the other node's last signal came, or when the node stopped
	stopped bool                       // the other node has stopped
	number  int64                      // the number of the other node's last news that this node has; -1: no list yet
	unsure  bool                       // this node must ask for the other node's list: none has come, or news were missed
	askedAt time.Time                  // when this node last asked for the list
	users   map[string]sighting        // by user id: the other node's users
	rooms   map[string]map[string]bool // by room name: the ids of the other node's users in the room
	lists   map[string]*partialList    // by report.By: the new lists that are not complete yet
}

// partialList is a list of a node's users of which not all parts have come.
type partialList struct {
	users map[string]sighting // by user id
	parts int                 // how many parts have come
}

// stoppedNode is what a node passes on about another node that has stopped.
type stoppedNode struct {
	report
	users []sighting
}

// receive runs when a signal comes. It ignores signals that this node has sent.
func (x *nodes) receive(s Signal) {
	if s.Kind == kindTyping {
		x.receiveTyping(s.Body)
		return
	}
	var r report
	if json.Unmarshal(s.Body, &r) != nil || r.Node == "" || r.Node == x.id {
		return
	}
	if r.By != "" {
		x.receivePassedOn(s.Kind, r)
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	n := other(x.others, r.Node)
	if n.stopped {
		return
	}
	n.heard = time.Now()
	switch s.Kind {
	case kindAsk:
		x.asked = x.asked || r.To == "" || r.To == x.id
	case kindStopped:
		x.checkNumberLocked(n, r.Number)
		n.stopped = true
		x.meetLocked(nil)
	case kindAlive:
		x.checkNumberLocked(n, r.Number)
	case kindNews:
		if x.checkNumberLocked(n, r.Number-1); n.number == r.Number-1 {
			n.number = r.Number
			for _, u := range r.Users {
				x.applyLocked(r.Node, n, u)
			}
		}
	case kindAll:
		if x.receiveListLocked(n, r) {
			x.meetLocked(r.Beside)
		}
	}
	if n.unsure || x.asked {
		x.wakeUp()
	}
}

// receivePassedOn handles a report about a node that has stopped, which another node has passed on. Only a new node needs
// it. If several nodes pass on lists of the node, the list with the highest number counts.
func (x *nodes) receivePassedOn(kind Kind, r report) {
	if kind != kindAll || r.By == x.id || time.Since(x.born) >= graceAfter {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	n := other(x.others, r.Node)
	if n.number < r.Number && x.receiveListLocked(n, r) {
		n.stopped = true
		n.heard = time.Now().Add(-time.Duration(r.AgoMS) * time.Millisecond)
		x.meetLocked(nil)
	}
}

// other returns the node with an id from others. If others has no such node, it gets one whose users are not known yet.
func other(others map[string]*node, id string) *node {
	if others[id] == nil {
		others[id] = &node{heard: time.Now(), number: -1, unsure: true, users: map[string]sighting{},
			rooms: map[string]map[string]bool{}, lists: map[string]*partialList{}}
	}
	return others[id]
}

// wakeUp makes run ask for the lists that this node needs, or send its own.
func (x *nodes) wakeUp() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// checkNumberLocked checks whether this node has got all news of n up to number. If news are missing, it sets n.unsure,
// so that run asks n for its list.
func (x *nodes) checkNumberLocked(n *node, number int64) {
	if n.number < number && !n.unsure {
		n.unsure = true
		x.lost.Add(1)
	}
}

// receiveListLocked handles one part of the list of n's users (kindAll). The parts of a sender come in order, but a part may
// get lost. When all parts have come, the list replaces the users of n, and receiveListLocked returns true.
func (x *nodes) receiveListLocked(n *node, r report) (complete bool) {
	if r.Part == 0 {
		n.lists[r.By] = &partialList{users: map[string]sighting{}}
	}
	l := n.lists[r.By]
	if l == nil || r.Part != l.parts || r.Number < n.number {
		delete(n.lists, r.By) // a part is missing, or the list is older than the news; run asks again if n is unsure
		return false
	}
	l.parts++
	for _, u := range r.Users {
		l.users[u.User.ID] = u
	}
	if l.parts < r.Parts {
		return false
	}
	x.replaceLocked(r.Node, n, l.users)
	delete(n.lists, r.By)
	n.number, n.unsure = r.Number, false
	return true
}

// meetLocked runs when this node has got a list. beside contains the ids of other nodes whose lists it also needs, if it is
// new. If it has the lists of all nodes that live, meetLocked ends the wait of meet.
func (x *nodes) meetLocked(beside []string) {
	if time.Since(x.born) >= meetTimeout {
		return // beside may contain nodes that this node already knows to be dead
	}
	for _, id := range beside {
		if id != x.id && x.others[id] == nil {
			other(x.others, id)
			x.wakeUp()
		}
	}
	for _, n := range x.others {
		if n.unsure && !n.stopped {
			return
		}
	}
	select {
	case <-x.met:
	default:
		close(x.met)
	}
}

// meet blocks until this node has the lists of the other nodes: for meetTimeout after the start of this node at most. If a
// room were opened before that, its first members would be told a number of people that is too small.
func (x *nodes) meet() {
	if !x.hub.config.Cluster {
		return
	}
	select {
	case <-x.met:
	case <-time.After(time.Until(x.born.Add(meetTimeout))):
	}
}

// replaceLocked replaces all users of the other node n by the users in the parameter users; nil: n has no users any more.
// id is the id of n.
func (x *nodes) replaceLocked(id string, n *node, users map[string]sighting) {
	for user := range n.users {
		if _, ok := users[user]; !ok {
			x.applyLocked(id, n, sighting{User: wire.User{ID: user}, Gone: true})
		}
	}
	for _, u := range users {
		x.applyLocked(id, n, u)
	}
}

// applyLocked records the sighting u, which another node has sent about one of its users. n is what this node knows about
// that node, and id is the id of that node. applyLocked shows the change in the rooms of this node.
func (x *nodes) applyLocked(id string, n *node, u sighting) {
	old := n.users[u.User.ID]
	for _, s := range old.Rooms {
		if !slices.ContainsFunc(u.Rooms, func(o stay) bool { return o.Room == s.Room }) {
			x.leaveLocked(id, n, s.Room, u.User.ID)
		}
	}
	if u.Gone {
		delete(n.users, u.User.ID)
		x.hub.directory.lost(id, u.User.ID)
		return
	}
	n.users[u.User.ID] = u
	x.hub.showNames(x.hub.directory.seen(id, u.named(), u.From))
	for _, s := range u.Rooms {
		if n.rooms[s.Room] == nil {
			n.rooms[s.Room] = map[string]bool{}
		}
		n.rooms[s.Room][u.User.ID] = true
		if r := x.hub.room(s.Room); r != nil {
			r.withPeople(func(p *people) { p.arrive(id, u.named(), s.Since) })
		}
	}
}

func (s sighting) named() namedUser { return namedUser{s.User, s.Named} }

// leaveLocked records that a user has left a room on the other node n. id is the id of n, and user is the id of the user.
func (x *nodes) leaveLocked(id string, n *node, room, user string) {
	if delete(n.rooms[room], user); len(n.rooms[room]) == 0 {
		delete(n.rooms, room)
	}
	if r := x.hub.room(room); r != nil {
		r.withPeople(func(p *people) { p.depart(id, user) })
	}
}

// populate adds the users of other nodes to r, which is being opened and has no member yet.
func (x *nodes) populate(r *room) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for id, n := range x.others {
		for user := range n.rooms[r.name] {
			u := n.users[user]
			for _, s := range u.Rooms {
				if s.Room == r.name {
					r.withPeople(func(p *people) { p.arrive(id, u.named(), s.Since) })
				}
			}
		}
	}
	// Discard the changes that people has noted for the members: these users were in the room before, so no member must
	// be told that they came.
	r.withPeople(func(p *people) { p.news() })
}

// count returns how many other nodes this node knows.
func (x *nodes) count() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.others)
}

// known returns what this node tells a new node about the others: the lists of the nodes that stopped so short a time before
// now that most of their users may still come back, and beside, the ids of these nodes and of those that live.
func (x *nodes) known(now time.Time) (stopped []stoppedNode, beside []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for id, n := range x.others {
		ago := now.Sub(n.heard)
		if n.number < 0 || n.stopped && ago > graceAfter-2*nodesEvery {
			continue // there is no list to tell about, or the node that asks has perhaps just forgotten that node
		}
		if beside = append(beside, id); n.stopped {
			r := report{Node: id, Number: n.number, By: x.id, AgoMS: ago.Milliseconds()}
			stopped = append(stopped, stoppedNode{r, slices.Collect(maps.Values(n.users))})
		}
	}
	return stopped, beside
}

// tidy removes each node that has been silent for nodeSilence, and each node that stopped graceAfter ago.
func (x *nodes) tidy(now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for id, n := range x.others {
		silence := nodeSilence
		if n.stopped {
			silence = graceAfter // keep the users of a stopped node for a while: most of them connect to another node
		}
		if now.Sub(n.heard) >= silence {
			x.replaceLocked(id, n, nil)
			delete(x.others, id)
		}
	}
}
