package stream_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"mayfly/server/hub"
	"mayfly/server/stream"
	"mayfly/server/stream/natstest"
	"mayfly/shared/wire"
)

// load is two nodes that append to one room all the time, and follow it.
type load struct {
	t        *testing.T
	followed [2]<-chan wire.Message
	stop     chan struct{}
	posting  sync.WaitGroup

	mu       sync.Mutex
	accepted map[string]bool // by id
}

// busy has room for all messages of a load.
var busy = stream.Config{MaxTTL: time.Hour, RoomEvents: 100_000, Bytes: 128 << 20}

// startLoad begins to append. An append that fails is tried again with the same id, as clients do.
func startLoad(t *testing.T, nodes [2]*stream.NATS) *load {
	l := &load{t: t, stop: make(chan struct{}), accepted: map[string]bool{}}
	for i, n := range nodes {
		eventually(t, "the room can be followed", func() bool { // the streams may have no leader yet
			l.followed[i] = tryFollow(t, n, "lobby")
			return l.followed[i] != nil
		})
		l.posting.Go(func() {
			pace := time.NewTicker(10 * time.Millisecond)
			defer pace.Stop()
			for j := 0; ; j++ {
				m := message(i*1_000_000+j, 10*time.Minute)
				for appendOne(t, n, "lobby", m).err != nil {
					<-pace.C
				}
				l.mu.Lock()
				l.accepted[m.ID] = true
				l.mu.Unlock()
				select {
				case <-l.stop:
					return
				case <-pace.C:
				}
			}
		})
	}
	return l
}

// more waits until n more messages are accepted.
func (l *load) more(n int) {
	l.t.Helper()
	count := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.accepted)
	}
	before := count()
	eventually(l.t, fmt.Sprintf("%d more messages are accepted", n), func() bool { return count() >= before+n })
}

// end stops the appends, and checks that each node got every accepted message, once and in the same order.
func (l *load) end() {
	l.t.Helper()
	close(l.stop)
	l.posting.Wait()
	var orders [2][]string
	for i, c := range l.followed {
		for range len(l.accepted) {
			m := nextOf(l.t, c)
			if !l.accepted[m.ID] {
				l.t.Errorf("node %d got %s, which was not accepted", i, m.ID)
			}
			orders[i] = append(orders[i], fmt.Sprint(m.Seq, " ", m.ID))
		}
	}
	if !slices.Equal(orders[0], orders[1]) {
		l.t.Error("the nodes have different orders")
	}
	if once := slices.Compact(slices.Sorted(slices.Values(orders[0]))); len(once) != len(orders[0]) {
		l.t.Errorf("%d messages came, %d of them twice", len(orders[0]), len(orders[0])-len(once))
	}
}

// TestClusterLeaderKilled: the server that leads the stream is killed, perhaps between storing a message and republishing
// it. How long nothing could be stored is in the test's log.
func TestClusterLeaderKilled(t *testing.T) {
	t.Parallel()
	servers := natstest.Start(t, 3, "")
	l := startLoad(t, openBoth(t, clusterOf(servers), busy))
	l.more(50)
	leader := servers.Leader("mayfly")
	killed := time.Now()
	leader.Kill()
	l.more(4) // each node had at most one append on its way
	t.Logf("the next messages were stored within %s", time.Since(killed).Round(100*time.Millisecond))
	l.more(50)
	l.end()
}

// TestClusterServersRestartedOneByOne: the messages, the epoch and the sign-outs outlive that all servers are restarted, one
// after the other, although they are in memory only.
func TestClusterServersRestartedOneByOne(t *testing.T) {
	t.Parallel()
	servers := natstest.Start(t, 3, "")
	nodes := openBoth(t, clusterOf(servers), busy)
	kept := mustAppend(t, nodes[0], "kept", message(9_000_000, time.Hour))
	if err := nodes[0].Facts().Keep(t.Context(), "ann signed out", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	l := startLoad(t, nodes)
	for _, s := range servers.Servers {
		l.more(20)
		s.Stop()
		l.more(20)
		s.Start()
		s.WaitHealthy()
	}
	l.more(20)
	l.end()
	for _, n := range nodes {
		select {
		case <-n.Lost():
			t.Error("a node says that all messages are lost")
		default:
		}
	}
	late := openCluster(t, clusterOf(servers), busy)
	if late.Epoch() != nodes[0].Epoch() {
		t.Errorf("a later node has the epoch %q, want %q", late.Epoch(), nodes[0].Epoch())
	}
	want(t, follow(t, late, "kept"), kept)
	if got := <-followSignouts(t, late.Facts()); got.text != "ann signed out" {
		t.Errorf("the fact is %q", got.text)
	}
}

// TestClusterTwoOfThreeServersGone: nothing can be stored, and what is stored can be read on. When the two are back, empty,
// the third gives them everything.
func TestClusterTwoOfThreeServersGone(t *testing.T) {
	t.Parallel()
	servers := natstest.Start(t, 3, "")
	nodes := openBoth(t, clusterOf(servers), roomy)
	first := mustAppend(t, nodes[0], "lobby", message(1, time.Hour))
	followed := follow(t, nodes[0], "lobby")
	want(t, followed, first)
	leader := servers.Leader("mayfly")
	var others []*natstest.Server
	for _, s := range servers.Servers {
		if s != leader {
			others = append(others, s)
			s.Kill()
		}
	}
	if a := appendOne(t, nodes[0], "lobby", message(2, time.Hour)); a.err == nil {
		t.Error("a message was accepted that only one of three servers has")
	}
	eventually(t, "a node without the cluster is not ready", func() bool { return nodes[1].Ready(t.Context()) != nil })
	var late <-chan wire.Message
	for late == nil { // until the node is connected to the server that is left
		late = tryFollow(t, nodes[1], "lobby")
	}
	want(t, late, first)
	for _, s := range others {
		s.Start()
	}
	second := message(3, time.Hour)
	for {
		if a := appendOne(t, nodes[1], "lobby", second); a.err == nil {
			second = a.receipt.Message
			break
		}
	}
	for _, c := range []<-chan wire.Message{followed, late} {
		m := nextOf(t, c)
		if m.ID == message(2, 0).ID {
			m = nextOf(t, c) // an append without an answer may have been stored
		}
		if m.ID != second.ID || m.Seq != second.Seq {
			t.Errorf("got %+v, want %+v", m, second)
		}
	}
	for _, n := range nodes {
		select {
		case <-n.Lost():
			t.Error("a node says that all messages are lost")
		default:
		}
		eventually(t, "a node is ready again", func() bool { return n.Ready(t.Context()) == nil })
	}
}

// tryFollow returns a channel of the messages in room, nil if the room cannot be read now.
func tryFollow(t *testing.T, n *stream.NATS, room string) <-chan wire.Message {
	t.Helper()
	c := make(chan wire.Message, 100_000)
	stop, err := n.Follow(t.Context(), room, func(e hub.Event) {
		messages(func(m wire.Message) { c <- m })(e)
	})
	if err != nil {
		t.Logf("the room %s cannot be followed: %v", room, err)
		return nil
	}
	t.Cleanup(stop)
	return c
}

// TestClusterServerStandsStill: a server stands still without closing a connection. The nodes go to the others, and nothing
// is lost.
func TestClusterServerStandsStill(t *testing.T) {
	t.Parallel()
	servers := natstest.Start(t, 3, "")
	nodes := openBoth(t, clusterOf(servers), busy)
	l := startLoad(t, nodes)
	l.more(20)
	still := servers.Leader("mayfly")
	still.Pause()
	l.more(50)
	still.Continue()
	l.more(50)
	l.end()
}
