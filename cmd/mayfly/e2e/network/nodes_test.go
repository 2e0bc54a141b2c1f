package network_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"mayfly/cmd/mayfly/e2e/rig"
)

// single is one server that has its storage inside.
type single struct{ *rig.Server }

func (s single) strike(context.Context) {
	s.Kill()
	s.Start()
}

// several is two nodes that share three NATS servers.
type several struct{ *rig.Cluster }

// strike kills a node, or kills a NATS server, or makes one of them stand still for a moment. At most one NATS server is
// without all messages at any time, because the messages are in memory only.
func (s several) strike(ctx context.Context) {
	node, server := s.Nodes[rand.N(len(s.Nodes))], s.NATS.Servers[rand.N(len(s.NATS.Servers))]
	switch rand.N(4) {
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

// TestClusterNothingLostOnTwoNodes does what TestNothingLostNothingTwice does, on two nodes that share three NATS servers.
// Each connection and each poll of a client comes to another node.
func TestClusterNothingLostOnTwoNodes(t *testing.T) {
	t.Parallel()
	c := rig.ServeCluster(t, "-ttl", lifetime.String(), "-rate", "100000/1s", "-conns-per-ip", "10000")
	tortures(t, several{c}, c.Addr, *long)
}

// TestClusterReactionsAgreeOnTwoNodes does what TestReactionsAgreeAndWhatIsTakenBackIsGone does, on two nodes that share
// three NATS servers.
func TestClusterReactionsAgreeOnTwoNodes(t *testing.T) {
	t.Parallel()
	inSpells(t, func(t *testing.T, length time.Duration) {
		c := rig.ServeCluster(t, "-ttl", lifetime.String(), "-rate", "100000/1s", "-conns-per-ip", "10000")
		s := newStage(t, several{c}, c.Addr, c.Nodes[:]...)
		s.play(length, several{c}.strike, func() {})
		s.reunite()
		s.judgeNewcomers()
	})
}
