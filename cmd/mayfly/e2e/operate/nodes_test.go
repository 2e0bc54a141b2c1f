package operate_test

import (
	"maps"
	"slices"
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

// whoIs asks s on a new connection who is in the lobby.
func whoIs(t *testing.T, s *rig.Server, asks string) map[string]bool {
	t.Helper()
	r := rig.Dial(t, s)
	defer r.Close()
	r.Hello(asks, wire.Join{Room: "lobby"})
	me := rig.Next[wire.Welcome](r).User.ID
	rig.Next[wire.Joined](r)
	r.Send(wire.Who{Room: "lobby"})
	all := map[string]bool{}
	for _, u := range rig.Next[wire.People](r).Users {
		if u.ID != me {
			all[u.ID] = true
		}
	}
	return all
}

// untilThere asks s who is in the lobby until exactly those people are there.
func untilThere(t *testing.T, s *rig.Server, people map[string]bool) {
	t.Helper()
	asks := client.NewGuest()
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(rig.Timeout); ; <-again.C {
		there := whoIs(t, s, asks)
		if maps.Equal(there, people) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("there are %d people in the room, want %d, or they are others", len(there), len(people))
		}
	}
}

// enters connects a guest to the lobby of s until the test ends, and returns the guest's id.
func enters(t *testing.T, s *rig.Server, guest string) (id string) {
	t.Helper()
	r := rig.Dial(t, s)
	r.Hello(guest, wire.Join{Room: "lobby"})
	id = rig.Next[wire.Welcome](r).User.ID
	rig.Next[wire.Joined](r)
	go func() { _ = r.Each(func(wire.Frame) {}) }() // reads until the test ends
	return id
}

// TestClusterNodeKilledTakesItsPeopleAlong: 200 people are on two nodes, and one node is killed. Those who come back on the
// other node within 15 s never went, and those who do not come back are gone. How long that takes is in the test's log.
func TestClusterNodeKilledTakesItsPeopleAlong(t *testing.T) {
	t.Parallel()
	const each, stay = 99, 50 // with Ann and the one who asks: 200, which is the most in one People frame
	c := rig.ServeNodes(t, 2, "-conns-per-ip", "10000")
	there, stays := map[string]bool{}, map[string]bool{}
	guests := make([]string, each)
	for i := range guests {
		guests[i] = client.NewGuest()
		there[enters(t, c.Nodes[0], client.NewGuest())] = true
		id := enters(t, c.Nodes[1], guests[i])
		there[id], stays[id] = true, i < stay
	}
	untilThere(t, c.Nodes[0], there)
	ann := rig.DialAnd(t, c.Nodes[0], "lobby")
	c.Nodes[1].Kill()
	killed := time.Now()
	for _, guest := range guests[:stay] {
		enters(t, c.Nodes[0], guest)
	}
	back := time.Since(killed)
	for id, stays := range stays {
		if !stays {
			delete(there, id)
		}
	}
	for p := (wire.Presence{People: 2*each + 2}); p.People != each+stay+1; p = rig.Next[wire.Presence](ann) {
		if p.People < each+stay+1 || p.People > 2*each+2 {
			t.Fatalf("%d people are there: want from %d to %d", p.People, each+stay+1, 2*each+2)
		}
		for _, id := range p.Went {
			if stays[id] {
				t.Errorf("%s went, and is there", id)
			}
		}
		for _, u := range p.Came {
			if stays[u.ID] {
				t.Errorf("%s came, and was there", u.ID)
			}
		}
	}
	t.Logf("those who come back did so within %s; the others were gone %s after the node was killed",
		back.Round(100*time.Millisecond), time.Since(killed).Round(100*time.Millisecond))
	untilThere(t, c.Nodes[0], with(there, ann))
}

// with returns people, and the one who is connected by r.
func with(people map[string]bool, r *rig.Raw) map[string]bool {
	r.Send(wire.Who{Room: "lobby"})
	for _, u := range rig.Next[wire.People](r).Users[:1] { // the one who asks comes first
		people[u.ID] = true
	}
	return people
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

// TestClusterOldNodeBesideNew: one node runs an older build, and the people on both chat as on nodes of the same build. Then
// the older node is replaced, and nothing is lost. MAYFLYTEST_OLD names the older build.
func TestClusterOldNodeBesideNew(t *testing.T) {
	t.Parallel()
	for old, name := range []string{"the old node starts first", "the new node starts first"} {
		t.Run(name, func(t *testing.T) {
			c := rig.ServeOldAndNew(t, old)
			onOld := rig.NewPerson(t, "Ann", c.Nodes[old].SocketURL())
			onNew := rig.NewPerson(t, "Ben", c.Nodes[1-old].SocketURL())
			both := []*rig.Person{onOld, onNew}
			see := func(what string, ok func(v client.View) bool) {
				t.Helper()
				for _, p := range both {
					p.Until(what, func(v client.View) bool { return rig.Online(v) && v.Unsent == 0 && ok(v) })
				}
			}
			said := func(texts ...string) func(v client.View) bool {
				return func(v client.View) bool { return slices.Equal(rig.Texts(v), texts) }
			}
			onOld.Say("from the old node")
			see("the first message", said("from the old node"))
			onNew.Say("from the new node")
			see("both messages", said("from the old node", "from the new node"))
			for i, p := range both {
				if problem := p.React(p.Now().Messages[1-i].Key, "🎉", true); problem != (client.Problem{}) {
					t.Fatalf("%s: React: %+v", p.Name, problem)
				}
			}
			see("both reactions", func(v client.View) bool {
				return !slices.ContainsFunc(v.Messages, func(m client.Message) bool {
					return m.Extras == nil || len(m.Extras.Reactions) != 1
				})
			})
			see("each other", func(v client.View) bool { return v.People == 2 })
			for i, p := range both {
				p.Remove(p.Now().Messages[0].Key) // the older of the two messages is always the person's own
				p.Flush()
				see("a message less", func(v client.View) bool { return len(v.Messages) == 1-i })
			}
			onNew.Say("to stay")
			see("the last message", said("to stay"))
			c.Nodes[old].Upgrade()
			onOld.Wake()
			onOld.Say("from a new node")
			see("everything", said("to stay", "from a new node"))
		})
	}
}
