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
	met    chan struct{}    // closed when this node has the lists of the other nodes for the first time
}

// sighting is what a node tells the other nodes about one of its users.
type sighting struct {
	User  wire.User `json:"user"`
	Named int64     `json:"named,omitempty"` // when the user got the name, in Unix milliseconds
	Rooms []stay    `json:"rooms,omitempty"` // the rooms that the user is in on that node
	From  []string  `json:"from,omitempty"`  // the addresses of a guest
	Gone  bool      `json:"gone,omitempty"`  // the user is not on that node any more; then only User.ID is set
}

// report is the body of every signal except kindTyping. A node also passes on the lists of nodes that have stopped a moment
// ago (see sendList). In that case Node and Number are those of the stopped node.
type report struct {
	Node   string     `json:"node"`            // the id of the sender
	Number int64      `json:"number"`          // in kindNews: the number of these news; else: of the sender's last news
	Users  []sighting `json:"users,omitempty"` // only in kindNews and kindAll
	Part   int        `json:"part,omitempty"`  // only in kindAll: which part of the list this is, from 0
	Parts  int        `json:"parts,omitempty"` // only in kindAll: how many parts the list has
	To     string     `json:"to,omitempty"`    // only in kindAsk: which node is asked; empty: every node

	Beside []string `json:"beside,omitempty"` // only in kindAll: the ids of the other nodes that the sender can tell about
	By     string   `json:"by,omitempty"`     // only if the report is passed on: the id of the node that does so
	AgoMS  int64    `json:"ago_ms,omitempty"` // only if the report is passed on: how long ago the node has stopped, in ms
}

func newNodes(h *Hub, signals Signals) *nodes {
	return &nodes{hub: h, signals: signals, id: rand.Text(), born: time.Now(), typing: make(chan Signal, maxWaiting),
		wake: make(chan struct{}, 1), others: map[string]*node{}, met: make(chan struct{})}
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
			// The other nodes keep the users of this node for a while, so they must know all of them.
			x.sendNews()
			x.exchange(time.Now())
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

// sendList sends the list of all users of this node. Behind it, it passes on the lists of the nodes that have stopped a
// moment ago: a node that has started since then does not know the users of these nodes, most of whom are about to come
// back. A node of an older version would take such a list for that of a node that lives, so it is told that the node has
// stopped.
func (x *nodes) sendList() {
	stopped, beside := x.known(time.Now())
	x.sendAll(report{Node: x.id, Number: x.sent, Beside: beside}, x.hub.directory.everybody())
	for _, s := range stopped {
		x.sendAll(s.report, s.users)
		x.sendSignal(newSignal(kindStopped, s.report))
	}
}

// sendAll sends users as the list that r describes.
func (x *nodes) sendAll(r report, users []sighting) {
	r.Parts = max((len(users)+maxSightings-1)/maxSightings, 1)
	for r.Part = range r.Parts {
		r.Users = users[r.Part*maxSightings : min((r.Part+1)*maxSightings, len(users))]
		x.sendSignal(newSignal(kindAll, r))
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
