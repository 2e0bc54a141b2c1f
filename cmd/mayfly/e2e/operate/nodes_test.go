package operate_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"mayfly/app/client"
	"mayfly/app/client/transport"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/server/stream/natstest"
	"mayfly/shared/wire"
)

// untilPeople asks who is in the lobby until there are n people, each time on a new connection to s.
func untilPeople(t *testing.T, s *rig.Server, n int64) {
	t.Helper()
	asks := client.NewGuest()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(rig.Timeout); ; <-again.C {
		r := rig.Dial(t, s)
		r.Hello(asks, wire.Join{Room: "lobby"})
		joined := rig.Next[wire.Joined](r)
		r.Close()
		if joined.People == n+1 { // and the one who asks
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("there are %d people in the room, want %d", joined.People-1, n)
		}
	}
}

// TestClusterNodeKilledTakesItsPeopleAlong: a node is killed. The people who come back on the other node within 15 s never
// went, and those who do not come back are gone.
func TestClusterNodeKilledTakesItsPeopleAlong(t *testing.T) {
	t.Parallel()
	const stay, leave = 10, 10
	c := rig.ServeCluster(t)
	ann := rig.DialAnd(t, c.Nodes[0], "lobby")
	var guests []string
	for range stay + leave {
		guests = append(guests, client.NewGuest())
		r := rig.Dial(t, c.Nodes[1])
		r.Hello(guests[len(guests)-1], wire.Join{Room: "lobby"})
		rig.Next[wire.Joined](r)
	}
	untilPeople(t, c.Nodes[0], 1+stay+leave)
	c.Nodes[1].Kill()
	staying := map[string]bool{}
	for _, guest := range guests[:stay] {
		r := rig.Dial(t, c.Nodes[0])
		r.Hello(guest, wire.Join{Room: "lobby"})
		staying[rig.Next[wire.Welcome](r).User.ID] = true
		go func() { _ = r.Each(func(wire.Frame) {}) }() // reads until the test ends
	}
	went := map[string]bool{}
	for len(went) < leave {
		p := rig.Next[wire.Presence](ann)
		for _, id := range p.Went {
			went[id] = true
			if staying[id] {
				t.Errorf("%s went, and is there", id)
			}
		}
		if p.Room == "" {
			t.Fatal("not everybody who is gone went")
		}
	}
}

// TestClusterNodesOfTheirOwnEndWithoutMessages: all NATS servers are restarted at the same time, so all messages are lost. A
// node ends, and its exit code tells the supervisor to start it again.
func TestClusterNodesOfTheirOwnEndWithoutMessages(t *testing.T) {
	t.Parallel()
	servers := natstest.Start(t, 1, "")
	s := rig.Serve(t, "-nats", servers.URLs()[0], "-nats-replicas", "1")
	servers.Servers[0].Kill()
	servers.Servers[0].Start()
	state := s.Ended()
	if state.ExitCode() != 1 {
		t.Errorf("the node ended with %s, want the exit code 1", state)
	}
	s.Start()
	r := rig.DialAnd(t, s, "lobby")
	r.Send(wire.Post{ID: uuid.NewString(), Room: "lobby", Text: "new"})
	rig.Next[wire.Accepted](r)
	if state := s.End(syscall.SIGTERM); !state.Success() {
		t.Errorf("the node ended with %s", state)
	}
}

// TestClusterFromOneNodeToManyAndBack follows the steps of docs/cluster.md: nothing on anybody's screen is lost, and nothing
// comes twice.
func TestClusterFromOneNodeToManyAndBack(t *testing.T) {
	t.Parallel()
	addr := rig.FreeAddr(t)
	one := rig.ServeAt(t, addr)
	person := func(name string) *rig.Person {
		return rig.NewPersonBy(t, name, transport.DialWebSocket("ws://"+addr+"/ws"), nil)
	}
	ann, ben := person("Ann"), person("Ben")
	said := 0
	say := func(p *rig.Person, text string) {
		t.Helper()
		p.Say(text)
		said++
		for _, sees := range []*rig.Person{ann, ben} {
			sees.Until("sees everything once", func(v client.View) bool {
				return rig.Sent(v) == said && len(v.Messages) == said && rig.Online(v)
			})
		}
	}
	say(ann, "on one node")
	say(ben, "also on one node")
	one.Stop()
	many := rig.ServeClusterAt(t, addr)
	ann.Wake()
	ben.Wake()
	say(ann, "on two nodes")
	say(ben, "also on two nodes")
	many.Stop()
	one.Start()
	ann.Wake()
	ben.Wake()
	say(ann, "on one node again")
	say(ben, "also on one node again")
}
