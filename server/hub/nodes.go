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
	// aliveEvery is how often a node says that it lives, and which number its last news have. So another node that has
	// missed news notices it within aliveEvery, and asks for the list of all users.
	aliveEvery = 10 * time.Second
	// nodeSilence is how long a node may be silent. Then the other nodes count it as dead, and its users as gone. It
	// is less than the 45 s of docs/protocol.md: a node notices the silence up to a second late, and tells its rooms
	// up to another second later.
	nodeSilence = 42 * time.Second
	// nodesEvery is how often a node checks the other nodes. It is also the shortest time between two requests for the
	// list of the same node.
	nodesEvery = time.Second
	// maxSightings is the most users in one signal. NATS limits a signal to 1 MiB, and a user with a long name who is
	// in the most rooms takes 4 KiB.
	maxSightings = 200
	// maxWaiting is how many signals about typing may wait to be sent. More are dropped.
	maxWaiting = 256
)

// nodes tells the other nodes about the users of this node, and adds the users of the other nodes to this node's
// rooms. Each node numbers its news; a node that misses some asks for a list of all users. So the loss of a signal is
// repaired, although no signal is stored.
type nodes struct {
	hub     *Hub          // static
	signals Signals       // static
	id      string        // static; this node's name, new at each start
	born    time.Time     // static; when this node started
	typing  chan Signal   // static; capacity maxWaiting; signals for run to send
	wake    chan struct{} // static; capacity 1; a value tells run that this node must ask for a list, or send its own
	lost    atomic.Int64  // how often news of another node were missed, or a signal could not be sent

	sent int64 // owned by run; the number of this node's last news

	mu     sync.Mutex // guards what follows; taken before the locks of rooms and of the directory
	others map[string]*node
	asked  bool // another node wants the list of all users
}

// node is what this node knows about another one.
type node struct {
	heard   time.Time           // when the last signal came from it
	stopped bool                // it has said that it stops
	number  int64               // of the last news that came; -1: no list has come yet
	unsure  bool                // this node must ask for the list: it has none, or has missed news
	askedAt time.Time           // when it was last asked for its list
	users   map[string]sighting // by user id
	rooms   map[string]map[string]bool
	list    map[string]sighting // by user id; the users in the parts of a list that have come; nil: none
	parts   int                 // how many parts of that list have come
}

// sighting is what a node tells the other nodes about one of its users.
type sighting struct {
	User  wire.User `json:"user"`
	Named int64     `json:"named,omitempty"` // when the user got the name, in Unix milliseconds
	Rooms []stay    `json:"rooms,omitempty"` // the rooms that the user is in on that node
	Gone  bool      `json:"gone,omitempty"`  // the user is not on that node any more; then only User.ID is set
}

// report is the body of every signal except kindTyping.
type report struct {
	Node   string     `json:"node"`
	Number int64      `json:"number"` // of these news; in other signals: of the sender's last news
	Users  []sighting `json:"users,omitempty"`
	Part   int        `json:"part,omitempty"` // of a list: which part this is, from 0
	Parts  int        `json:"parts,omitempty"`
	To     string     `json:"to,omitempty"` // only in kindAsk: which node is asked; empty: every node
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

// sendNews tells the other nodes what has changed about users of this node. It numbers the news even if this node
// knows no other node: a node that is not known here may know this node, and must notice that it has missed news.
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

// sendSignal sends s. If it cannot send s, it counts s as lost; the other nodes notice missing news by the number in
// the next signal.
func (x *nodes) sendSignal(s Signal) {
	if x.signals.Send(s) != nil {
		x.lost.Add(1)
	}
}

// exchange asks other nodes for the lists that this node needs, and sends this node's list if another node has asked
// for it.
func (x *nodes) exchange(now time.Time) {
	unsure, asked := x.wanted(now)
	for _, id := range unsure {
		x.send(kindAsk, report{To: id})
	}
	if asked {
		x.sendNews() // first, so that the number in the list covers every change that is in the list
		x.sendList()
	}
}

// wanted returns the ids of the nodes to ask for their lists now, and whether another node has asked for this node's
// list since the last call.
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

// tidy removes each node that has been silent for nodeSilence, and each node that stopped graceAfter ago.
func (x *nodes) tidy(now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for id, n := range x.others {
		silence := nodeSilence
		if n.stopped {
			silence = graceAfter // keep its users for so long: most of them connect to another node
		}
		if now.Sub(n.heard) >= silence {
			x.replaceLocked(id, n, nil)
			delete(x.others, id)
		}
	}
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

// checkNumberLocked checks whether all news of n up to number have come. If not, it marks n as unsure, and run asks n
// for its list.
func (x *nodes) checkNumberLocked(n *node, number int64) {
	if n.number < number && !n.unsure {
		n.unsure = true
		x.lost.Add(1)
	}
}

// receiveListLocked adds one part to the list of n's users. The parts come in order. With the last part, the list
// replaces the users of n.
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

// replaceLocked replaces all users of n by users.
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

// applyLocked records what n tells about its user u, and shows the change in the rooms of this node.
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
	r.withPeople(func(p *people) { p.news() }) // take the news and drop them: these users were there before
}
