package network_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"mayfly/app/client"
	"mayfly/app/client/transport"
	"mayfly/cmd/mayfly/e2e/rig"
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

// forgiveUnavailable forgets the removals that were refused because no NATS server led the stream. The client has told the
// user, and shows the messages again.
func (a *actor) forgiveUnavailable() {
	v := a.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	forgiven := 0
	for problem, n := range a.refused {
		if string(problem.Code) == string(wire.CodeUnavailable) {
			forgiven += n
			delete(a.refused, problem)
		}
	}
	for _, m := range v.Messages {
		if _, taken := a.taken[m.Key]; taken && forgiven > 0 {
			forgiven--
			delete(a.taken, m.Key)
		}
	}
}

// TestClusterReactionsAgreeOnTwoNodes does what TestReactionsAgreeAndWhatIsTakenBackIsGone does, on two nodes that share
// three NATS servers.
func TestClusterReactionsAgreeOnTwoNodes(t *testing.T) {
	t.Parallel()
	c := rig.ServeCluster(t, "-ttl", lifetime.String(), "-rate", "100000/1s", "-conns-per-ip", "10000")
	var lines []*rig.Proxy
	for range ways {
		lines = append(lines, rig.NewProxy(t, "", c.Addr))
	}
	all, changed := newActors(t, lines)
	old := rig.Dial(t, c.Nodes[0])
	old.Hello(client.NewGuest(), wire.Join{Room: wire.DefaultRoom})
	cursor := rig.Next[wire.Joined](old)
	old.Close()

	both := several{c}
	actAndBreak(t, all, lines, min(*long, spell), func() { both.strike(t.Context()) }, func() {})
	both.Kill() // what is done without a node is done once there is one
	for _, a := range all {
		a.act()
		a.Flush()
	}
	both.Start()
	for _, a := range all {
		a.Wake()
	}
	for _, n := range c.Nodes {
		all = append(all, newActor(t, "late", transport.DialWebSocket(n.SocketURL()), n.Addr(), changed))
	}
	agree(t, all, changed)
	for _, a := range all {
		a.forgiveUnavailable()
	}
	for _, n := range c.Nodes {
		judgeNewcomers(t, n, all, wire.Cursor{Epoch: cursor.Epoch, Seq: cursor.Head})
	}
}
