package stream_test

import (
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/hub"
	"mayfly/server/stream"
	"mayfly/server/stream/natstest"
	"mayfly/shared/wire"
)

// clusterOf returns the configuration of a node that uses the servers of c.
func clusterOf(c *natstest.Cluster) stream.Cluster {
	return stream.Cluster{URLs: c.URLs(), Name: "mayfly", Replicas: len(c.Servers)}
}

// openCluster opens the stream of one node, and closes it at the end of the test.
func openCluster(t *testing.T, cluster stream.Cluster, config stream.Config) *stream.NATS {
	t.Helper()
	return openClusterWith(t, cluster, config, hub.NewClock(time.Now), prometheus.NewRegistry())
}

func openClusterWith(t *testing.T, cluster stream.Cluster, config stream.Config, clock *hub.Clock,
	metrics prometheus.Registerer) *stream.NATS {
	t.Helper()
	n, err := stream.OpenCluster(t.Context(), cluster, config, clock, metrics, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, n)
	return n
}

// openBoth opens the streams of two nodes at the same time.
func openBoth(t *testing.T, cluster stream.Cluster, config stream.Config) (nodes [2]*stream.NATS) {
	t.Helper()
	var opening sync.WaitGroup
	for i := range nodes {
		opening.Go(func() {
			n, err := stream.OpenCluster(t.Context(), cluster, config, hub.NewClock(time.Now), prometheus.NewRegistry(),
				slog.New(slog.DiscardHandler))
			if err != nil {
				t.Error(err)
				return
			}
			nodes[i] = n
			closeAtEnd(t, n)
		})
	}
	if opening.Wait(); t.Failed() {
		t.FailNow()
	}
	return nodes
}

// TestWhatANodeWaitsFor: a node that starts waits for servers that are starting, too, but not for what only the operator can
// mend.
func TestWhatANodeWaitsFor(t *testing.T) {
	for _, tt := range []struct {
		problem string
		status  int
		code    jetstream.ErrorCode
		want    bool
	}{
		{"no suitable peers for placement, peer offline", 400, 10005, true},
		{"JetStream system temporarily unavailable", 503, 10008, true},
		{"another node creates the stream", 400, jetstream.JSErrCodeStreamNameInUse, true},
		{"replicas > 1 not supported in non-clustered mode", 500, 10074, false},
		{"invalid stream configuration", 400, 10025, false},
	} {
		if got := stream.TriesAgain(tt.status, tt.code); got != tt.want {
			t.Errorf("after %q the node tries again: %v, want %v", tt.problem, got, tt.want)
		}
	}
}

// TestFollowerAsksTheLeader: a follower in a cluster reads from any server, which may lack the last messages. So it also
// asks the leader.
func TestFollowerAsksTheLeader(t *testing.T) {
	t.Parallel()
	c := natstest.Start(t, 1, "")
	n := openCluster(t, clusterOf(c), roomy)
	conn, err := nats.Connect(c.URLs()[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	asked, err := conn.SubscribeSync("$JS.API.STREAM.MSG.GET.mayfly")
	if err == nil {
		err = conn.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	follow(t, n, "lobby")
	eventually(t, "the leader is asked for the last message of the room", func() bool {
		request, err := asked.NextMsg(testTimeout)
		return err == nil && strings.Contains(string(request.Data), "mayfly.room.lobby")
	})
}

// TestClusterOfTwoNodes: two nodes that start at the same time on new servers create the streams together. Both deliver the
// events of both in one order, recognise each other's repeats, and resume from any seq.
func TestClusterOfTwoNodes(t *testing.T) {
	t.Parallel()
	nodes := openBoth(t, clusterOf(natstest.Start(t, 3, "")), roomy)
	if a, b := nodes[0].Epoch(), nodes[1].Epoch(); a != b || a == "" {
		t.Errorf("the epochs are %q and %q, want the same", a, b)
	}
	for _, n := range nodes {
		if err := n.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	}
	followed := [2]<-chan wire.Message{follow(t, nodes[0], "lobby"), follow(t, nodes[1], "lobby")}
	const each = 200
	var posting sync.WaitGroup
	for i, n := range nodes {
		posting.Go(func() { appendAll(t, n, "lobby", i*each, each, time.Minute) })
	}
	posting.Wait()
	var orders [2][]string
	for i, c := range followed {
		for range 2 * each {
			orders[i] = append(orders[i], nextOf(t, c).ID)
		}
	}
	if !reflect.DeepEqual(orders[0], orders[1]) {
		t.Errorf("the nodes have different orders:\n%v\n%v", orders[0], orders[1])
	}
	first := mustAppend(t, nodes[0], "lobby", message(1000, time.Minute))
	again := appendOne(t, nodes[1], "lobby", message(1000, time.Minute))
	if !again.receipt.Repeat || again.receipt.Message.Seq != first.Seq {
		t.Errorf("the repeat on the other node: %+v, want that of seq %d", again, first.Seq)
	}
	if got := all(t, nodes[1], "lobby"); len(got) != 2*each+1 {
		t.Errorf("a new follower got %d messages, want %d", len(got), 2*each+1)
	}
}

// TestClusterRoomsWithoutMembersCostNothing: the events of a room do not go to a node on which nobody follows the room. What
// comes to that node all the same are the answers of the cluster to its questions about the stream.
func TestClusterRoomsWithoutMembersCostNothing(t *testing.T) {
	t.Parallel()
	const posts, answers = 2000, 50
	cluster, metrics := clusterOf(natstest.Start(t, 3, "")), prometheus.NewRegistry()
	with := openCluster(t, cluster, roomy)
	without := openClusterWith(t, cluster, roomy, hub.NewClock(time.Now), metrics)
	came := func(room string, copies <-chan wire.Message) (n float64) {
		t.Helper()
		before := counter(t, metrics, "mayfly_nats_received_total")
		appendAll(t, with, room, 0, posts, time.Minute)
		for range posts {
			nextOf(t, copies)
		}
		return counter(t, metrics, "mayfly_nats_received_total") - before
	}
	here := follow(t, without, "garden")
	if n := came("lobby", follow(t, with, "lobby")); n > answers {
		t.Errorf("%.0f messages came from NATS while nobody followed the room, want at most %d", n, answers)
	}
	if n := came("garden", here); n < posts {
		t.Errorf("%.0f messages came from NATS while somebody followed the room, want %d", n, posts)
	}
}

// counter returns the value of a counter without labels.
func counter(t *testing.T, metrics *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}

// nextOf returns the next message that comes.
func nextOf(t *testing.T, c <-chan wire.Message) wire.Message {
	t.Helper()
	select {
	case m := <-c:
		return m
	case <-time.After(testTimeout):
		t.Fatal("a message did not come")
		return wire.Message{}
	}
}

// TestClusterEpochOutlivesMessages: the epoch of a cluster is a message in the stream, but it stays when all others have
// expired.
func TestClusterEpochOutlivesMessages(t *testing.T) {
	t.Parallel()
	cluster := clusterOf(natstest.Start(t, 1, ""))
	config := roomy
	config.MaxTTL = time.Second
	n := openCluster(t, cluster, config)
	mustAppend(t, n, "lobby", message(1, time.Second))
	for len(all(t, n, "lobby")) > 0 {
		<-time.After(50 * time.Millisecond) // JetStream removes the message by its own clock
	}
	other := openCluster(t, cluster, config)
	if other.Epoch() != n.Epoch() {
		t.Errorf("a later node has the epoch %q, want %q", other.Epoch(), n.Epoch())
	}
}

// TestClusterThatLosesEverything: all servers are stopped at the same time, so the messages are gone, and seqs begin again.
// A node that ran notices that, and a node that starts later has another epoch.
func TestClusterThatLosesEverything(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 3} {
		t.Run(fmt.Sprint(n), func(t *testing.T) { losesEverything(t, natstest.Start(t, n, "")) })
	}
}

func losesEverything(t *testing.T, servers *natstest.Cluster) {
	cluster := clusterOf(servers)
	n := openCluster(t, cluster, roomy)
	mustAppend(t, n, "lobby", message(1, time.Minute))
	for _, s := range servers.Servers {
		s.Kill()
	}
	for _, s := range servers.Servers {
		s.Start()
	}
	select {
	case <-n.Lost():
	case <-time.After(testTimeout):
		t.Fatal("the node has not noticed that all messages are lost")
	}
	if err := n.Ready(t.Context()); err == nil {
		t.Error("the node is ready, want an error")
	}
	other := openCluster(t, cluster, roomy)
	if other.Epoch() == n.Epoch() {
		t.Error("the epoch is the same after all messages were lost")
	}
	if got := mustAppend(t, other, "lobby", message(2, time.Minute)); got.Seq > 2 {
		t.Errorf("the seq is %d, want one of a stream that counts anew", got.Seq)
	}
}
