package hub

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mayfly/shared/wire"
)

// The kinds of the signals that nodes send each other.
const (
	kindNews    Kind = "news"    // a report: what has changed about users of the sender
	kindAll     Kind = "all"     // a report: a part of the list of all users of the sender
	kindAlive   Kind = "alive"   // a report without users: the sender lives
	kindAsk     Kind = "ask"     // the sender wants the list of all users of the node in To; empty: of every node
	kindStopped Kind = "stopped" // the sender stops
	kindTyping  Kind = "typing"  // a typed: a user of the sender is typing, or not any more
)

const (
	// aliveEvery is how often a node says that it lives. It numbers its news, so another node that misses some learns
	// of it at the latest by then, and asks for the list of all users.
	aliveEvery = 10 * time.Second
	// nodeSilence is how long a node may be silent before the others take it for dead, and its users with it: less than
	// the 45 s of docs/protocol.md, because the silence is noticed, and the rooms are told, up to a second later each.
	nodeSilence = 42 * time.Second
	// nodesEvery is how often the other nodes are checked, and how often one is asked for its list at most.
	nodesEvery = time.Second
	// maxSightings is how many users stand in one signal, which NATS limits to 1 MiB. A user with a long name in the
	// most rooms takes 4 KiB.
	maxSightings = 200
	// maxWaiting is how many signals about typing may wait to be sent. More are dropped.
	maxWaiting = 256
)

// nodes tells the other nodes about the users of this node, and shows this node's rooms what they tell. Each node numbers
// its news; a node that misses some asks for a list of all users. So a lost signal is repaired, and nothing is stored.
type nodes struct {
	hub     *Hub          // static
	signals Signals       // static
	id      string        // static; this node's name, new at each start
	born    time.Time     // static; when this node started
	typing  chan Signal   // static; capacity maxWaiting; signals for run to send
	wake    chan struct{} // static; capacity 1; a value tells run that a list is wanted, from this node or by it
	lost    atomic.Int64  // signals that other nodes sent and that did not come, and signals that could not be sent

	sent int64 // owned by run: the number of the last news

	mu     sync.Mutex // guards what follows; taken before the locks of rooms and of the directory
	others map[string]*node
	asked  bool // another node wants the list of all users
}

// node is what this node knows about another one.
type node struct {
	heard   time.Time           // when the last signal came from it
	stopped bool                // it has said that it stops
	number  int64               // of the last news that came; -1: its list is not known
	unsure  bool                // news were missed: ask for the list
	askedAt time.Time           // when it was last asked
	users   map[string]sighting // by user id
	rooms   map[string]map[string]bool
	list    map[string]sighting // the parts of a list that have come
	parts   int                 // how many these are
}

// sighting is one user of a node.
type sighting struct {
	User  wire.User `json:"user"`
	Named int64     `json:"named,omitempty"` // when the user got the name, in Unix milliseconds
	Rooms []stay    `json:"rooms,omitempty"` // the rooms that have the user on that node
	Gone  bool      `json:"gone,omitempty"`  // the user is not on that node any more; then only User.ID is set
}

// report is the body of news, and of a part of a list.
type report struct {
	Node   string     `json:"node"`
	Number int64      `json:"number"` // of these news; in a list: of the last news that are in it
	Users  []sighting `json:"users,omitempty"`
	Part   int        `json:"part,omitempty"` // of a list: which part this is, from 0
	Parts  int        `json:"parts,omitempty"`
	To     string     `json:"to,omitempty"` // of ask: which node is asked
}

func newNodes(h *Hub, signals Signals) *nodes {
	return &nodes{hub: h, signals: signals, id: rand.Text(), born: time.Now(), typing: make(chan Signal, maxWaiting),
		wake: make(chan struct{}, 1), others: map[string]*node{}}
}

// run exchanges signals with the other nodes until ctx is done.
func (x *nodes) run(ctx context.Context) {
	check := time.NewTicker(nodesEvery)
	defer check.Stop()
	stop := x.listen(ctx, check)
	if stop == nil {
		return
	}
	defer stop()
	x.send(kindAsk, report{})
	alive := time.Now()
	for {
		select {
		case <-ctx.Done():
			x.send(kindStopped, report{})
			return
		case <-x.hub.directory.changed:
			x.sendNews()
		case s := <-x.typing:
			x.sendSignal(s)
		case <-x.wake:
			x.exchange(time.Now())
		case <-check.C:
			now := time.Now()
			x.tidy(now)
			x.exchange(now)
			if now.Sub(alive) >= aliveEvery {
				x.send(kindAlive, report{})
				alive = now
			}
		}
	}
}

// listen begins to listen to the other nodes. It tries again until it succeeds, or returns nil when ctx is done.
func (x *nodes) listen(ctx context.Context, again *time.Ticker) (stop func()) {
	for logged := false; ; {
		stop, err := x.signals.Listen(ctx, x.receive)
		if err == nil {
			return stop
		}
		if !logged {
			x.hub.log.Warn("the other nodes cannot be heard yet", "err", err)
			logged = true
		}
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
	}
}

// sendNews tells the other nodes what has changed about users of this node. The news are numbered even if there is no
// other node, because one may know this node and not be known to it.
func (x *nodes) sendNews() {
	for part := range slices.Chunk(x.hub.directory.news(), maxSightings) {
		x.sent++
		if x.count() > 0 {
			x.send(kindNews, report{Users: part})
		}
	}
}

// count returns how many other nodes this node knows.
func (x *nodes) count() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.others)
}

// sendList sends the list of all users of this node.
func (x *nodes) sendList() {
	all := x.hub.directory.everybody()
	parts := max((len(all)+maxSightings-1)/maxSightings, 1)
	for i := range parts {
		part := all[i*maxSightings : min((i+1)*maxSightings, len(all))]
		x.send(kindAll, report{Users: part, Part: i, Parts: parts})
	}
}

func (x *nodes) send(kind Kind, r report) {
	r.Node, r.Number = x.id, x.sent
	x.sendSignal(newSignal(kind, r))
}

// newSignal returns a signal whose Body is v as JSON. v is a report or a typed, which can always be encoded.
func newSignal(kind Kind, v any) Signal {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return Signal{Kind: kind, Body: body}
}

// sendSignal counts a signal that cannot be sent as lost. The other nodes notice it by the number of the next signal.
func (x *nodes) sendSignal(s Signal) {
	if x.signals.Send(s) != nil {
		x.lost.Add(1)
	}
}

// exchange asks nodes for the lists that are missing, and sends its own if another node has asked.
func (x *nodes) exchange(now time.Time) {
	unsure, asked := x.wanted(now)
	for _, id := range unsure {
		x.send(kindAsk, report{To: id})
	}
	if asked {
		x.sendNews() // so that the list and its number agree
		x.sendList()
	}
}

// wanted returns the ids of the nodes to ask for their lists now, and whether another node has asked for the list of this
// one since the last call.
func (x *nodes) wanted(now time.Time) (unsure []string, asked bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for id, n := range x.others {
		if n.unsure && !n.stopped && now.Sub(n.askedAt) >= nodesEvery {
			n.askedAt = now
			unsure = append(unsure, id)
		}
	}
	asked, x.asked = x.asked, false
	return unsure, asked
}

// tidy removes the nodes that are silent, which count as dead, and those that have stopped.
func (x *nodes) tidy(now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for id, n := range x.others {
		silence := nodeSilence
		if n.stopped {
			silence = graceAfter // its users have left, and most come back on another node
		}
		if now.Sub(n.heard) >= silence {
			x.replaceLocked(id, n, nil)
			delete(x.others, id)
		}
	}
}

// receive runs when a signal comes, also one of this node.
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
	n := x.others[r.Node]
	if n == nil {
		n = &node{number: -1, unsure: s.Kind != kindStopped, users: map[string]sighting{},
			rooms: map[string]map[string]bool{}}
		x.others[r.Node] = n
	}
	if n.stopped {
		return
	}
	n.heard = time.Now()
	switch s.Kind {
	case kindAsk:
		x.asked = x.asked || r.To == "" || r.To == x.id
	case kindStopped:
		n.stopped = true
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

// checkNumberLocked compares the number of the last news that came from n with the number that should be the last. If news
// were missed, it makes run ask for the list.
func (x *nodes) checkNumberLocked(n *node, number int64) {
	if n.number < number && !n.unsure {
		n.unsure = true
		x.lost.Add(1)
	}
}

// receiveListLocked adds one part of the list of n, which come in order. The last part makes the list count.
func (x *nodes) receiveListLocked(n *node, r report) {
	if r.Part == 0 {
		n.list, n.parts = map[string]sighting{}, 0
	}
	if n.list == nil || r.Part != n.parts || r.Number < n.number {
		n.list = nil // a part is missing; the node is still unsure
		return
	}
	n.parts++
	for _, u := range r.Users {
		n.list[u.User.ID] = u
	}
	if n.parts == r.Parts {
		x.replaceLocked(r.Node, n, n.list)
		n.list, n.number, n.unsure = nil, r.Number, false
	}
}

// replaceLocked replaces all users of n.
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

// applyLocked replaces one user of n, and shows the change in the rooms of this node.
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
	x.hub.showNames(x.hub.directory.seen(id, u.named()))
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

// leaveLocked removes a user of n from a room.
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
	r.withPeople(func(p *people) { p.news() }) // nobody has come since: they were there before
}
