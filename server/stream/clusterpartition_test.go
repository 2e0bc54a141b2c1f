package stream_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mayfly/server/stream"
	"mayfly/server/stream/natstest"
	"mayfly/server/tcptest"
)

// faults are the ways in which a network breaks.
var faults = map[string]tcptest.Fault{"cut": tcptest.Cuts, "silent": tcptest.Swallows}

// apart opens two nodes that reach the servers each on a way of its own. server is the server to which the first node
// connects if it can; nil: any server.
func apart(t *testing.T, servers *natstest.Cluster, server *natstest.Server) (nodes [2]*stream.NATS, ways [2]natstest.Way) {
	t.Helper()
	for i := range nodes {
		ways[i] = servers.Way()
		var others natstest.Way
		for at, s := range servers.Servers {
			if i == 0 && server != nil && s != server {
				others = append(others, ways[0][at])
			}
		}
		others.Break(tcptest.Cuts)
		cluster := clusterOf(servers)
		cluster.URLs = ways[i].URLs()
		nodes[i] = openCluster(t, cluster, busy)
		others.Repair()
	}
	return nodes, ways
}

// TestClusterNodeCutOff: a node is cut off from all NATS servers. It says that it is not ready, the other node goes on, and
// afterwards both have everything, once and in the same order.
func TestClusterNodeCutOff(t *testing.T) {
	t.Parallel()
	for name, how := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers := natstest.StartLinked(t, 3)
			nodes, ways := apart(t, servers, nil)
			l := startLoad(t, nodes)
			l.more(20)
			ways[0].Break(how)
			eventually(t, "a node that is cut off is not ready", func() bool { return nodes[0].Ready(t.Context()) != nil })
			l.more(50)
			if err := nodes[1].Ready(t.Context()); err != nil {
				t.Errorf("the other node is not ready: %v", err)
			}
			ways[0].Repair()
			eventually(t, "the node is ready again", func() bool { return nodes[0].Ready(t.Context()) == nil })
			l.more(20)
			l.end()
		})
	}
}

// TestClusterServersCutOff: the NATS server that leads the stream is cut off from the others. A node is connected to it, and
// goes to another server by itself. Both nodes then store, and have everything, once and in the same order.
func TestClusterServersCutOff(t *testing.T) {
	t.Parallel()
	for name, how := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers := natstest.StartLinked(t, 3)
			openCluster(t, clusterOf(servers), busy) // makes the streams, so that there is a leader
			leader := servers.Leader("mayfly")
			nodes, _ := apart(t, servers, leader)
			if got := nodes[0].ServerNames(); !slices.Equal(got, []string{leader.Name}) {
				t.Fatalf("the node is connected to %v, want %s", got, leader.Name)
			}
			l := startLoad(t, nodes)
			l.more(20)
			servers.Isolate(leader, how)
			eventually(t, "the node goes to another server", func() bool {
				return !slices.Contains(nodes[0].ServerNames(), leader.Name)
			})
			eventually(t, "the node is ready again", func() bool { return nodes[0].Ready(t.Context()) == nil })
			l.more(50)
			servers.Rejoin(leader)
			leader.WaitHealthy()
			l.more(20)
			l.end()
		})
	}
}

// TestClusterServersCutOffFromEachOther: no NATS server reaches another one. Nothing can be stored, what is stored can be
// read, and afterwards everything goes on.
func TestClusterServersCutOffFromEachOther(t *testing.T) {
	t.Parallel()
	servers := natstest.StartLinked(t, 3)
	nodes, _ := apart(t, servers, nil)
	l := startLoad(t, nodes)
	l.more(20)
	for _, s := range servers.Servers {
		servers.Isolate(s, tcptest.Cuts)
	}
	for i, n := range nodes {
		eventually(t, fmt.Sprintf("node %d is not ready", i), func() bool { return n.Ready(t.Context()) != nil })
		eventually(t, "the room can be read", func() bool { return tryFollow(t, n, "lobby") != nil })
	}
	for _, s := range servers.Servers {
		servers.Rejoin(s)
	}
	l.more(50)
	l.end()
}

// TestClusterFactsAreStale: a node is connected to a NATS server that is cut off from the others. After a while it says that
// it may lack facts, so that nobody can use a sign-in that was signed out on another node. It knows the fact once it reaches
// the others.
func TestClusterFactsAreStale(t *testing.T) {
	t.Parallel()
	servers := natstest.StartLinked(t, 3)
	nodes, ways := apart(t, servers, servers.Servers[0])
	facts := nodes[0].Facts()
	heard := followSignouts(t, facts)
	for _, p := range ways[0][1:] { // the node cannot go to another server
		p.Break(tcptest.Cuts)
	}
	servers.Isolate(servers.Servers[0], tcptest.Cuts)
	eventually(t, "the other node stores a fact", func() bool {
		err := nodes[1].Facts().Keep(t.Context(), "ann signed out", time.Now().Add(time.Hour))
		if err != nil {
			t.Logf("not yet stored: %v; connected to %v", err, nodes[1].ServerNames())
		}
		if err != nil && strings.Contains(err.Error(), "in process") {
			t.Error("the second attempt is refused because the first attempt was lost")
		}
		return err == nil
	})
	eventually(t, "the facts are stale", func() bool {
		err := facts.Current()
		return err != nil && strings.Contains(err.Error(), "do not answer")
	})
	ways[0].Repair()
	eventually(t, "the facts are current", func() bool { return facts.Current() == nil })
	select {
	case fact := <-heard:
		if fact.text != "ann signed out" {
			t.Errorf("the fact is %q", fact.text)
		}
	default:
		t.Error("the facts are current, and the one of the other node has not come")
	}
}
