package network_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/app/client/transport"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/server/tcptest"
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
// write. Nobody misses a message, and nobody is told that anybody came or went.
func TestClusterRollingRestart(t *testing.T) {
	t.Parallel()
	const clients, writing = 500, 25
	c := rig.ServeCluster(t, "-ttl", lifetime.String(), "-rate", "100000/1s", "-conns-per-ip", "10000")
	var all []*talker
	var in [rooms][]*talker
	for i := range clients {
		dial := transport.DialWebSocket("ws://" + c.Addr + "/ws")
		if i/rooms%10 == 0 {
			dial = blocked
		}
		a := newTalker(t, fmt.Sprintf("person-%03d", i), fmt.Sprintf("room-%d", i%rooms), dial,
			transport.DialPolls(transport.PostTo("http://"+c.Addr+"/poll"), nil))
		all, in[i%rooms] = append(all, a), append(in[i%rooms], a)
	}
	everyone(t, all, "told of all the others", func(_ *talker, v client.View) bool {
		return rig.Online(v) && v.People == clients/rooms
	})
	for _, a := range all {
		a.record.company()
	}

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var talking sync.WaitGroup
	for _, a := range all[:writing] {
		talking.Go(func() { a.talk(ctx) })
	}
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
	written := map[string]int{}
	for _, a := range all {
		_, said := a.now()
		written[a.room] += said
	}
	everyone(t, all, "in possession of everything", func(a *talker, v client.View) bool {
		return rig.Sent(v) == written[a.room] && v.Unsent == 0
	})
	var total counts
	told := 0
	for _, room := range in {
		judgeRoom(t, room, &total)
		for _, a := range room {
			told += a.record.company()
		}
	}
	t.Logf("%s; told of comings and goings %d times", total, told)
	if told > 0 {
		t.Errorf("people were told %d times that somebody came or went", told)
	}
}
