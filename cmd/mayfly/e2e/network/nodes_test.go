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
	c := rig.ServeCluster(t, "-ttl", lifetime.String(), "-rate", "100000/1s", "-conns-per-ip", "10000")
	join := func(t *testing.T, name string, room int, dial transport.Dial) *talker {
		return newTalker(t, name, fmt.Sprintf("room-%d", room), dial,
			transport.DialPolls(transport.PostTo("http://"+c.Addr+"/poll"), nil))
	}
	webSocket := transport.DialWebSocket("ws://" + c.Addr + "/ws")
	var all []*talker
	var in [rooms][]*talker
	for i := range clients {
		dial := webSocket
		if i/rooms%10 == 0 {
			dial = blocked
		}
		a := join(t, fmt.Sprintf("person-%03d", i), i%rooms, dial)
		all, in[i%rooms] = append(all, a), append(in[i%rooms], a)
	}
	seesAll := func(_ *talker, v client.View) bool { return rig.Online(v) && v.People == clients/rooms }
	everyone(t, all, "told of all the others", seesAll)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var talking sync.WaitGroup
	for _, a := range all[:writing] {
		talking.Go(func() { a.talk(ctx) })
	}
	forgetArrivals(t, all)
	for i, n := range c.Nodes {
		everyone(t, all[:writing], "writing", func(a *talker, _ client.View) bool {
			_, said := a.now()
			return said >= 5*(i+1)
		})
		n.Stop()
		n.Start()
		everyone(t, all, "back", func(_ *talker, v client.View) bool { return rig.Online(v) })
	}
	stop()
	talking.Wait()
	written := writtenBy(all)
	everyone(t, all, "in possession of everything", func(a *talker, v client.View) bool {
		return rig.Sent(v) == written[a.room] && v.Unsent == 0
	})
	newcomers := map[string]bool{} // by user id
	t.Run("newcomers", func(t *testing.T) {
		for i := range rooms {
			a := join(t, fmt.Sprintf("newcomer-%d", i), i, webSocket)
			everyone(t, []*talker{a}, "online", func(_ *talker, v client.View) bool { return rig.Online(v) })
			v, _ := a.now()
			newcomers[v.Me.ID] = true
		}
		everyone(t, all, "told of the newcomer", func(_ *talker, v client.View) bool {
			return v.People == clients/rooms+1
		})
	})
	everyone(t, all, "told that the newcomer went", seesAll)

	var total counts
	for _, room := range in {
		judgeRoom(t, room, &total)
		for _, a := range room {
			company, fewest := a.record.presences()
			for _, f := range company {
				if !onlyAbout(newcomers, f) {
					t.Errorf("%s was told: %+v", a.name, f)
				}
			}
			if fewest < clients/rooms {
				t.Errorf("%s came back to a room of %d people, want %d at least", a.name, fewest, clients/rooms)
			}
		}
	}
	t.Log(total)
}

// forgetArrivals makes the records of all forget who came so far. A node tells that late, when it is 15 s old. So
// forgetArrivals waits until the WebSockets, which are on both nodes, have brought it. A client that polls was sent it at
// the same time, and so has it with the next message.
func forgetArrivals(t *testing.T, all []*talker) {
	everyone(t, all, "told who came", func(a *talker, _ client.View) bool {
		return a.record.byPolls() || a.record.told()
	})
	written := writtenBy(all)
	everyone(t, all, "in possession of another message", func(a *talker, v client.View) bool {
		return rig.Sent(v) > written[a.room]
	})
	for _, a := range all {
		a.record.presences()
	}
}

// writtenBy returns, by room, how many messages all have written.
func writtenBy(all []*talker) map[string]int {
	written := map[string]int{}
	for _, a := range all {
		_, said := a.now()
		written[a.room] += said
	}
	return written
}

// onlyAbout reports whether f says who came or went, and names no other users than those with these ids.
func onlyAbout(users map[string]bool, f wire.Presence) bool {
	other := func(id string) bool { return !users[id] }
	return len(f.Came)+len(f.Went) > 0 && !slices.ContainsFunc(f.Went, other) &&
		!slices.ContainsFunc(f.Came, func(u wire.User) bool { return other(u.ID) })
}
