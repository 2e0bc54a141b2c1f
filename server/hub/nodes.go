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

// The kinds of the signals that nodes send each other. In a signal of kindTyping, the Body is a value of type typed in
// JSON. In a signal of any other kind, the Body is a report in JSON.
const (
	kindNews    Kind = "news"    // what has changed about users of the sender
	kindAll     Kind = "all"     // one part of the list of all users of the sender
	kindAlive   Kind = "alive"   // the sender lives; the report contains no users
	kindAsk     Kind = "ask"     // the sender asks the node report.To for its list of users; To empty: it asks every node
	kindStopped Kind = "stopped" // the sender stops
	kindTyping  Kind = "typing"  // a user of the sender is typing, or has stopped typing
)

const (
	// aliveEvery is how often a node sends kindAlive. This signal contains the number of the node's last news. If another
	// node has not got the news with that number, news were lost on the way. That node then asks for the list of all
	// users. So lost news are noticed after aliveEvery at most.
	aliveEvery = 10 * time.Second
	// If a node sends no signal for nodeSilence, the other nodes count it as dead, and its users as gone.
	// docs/protocol.md promises that these users are gone after 45 s at most. nodeSilence is shorter, because a node
	// notices the silence up to a second late, and tells its rooms up to another second later.
	nodeSilence = 42 * time.Second
	// nodesEvery is how often a node checks whether other nodes are silent or must be asked for their lists. It is also
	// the shortest time between two requests to the same node for its list.
	nodesEvery = time.Second
	// maxSightings is the most users in one signal. A user with a long name who is in wire.MaxRooms rooms takes 4 KiB, so
	// a signal has at most 800 KiB. NATS allows 1 MiB.
	maxSightings = 200
	// maxWaiting is how many signals about typing may wait to be sent. Further signals about typing are dropped.
	maxWaiting = 256
)

// nodes tells the other nodes about the users of this node, and adds the users of the other nodes to this node's rooms.
// Signals are not stored, so news about users may get lost. To repair that, each node numbers its news. A node that has
// missed news notices a gap in the numbers, and asks the sender for a list of all its users.
type nodes struct {
	hub     *Hub          // static
	signals Signals       // static
	id      string        // static; this node's name, new at each start
	born    time.Time     // static; when this node started
	typing  chan Signal   // static; capacity maxWaiting; signals about typing that run must send
	wake    chan struct{} // static; capacity 1; a value tells run that this node must ask for a list, or send its own
	lost    atomic.Int64  // how often news of another node were missed, or a signal could not be sent

	sent int64 // owned by run; the number of this node's last news

	mu     sync.Mutex       // guards what follows; taken before the locks of rooms and of the directory
	others map[string]*node // by node id
	asked  bool             // another node has asked for the list of this node's users, which was not sent yet
}

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

// sighting is what a node tells the other nodes about one of its users.
type sighting struct {
	User  wire.User `json:"user"`
	Named int64     `json:"named,omitempty"` // when the user got the name, in Unix milliseconds
	Rooms []stay    `json:"rooms,omitempty"` // the rooms that the user is in on that node
	From  []string  `json:"from,omitempty"`  // the addresses of a guest
	Gone  bool      `json:"gone,omitempty"`  // the user is not on that node any more; then only User.ID is set
}

// report is the body of every signal except kindTyping.
type report struct {
	Node   string     `json:"node"`            // the id of the sender
	Number int64      `json:"number"`          // in kindNews: the number of these news; else: of the sender's last news
	Users  []sighting `json:"users,omitempty"` // only in kindNews and kindAll
	Part   int        `json:"part,omitempty"`  // only in kindAll: which part of the list this is, from 0
	Parts  int        `json:"parts,omitempty"` // only in kindAll: how many parts the list has
	To     string     `json:"to,omitempty"`    // only in kindAsk: which node is asked; empty: every node
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

// listen begins to listen to the other nodes. If that fails, it tries again at each tick of the ticker in the parameter
// again. It returns nil only if ctx is done before it has succeeded.
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

// sendNews tells the other nodes what has changed about users of this node. If this node knows no other node, it sends
// nothing, but it numbers the news all the same: there may be a node that this node has not heard yet, and that node must
// notice that it has missed news.
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

// exchange sends kindAsk to the other nodes whose lists this node needs. If another node has asked for this node's list,
// exchange sends that list.
func (x *nodes) exchange(now time.Time) {
	unsure, asked := x.wanted(now)
	for _, id := range unsure {
		x.send(kindAsk, report{To: id})
	}
	if asked {
		x.sendNews() // send the news first: the list contains these changes, and its number must count them
		x.sendList()
	}
}

// wanted returns the ids of the nodes that this node must now ask for the list of their users. asked is true if, since the
// last call, another node has asked for the list of this node's users.
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
			silence = graceAfter // keep the users of a stopped node for a while: most of them connect to another node
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
