package network_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/app/client/transport"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/server/tcptest"
	"mayfly/shared/wire"
)

// single is one server that has its storage inside.
type single struct{ *rig.Server }

func (s single) strike(context.Context) {
	s.Kill()
	s.Start()
}

// several is two nodes that share three NATS servers.
type several struct{ *rig.Cluster }

// strike kills a node or a NATS server, makes one of them stand still for a moment, or cuts it off. At most one NATS server
// is without all messages at any time, because the messages are in memory only.
func (s several) strike(ctx context.Context) {
	node, server := s.Nodes[rand.N(len(s.Nodes))], s.NATS.Servers[rand.N(len(s.NATS.Servers))]
	how := []tcptest.Fault{tcptest.Cuts, tcptest.Swallows}[rand.N(2)]
	switch rand.N(6) {
	case 0:
		node.Kill()
		node.Start()
	case 1:
		server.Kill()
		wait(ctx, rand.N(broken))
		server.Start()
		server.WaitHealthy()
	case 2:
		standStill(ctx, server)
		server.WaitHealthy()
	case 3:
		standStill(ctx, node)
	case 4:
		way := s.Ways[rand.N(len(s.Ways))]
		way.Break(how)
		wait(ctx, rand.N(2*broken))
		way.Repair()
	case 5:
		s.NATS.Isolate(server, how)
		wait(ctx, rand.N(2*broken))
		s.NATS.Rejoin(server)
		server.WaitHealthy()
	}
}

// standStill stops a process for a moment.
func standStill(ctx context.Context, process interface {
	Pause()
	Continue()
}) {
	process.Pause()
	wait(ctx, rand.N(2*broken))
	process.Continue()
}

// Kill kills all nodes.
func (s several) Kill() {
	for _, n := range s.Nodes {
		n.Kill()
	}
}

// Start starts all nodes again.
func (s several) Start() {
	for _, n := range s.Nodes {
		n.Start()
	}
}

// TestNothingLostOnTwoNodes does what TestNothingLostNothingTwice does, on two nodes that share three NATS servers. Each
// connection and each poll of a client comes to another node.
func TestNothingLostOnTwoNodes(t *testing.T) {
	t.Parallel()
	c := rig.ServeLinked(t, "-ttl", lifetime.String(), "-rate", "100000/1s", "-conns-per-ip", "10000")
	tortures(t, several{c}, c.Addr, max(*long, spell))
}

// TestClusterReactionsAgreeOnTwoNodes does what TestReactionsAgreeAndWhatIsTakenBackIsGone does, on two nodes that share
// three NATS servers.
func TestClusterReactionsAgreeOnTwoNodes(t *testing.T) {
	t.Parallel()
	inSpells(t, func(t *testing.T, length time.Duration) {
		c := rig.ServeLinked(t, "-ttl", lifetime.String(), "-rate", "100000/1s", "-conns-per-ip", "10000")
		s := newStage(t, several{c}, c.Addr, c.Nodes...)
		s.play(length, several{c}.strike, func() {})
		s.reunite()
		s.judgeNewcomers()
	})
}

// TestClusterRollingRestart: all nodes are restarted, one after the other, while 500 clients are connected and some of them
// write. Nobody misses a message, nobody is told that anybody came or went, and every user who comes back is told of all
// others. What the nodes tell late, because they wait for users to come back, is judged too: at the end, a newcomer comes to
// each room and leaves it. The others are told of the newcomer only, and they are told that the newcomer went after all
// those times have passed.
func TestClusterRollingRestart(t *testing.T) {
	t.Parallel()
	const clients, writing = 500, 25
	c := newCrowd(t, clients)
	t.Run("first newcomers", func(t *testing.T) { // a node tells who came when it is 15 s old, and then of each newcomer
		c.visit(t, func(_ *talker, v client.View, _ string) bool { return v.People == clients/rooms+1 })
	})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var talking sync.WaitGroup
	for _, a := range c.all[:writing] {
		talking.Go(func() { a.talk(ctx) })
	}
	everyone(t, c.all, "in possession of a message", func(_ *talker, v client.View) bool {
		return rig.Sent(v) > 0 // and of everything that was told before
	})
	for _, a := range c.all {
		a.record.presences()
	}
	for i, n := range c.Nodes {
		everyone(t, c.all[:writing], "writing", func(a *talker, _ client.View) bool {
			_, said := a.now()
			return said >= 5*(i+1)
		})
		n.Stop()
		n.Start()
		everyone(t, c.all, "back", func(_ *talker, v client.View) bool { return rig.Online(v) })
	}
	stop()
	talking.Wait()
	written := c.written()
	everyone(t, c.all, "in possession of everything", func(a *talker, v client.View) bool {
		return rig.Sent(v) == written[a.room] && v.Unsent == 0
	})
	t.Run("last newcomers", func(t *testing.T) {
		c.visit(t, func(a *talker, _ client.View, id string) bool { return a.record.byPolls() || a.record.toldOf(id) })
	})
	everyone(t, c.all, "told that the newcomers went", func(_ *talker, v client.View) bool {
		return v.People == clients/rooms
	})
	c.judge()
}

// crowd is many people in the rooms of a cluster. Every tenth of them polls.
type crowd struct {
	*rig.Cluster
	t         *testing.T
	all       []*talker
	in        [rooms][]*talker
	newcomers map[string]bool // by user id: those who have visited a room
}

// newCrowd starts a cluster, and returns n people on it who see each other.
func newCrowd(t *testing.T, n int) *crowd {
	t.Helper()
	c := &crowd{rig.ServeCluster(t, "-ttl", lifetime.String(), "-rate", "100000/1s", "-conns-per-ip", "10000"), t, nil,
		[rooms][]*talker{}, map[string]bool{}}
	for i := range n {
		dial := c.webSocket()
		if i/rooms%10 == 0 {
			dial = blocked
		}
		a := c.join(t, fmt.Sprintf("person-%03d", i), i%rooms, dial)
		c.all, c.in[i%rooms] = append(c.all, a), append(c.in[i%rooms], a)
	}
	everyone(t, c.all, "told of all the others", func(_ *talker, v client.View) bool {
		return rig.Online(v) && v.People == n/rooms
	})
	return c
}

func (c *crowd) webSocket() transport.Dial { return transport.DialWebSocket("ws://" + c.Addr + "/ws") }

// join returns a person who stays in a room until t ends.
func (c *crowd) join(t *testing.T, name string, room int, dial transport.Dial) *talker {
	return newTalker(t, name, fmt.Sprintf("room-%d", room), dial,
		transport.DialPolls(transport.PostTo("http://"+c.Addr+"/poll"), nil))
}

// visit lets a newcomer join each room until t ends, and waits until told is true for all people in it. id is the user id
// of the newcomer.
func (c *crowd) visit(t *testing.T, told func(a *talker, v client.View, id string) bool) {
	for i, people := range c.in {
		newcomer := c.join(t, fmt.Sprintf("newcomer-%d", i), i, c.webSocket())
		everyone(t, []*talker{newcomer}, "online", func(_ *talker, v client.View) bool { return rig.Online(v) })
		v, _ := newcomer.now()
		c.newcomers[v.Me.ID] = true
		everyone(t, people, "told of the newcomer", func(a *talker, v2 client.View) bool { return told(a, v2, v.Me.ID) })
	}
}

// written returns, by room, how many messages the people have written.
func (c *crowd) written() map[string]int {
	written := map[string]int{}
	for _, a := range c.all {
		_, said := a.now()
		written[a.room] += said
	}
	return written
}

// judge checks that the people have the same messages, were told of newcomers only, and were always told of all others when
// they came back.
func (c *crowd) judge() {
	c.t.Helper()
	var total counts
	for _, people := range c.in {
		judgeRoom(c.t, people, &total)
		for _, a := range people {
			company, fewest := a.record.presences()
			for _, f := range company {
				if !onlyAbout(c.newcomers, f) {
					c.t.Errorf("%s was told: %+v", a.name, f)
				}
			}
			if fewest < int64(len(people)) {
				c.t.Errorf("%s came back to a room of %d people, want %d at least", a.name, fewest, len(people))
			}
		}
	}
	c.t.Log(total)
}

// onlyAbout reports whether f says who came or went, and names no other users than those with these ids.
func onlyAbout(users map[string]bool, f wire.Presence) bool {
	other := func(id string) bool { return !users[id] }
	return len(f.Came)+len(f.Went) > 0 && !slices.ContainsFunc(f.Went, other) &&
		!slices.ContainsFunc(f.Came, func(u wire.User) bool { return other(u.ID) })
}
