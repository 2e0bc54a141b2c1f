package stream_test

import (
	"testing"
	"time"

	"mayfly/server/hub"
	"mayfly/server/stream/natstest"
	"mayfly/shared/wire"
)

// The secrets of two guests, by which every node knows them.
const (
	annSecret = "AnnAnnAnnAnnAnnAnnAnnA"
	benSecret = "BenBenBenBenBenBenBenB"
)

// pair returns two whole servers that share NATS servers.
func pair(t *testing.T, servers *natstest.Cluster) (nodes [2]house) {
	t.Helper()
	for i, n := range openBoth(t, clusterOf(servers), roomy) {
		nodes[i] = serve(t, n)
	}
	return nodes
}

// guest returns a client of the guest with that secret, who has joined room, and its joined frame. cursor says what the
// client has of the room already; it may be nil.
func (h house) guest(t *testing.T, secret, room string, cursor *wire.Cursor) (*socket, wire.Joined) {
	t.Helper()
	return h.greet(t, wire.Hello{Guest: &secret, Rooms: []wire.Join{{Room: room, Cursor: cursor}}})
}

func postOf(n int, ttl time.Duration) wire.Post {
	return wire.Post{ID: message(n, 0).ID, Room: "lobby", Text: message(n, 0).Text, TTL: ttl.Milliseconds()}
}

func texts(messages []wire.Message) (all []string) {
	for _, m := range messages {
		all = append(all, m.Text)
	}
	return all
}

// acceptedAndPosted returns the next two frames of these types. Either may come first.
func acceptedAndPosted(s *socket) (accepted wire.Accepted, posted wire.Posted) {
	for accepted.ID == "" || posted.ID == "" {
		switch f := s.next().(type) {
		case wire.Accepted:
			accepted = f
		case wire.Posted:
			posted = f
		case nil:
			return accepted, posted
		}
	}
	return accepted, posted
}

// TestClusterChatOnTwoNodes: what people do on one node is seen on the other one as on their own.
func TestClusterChatOnTwoNodes(t *testing.T) {
	t.Parallel()
	nodes := pair(t, natstest.Start(t, 3, ""))
	ann, joined := nodes[0].guest(t, annSecret, "lobby", nil)
	ben, there := nodes[1].guest(t, benSecret, "lobby", nil)
	if joined.Epoch != there.Epoch {
		t.Errorf("the epochs are %q and %q, want the same", joined.Epoch, there.Epoch)
	}

	ann.send(postOf(1, time.Minute))
	first, onA := acceptedAndPosted(ann)
	onB := await[wire.Posted](ben)
	if onA.Seq != first.Seq || onB.Seq != first.Seq || onA.Text != onB.Text || onA.Expires != onB.Expires ||
		onA.User != onB.User {
		t.Errorf("accepted as %d, posted as\n%+v and\n%+v", first.Seq, onA, onB)
	}

	// A reaction, and its repeat on the other node.
	ben.send(wire.React{Room: "lobby", Seq: first.Seq, Emoji: "👍"})
	if a, b := await[wire.Reacted](ann), await[wire.Reacted](ben); a.To != first.Seq || a.Seq != b.Seq || a.User != b.User {
		t.Errorf("reacted as %+v and %+v", a, b)
	}
	ben2, _ := nodes[0].guest(t, benSecret, "lobby", nil)
	ben2.send(wire.React{Room: "lobby", Seq: first.Seq, Emoji: "👍"})
	if r := await[wire.Reacted](ben2); !r.Repeat {
		t.Errorf("the same reaction on the other node is %+v, want a repeat", r)
	}

	// A post, and its repeat on the other node.
	ann2, _ := nodes[1].guest(t, annSecret, "lobby", nil)
	ann2.send(postOf(1, time.Minute))
	if a := await[wire.Accepted](ann2); !a.Repeat || a.Seq != first.Seq {
		t.Errorf("the same post on the other node is %+v, want a repeat of %d", a, first.Seq)
	}

	// Ben comes back with a cursor, on each node, by WebSocket and by poll.
	ann.send(postOf(2, time.Minute))
	ann.send(postOf(3, time.Minute))
	cursor := &wire.Cursor{Epoch: there.Epoch, Seq: first.Seq}
	for await[wire.Posted](ann).Text != message(3, 0).Text {
	}
	for i := range nodes {
		_, back := nodes[i].guest(t, benSecret, "lobby", cursor)
		if got := texts(back.Messages); !back.Resumed || len(got) != 2 || got[0] != message(2, 0).Text {
			t.Errorf("node %d: resumed %t with %q, want messages 2 and 3", i, back.Resumed, got)
		}
		answers := nodes[i].poll(t, wire.Hello{Guest: new(benSecret), Wait: new(int64(0)),
			Rooms: []wire.Join{{Room: "lobby", Cursor: cursor}}})
		polled := 0
		for _, f := range answers {
			if j, ok := f.(wire.Joined); ok {
				polled = len(j.Messages)
			}
		}
		if polled != 2 {
			t.Errorf("a poll on node %d got %d messages, want 2", i, polled)
		}
	}

	// Ann takes her first message back on the other node.
	ann2.send(wire.Remove{Room: "lobby", Seq: first.Seq})
	for _, person := range []*socket{ann, ben} { // one on each node: a node knows of the removal when it tells its people
		if r := await[wire.Removed](person); r.Why != wire.WhyAuthor || r.Seqs[0] != first.Seq {
			t.Errorf("removed %+v, want the first message, by its author", r)
		}
	}
	for i := range nodes {
		_, now := nodes[i].guest(t, benSecret, "lobby", nil)
		if got := texts(now.Messages); len(got) != 2 {
			t.Errorf("node %d has the messages %q, want 2 and 3", i, got)
		}
		_, resumed := nodes[i].guest(t, benSecret, "lobby", cursor)
		if len(resumed.Removed) != 1 || resumed.Removed[0] != first.Seq {
			t.Errorf("node %d tells that %v were removed, want %d", i, resumed.Removed, first.Seq)
		}
	}

	// A message expires on both nodes, and nobody gets it afterwards.
	ann.send(postOf(4, time.Second))
	short := await[wire.Accepted](ann)
	for short.ID != postOf(4, 0).ID {
		short = await[wire.Accepted](ann)
	}
	for i, s := range []*socket{ann, ben} {
		for r := await[wire.Removed](s); r.Why != wire.WhyExpired; r = await[wire.Removed](s) {
		}
		if now := time.Now().UnixMilli(); now < short.Expires {
			t.Errorf("node %d removed the message %d ms early", i, short.Expires-now)
		}
		_, now := nodes[i].guest(t, benSecret, "lobby", cursor)
		if got := texts(now.Messages); len(got) != 2 {
			t.Errorf("node %d has the messages %q, want 2 and 3", i, got)
		}
	}
}

// TestClusterPeopleOnTwoNodes: people on one node are seen on the other one, their names are told apart across nodes, and
// who types is shown there.
func TestClusterPeopleOnTwoNodes(t *testing.T) {
	t.Parallel()
	nodes := pair(t, natstest.Start(t, 1, ""))
	ann, _ := nodes[0].guest(t, annSecret, "lobby", nil)
	ann.send(wire.Rename{Name: "Ada"})
	if a := await[wire.Authed](ann); a.User.Name != "Ada" {
		t.Fatalf("Ann is called %q, want Ada", a.User.Name)
	}
	// Ben connects again and again, until his node knows Ann. He cannot ask on one connection instead: the rate of join and
	// who frames on a connection is limited.
	for deadline := time.Now().Add(testTimeout); ; {
		ben, joined := nodes[1].guest(t, benSecret, "lobby", nil)
		if joined.People == 2 {
			ben.send(wire.Rename{Name: "Ad\u0430"}) // with a Cyrillic letter
			if b := await[wire.Authed](ben); b.User.Name != "Ad\u0430 2" {
				t.Errorf("Ben is called %q, want another name than Ann's", b.User.Name)
			}
			ben.send(wire.Who{Room: "lobby"})
			if p := await[wire.People](ben); p.Total != 2 || p.Users[1].Name != "Ada" {
				t.Errorf("Ben sees %+v, want himself and Ada", p)
			}
			ben.send(wire.Typing{Room: "lobby"})
			if f := await[wire.Typing](ann); f.User.Name != "Ad\u0430 2" {
				t.Errorf("%+v is typing, want Ben", f.User)
			}
			return
		}
		ben.ws.CloseNow()
		if time.Now().After(deadline) {
			t.Fatal("the second node never heard of Ann")
		}
	}
}

// TestClusterRoomWithoutMembersCostsNothing: the messages of a room come only to the nodes that follow it.
func TestClusterRoomWithoutMembersCostsNothing(t *testing.T) {
	t.Parallel()
	nodes := openBoth(t, clusterOf(natstest.Start(t, 3, "")), roomy)
	lobby, tea := follow(t, nodes[0], "lobby"), follow(t, nodes[1], "tea")
	before := nodes[1].Received()
	const many = 100
	appendAll(t, nodes[0], "lobby", 0, many, time.Minute)
	for range many {
		nextOf(t, lobby)
	}
	last := mustAppend(t, nodes[0], "tea", message(many, time.Minute))
	want(t, tea, last)
	if came := nodes[1].Received() - before; came != 1 {
		t.Errorf("%d messages came to the node, want only the one of its own room", came)
	}
	// A follower that has ended costs nothing either.
	stop, err := nodes[1].Follow(t.Context(), "lobby", func(hub.Event) {})
	if err != nil {
		t.Fatal(err)
	}
	stop()
	deadline := time.Now().Add(testTimeout)
	for i := many + 1; ; i += 2 { // the servers learn in a moment that nobody follows the room any more
		before = nodes[1].Received()
		mustAppend(t, nodes[0], "lobby", message(i, time.Minute))
		want(t, tea, mustAppend(t, nodes[0], "tea", message(i+1, time.Minute)))
		if nodes[1].Received()-before == 1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the messages of a room that the node has left still come to it")
		}
	}
}
