package hub

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"mayfly/shared/wire"
)

// meetTimeout is how long a new node of a cluster waits for the lists of the other nodes before it opens a room. They answer
// within milliseconds. Only a node that is the first, or asks a node that has died, waits for so long.
const meetTimeout = time.Second

// node is what this node knows about another node.
type node struct {
	heard   time.Time                  // when the other node's last signal came
	stopped bool                       // the other node has said that it stops
	number  int64                      // the number of the other node's last news that this node has; -1: no list yet
	unsure  bool                       // this node must ask for the other node's list: none has come, or news were missed
	askedAt time.Time                  // when this node last asked for the list
	users   map[string]sighting        // by user id: the other node's users
	rooms   map[string]map[string]bool // by room name: the ids of the other node's users in the room
	list    map[string]sighting        // by user id: the users in a new list that is not complete yet; nil: there is none
	parts   int                        // how many parts of that list have come
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
	x.mu.Lock()
	defer x.mu.Unlock()
	n := x.otherLocked(r.Node, s.Kind != kindStopped)
	if n.stopped {
		return
	}
	n.heard = time.Now()
	switch s.Kind {
	case kindAsk:
		x.asked = x.asked || r.To == "" || r.To == x.id
	case kindStopped:
		n.stopped = true
		n.heard = n.heard.Add(-time.Duration(r.AgoMS) * time.Millisecond)
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
		x.receiveListLocked(n, r)
	}
	if n.unsure || x.asked {
		select {
		case x.wake <- struct{}{}:
		default:
		}
	}
}

// otherLocked returns the node with that id. If this node has not heard of it before, unsure says whether this node must ask
// for its list.
func (x *nodes) otherLocked(id string, unsure bool) *node {
	n := x.others[id]
	if n == nil {
		n = &node{heard: time.Now(), number: -1, unsure: unsure, users: map[string]sighting{},
			rooms: map[string]map[string]bool{}}
		x.others[id] = n
	}
	return n
}

// checkNumberLocked checks whether this node has got all news of n up to number. If news are missing, it sets n.unsure,
// so that run asks n for its list.
func (x *nodes) checkNumberLocked(n *node, number int64) {
	if n.number < number && !n.unsure {
		n.unsure = true
		x.lost.Add(1)
	}
}

// receiveListLocked handles one part of the list of n's users (kindAll). The parts come in order, but a part may get
// lost. When all parts have come, the list replaces the users of n.
func (x *nodes) receiveListLocked(n *node, r report) {
	if r.Part == 0 {
		n.list, n.parts = map[string]sighting{}, 0
	}
	if n.list == nil || r.Part != n.parts || r.Number < n.number {
		n.list = nil // a part is missing, or the list is older than the news: drop the list; run asks again if n is unsure
		return
	}
	n.parts++
	for _, u := range r.Users {
		n.list[u.User.ID] = u
	}
	if n.parts == r.Parts {
		x.replaceLocked(r.Node, n, n.list)
		n.list, n.number, n.unsure = nil, r.Number, false
		x.meetLocked(r.Beside)
	}
}

// meetLocked runs when this node has the list of another node. beside contains the ids of all nodes that the other node
// knows. If this node has the lists of all nodes for the first time, meetLocked ends the wait of meet.
func (x *nodes) meetLocked(beside []string) {
	select {
	case <-x.met:
		return // this node perhaps knows better which nodes have died
	default:
	}
	for _, id := range beside {
		if id != x.id {
			x.otherLocked(id, true)
		}
	}
	for _, n := range x.others {
		if n.unsure {
			return
		}
	}
	close(x.met)
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

// stoppedNode is what a node passes on about another node that has stopped.
type stoppedNode struct {
	list  report // without the users
	users []sighting
	end   report
}

// company returns the nodes that stopped so short a time before now that most of their users may still come back, and the
// ids of all other nodes that this node knows, except those that stopped longer ago.
func (x *nodes) company(now time.Time) (stopped []stoppedNode, beside []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for id, n := range x.others {
		ago := now.Sub(n.heard)
		if n.stopped && ago > graceAfter-2*nodesEvery {
			continue // perhaps the node that asks has just forgotten that node
		}
		if beside = append(beside, id); n.stopped {
			stopped = append(stopped, stoppedNode{report{Node: id, Number: n.number}, slices.Collect(maps.Values(n.users)),
				report{Node: id, Number: n.number, AgoMS: ago.Milliseconds()}})
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
