package network_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/app/client/transport"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

const (
	actors = 12
	ways   = 4 // proxies; of the actors behind each, one cannot open a WebSocket

	actPace = 400 * time.Millisecond // the time between two acts of one actor; each time up to a half longer or shorter
	brief   = 3 * time.Second        // the life of every sixth message; the others outlive the test
)

// actor is a person in the lobby who writes, answers, reacts and takes back at random.
type actor struct {
	*rig.Person
	t       *testing.T      // static
	changed chan<- struct{} // static; gets a value when the view has changed

	// owned by the goroutine that calls act
	said, reacted int
	taken         map[string]client.Message // what the actor took back, by key

	mu      sync.Mutex             // guards what follows
	refused map[client.Problem]int // how often a removal was refused, and why
	notice  int                    // the number of the last notice
}

// A stage is some actors in the lobby of one or several nodes, and the proxies by which they reach the nodes. The test
// breaks the connections of the proxies.
type stage struct {
	t       *testing.T
	nodes   []*rig.Server
	victim  victim // the nodes, and what they need
	lines   []*rig.Proxy
	all     []*actor
	changed chan struct{} // capacity 1; gets a value whenever the view of an actor changes
	first   wire.Cursor   // the cursor of a client that was there before everything was said
}

// newStage returns a stage whose actors reach the nodes at addr.
func newStage(t *testing.T, v victim, addr string, nodes ...*rig.Server) *stage {
	t.Helper()
	s := &stage{t: t, victim: v, nodes: nodes, changed: make(chan struct{}, 1)}
	for range ways {
		s.lines = append(s.lines, rig.NewProxy(t, "", addr))
	}
	for n := range actors {
		line := s.lines[n%ways]
		dial := transport.DialWebSocket("ws://" + line.Addr + "/ws")
		if n < ways {
			dial = blocked
		}
		s.comes(fmt.Sprintf("actor-%02d", n), dial, line.Addr)
	}
	for _, a := range s.all {
		a.Until("online", rig.Online)
	}
	old := rig.Dial(t, nodes[0])
	old.Hello(client.NewGuest(), wire.Join{Room: wire.DefaultRoom})
	joined := rig.Next[wire.Joined](old)
	s.first = wire.Cursor{Epoch: joined.Epoch, Seq: joined.Head}
	old.Close()
	return s
}

// comes adds an actor, who connects by dial until the test ends, or by polls to addr where that does not work.
func (s *stage) comes(name string, dial transport.Dial, addr string) {
	s.t.Helper()
	s.all = append(s.all, newActor(s.t, name, dial, addr, s.changed))
}

// newActor connects by dial until the test ends, or by polls to addr where that does not work.
func newActor(t *testing.T, name string, dial transport.Dial, addr string, changed chan<- struct{}) *actor {
	polls := transport.DialPolls(transport.PostTo("http://"+addr+"/poll"), nil)
	a := &actor{Person: rig.NewPersonBy(t, name, dial, polls), t: t, taken: map[string]client.Message{},
		refused: map[client.Problem]int{}, changed: changed}
	a.Subscribe(a.see)
	return a
}

// see runs when the view has changed.
func (a *actor) see(v client.View) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if v.Notice.N > a.notice {
		a.notice = v.Notice.N
		if v.Notice.Re == "remove" {
			a.refused[v.Notice.Problem]++
		}
	}
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

// act does one thing at random.
func (a *actor) act() {
	v := a.Now()
	sent := slices.DeleteFunc(slices.Clone(v.Messages), func(m client.Message) bool { return m.State != client.Sent })
	own := slices.DeleteFunc(slices.Clone(sent), func(m client.Message) bool { return !m.Mine })
	switch do := rand.N(20); {
	case do < 7 || len(sent) == 0:
		a.write(sent)
	case do < 16:
		a.react(sent)
	case do < 19 && len(own) > 0:
		a.takeBack(own)
	case len(v.Undo) > 0: // perhaps too late
		a.UndoRemove(v.Undo[0])
		delete(a.taken, v.Undo[0])
	}
}

// write posts a message, which may answer one of sent.
func (a *actor) write(sent []client.Message) {
	c := client.Composed{Text: fmt.Sprintf("%s says %d.", a.Name, a.said)}
	if a.said%6 == 5 {
		c.Life = brief
	}
	if len(sent) > 0 && rand.N(4) == 0 {
		c.ReplyTo = sent[rand.N(len(sent))].Key
	}
	problem := a.Send(c)
	if problem.Code == client.Gone { // what it would answer has expired meanwhile
		c.ReplyTo = ""
		problem = a.Send(c)
	}
	if problem != (client.Problem{}) {
		a.t.Errorf("%s: Send: %+v", a.Name, problem)
	}
	a.said++
}

// react gives a reaction to one of sent, or takes it away.
func (a *actor) react(sent []client.Message) {
	emoji := a.Now().Emoji
	if problem := a.React(sent[rand.N(len(sent))].Key, emoji[rand.N(3)], rand.N(3) > 0); problem != (client.Problem{}) {
		a.t.Errorf("%s: React: %+v", a.Name, problem)
	}
	a.reacted++
}

// takeBack takes back a message in own. By chance the removal is sent at once, or when the time for undoing it is over.
func (a *actor) takeBack(own []client.Message) {
	m := own[rand.N(len(own))]
	a.Remove(m.Key)
	a.taken[m.Key] = m
	if rand.N(2) == 0 {
		a.Flush()
	}
}

// shows returns all that v shows of the messages, a line for each.
func shows(v client.View) string {
	var b strings.Builder
	for i := range v.Messages {
		m := &v.Messages[i]
		fmt.Fprintf(&b, "%d %s: %q", m.Seq, m.User.ID, m.Text)
		if x := m.Extras; x != nil && x.ReplyTo != 0 {
			fmt.Fprintf(&b, ", an answer to %d", x.ReplyTo)
		}
		if x := m.Extras; x != nil {
			for _, r := range x.Reactions {
				fmt.Fprintf(&b, ", %s by %q", r.Emoji, r.By)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// agree waits until all actors show the same and nothing waits.
func (s *stage) agree() {
	s.t.Helper()
	timeout := time.After(settle)
	for {
		want := shows(s.all[0].Now())
		at := slices.IndexFunc(s.all, func(a *actor) bool {
			v := a.Now()
			return !rig.Online(v) || v.Unsent+len(v.Undo) > 0 || shows(v) != want
		})
		if at < 0 {
			return
		}
		select {
		case <-s.changed:
		case <-timeout:
			v := s.all[at].Now()
			s.t.Fatalf("%s and %s never agree: online %v, %d wait, %d can be undone, and it shows\n%s\n"+
				"where the other shows\n%s", s.all[at].Name, s.all[0].Name, rig.Online(v), v.Unsent, len(v.Undo), shows(v),
				want)
		}
	}
}

// TestReactionsAgreeAndWhatIsTakenBackIsGone lets people write, answer, react and take back while connections break and the
// server is killed every few seconds. At the end everybody must show the same messages with the same reactions, and so must
// those who come then, also once the server has read everything from the disk again. Nobody who comes gets what was taken
// back, and its encrypted bytes are gone from the folder.
func TestReactionsAgreeAndWhatIsTakenBackIsGone(t *testing.T) {
	t.Parallel()
	inSpells(t, func(t *testing.T, length time.Duration) {
		folder := filepath.Join(t.TempDir(), "data")
		server := rig.Serve(t, "-data", folder, "-ttl", lifetime.String(), "-rate", "100000/1s", "-conns-per-ip", "10000")
		s := newStage(t, single{server}, server.Addr(), server)
		stored := map[int64]string{}
		s.play(length, func(context.Context) {
			server.Kill()
			readStored(t, folder, stored)
			server.Start()
		}, func() { readStored(t, folder, stored) })
		s.reunite()
		server.Kill()
		server.Start()
		s.comes("later", blocked, server.Addr())
		s.agree()
		s.judgeNewcomers()
		judgeFolder(t, server, folder, s.all, stored)
	})
}

// inSpells runs play again and again, for *long in all. None of them is longer than spell, so that the room fits into one
// joined frame.
func inSpells(t *testing.T, play func(t *testing.T, length time.Duration)) {
	spells := int((*long + spell - 1) / spell)
	for n := range spells {
		t.Run(fmt.Sprintf("spell %d", n+1), func(t *testing.T) { play(t, *long/time.Duration(spells)) })
		if t.Failed() {
			break
		}
	}
}

// play lets all actors act for the given time, and breaks their connections. Now and then it calls strike, and look more
// often.
func (s *stage) play(length time.Duration, strike func(context.Context), look func()) {
	ctx, stop := context.WithTimeout(s.t.Context(), length)
	defer stop()
	var running sync.WaitGroup
	for _, a := range s.all {
		running.Go(func() {
			for wait(ctx, actPace/2+rand.N(actPace)) {
				a.act()
			}
		})
	}
	for _, line := range s.lines {
		running.Go(func() { breakNowAndThen(ctx, line) })
	}
	next := time.Now().Add(alive/2 + rand.N(alive))
	for wait(ctx, actPace) {
		look()
		if time.Now().After(next) {
			strike(ctx)
			next = time.Now().Add(alive/2 + rand.N(alive))
		}
	}
	running.Wait()
}

// reunite lets all actors act without a node. Once the nodes run again, somebody new comes to each, and all must agree.
func (s *stage) reunite() {
	s.t.Helper()
	s.victim.Kill()
	for _, a := range s.all {
		a.act()
		a.Flush()
	}
	s.victim.Start()
	for _, a := range s.all {
		a.Wake()
	}
	for _, n := range s.nodes {
		s.comes("late", transport.DialWebSocket(n.SocketURL()), n.Addr())
	}
	s.agree()
}

// judgeNewcomers checks that nobody who comes to a node gets what was taken back: neither a new client nor one that was
// there before everything was said. Nobody was told that something cannot be taken back.
func (s *stage) judgeNewcomers() {
	s.t.Helper()
	for _, n := range s.nodes {
		s.judgeNewcomer(n, "a new client", nil)
		s.judgeNewcomer(n, "a client that was there at first", &s.first)
	}
	for _, a := range s.all {
		a.mu.Lock()
		if len(a.refused) > 0 {
			s.t.Errorf("%s may not take back: %v", a.Name, a.refused)
		}
		a.mu.Unlock()
	}
}

func (s *stage) judgeNewcomer(node *rig.Server, name string, cursor *wire.Cursor) {
	s.t.Helper()
	r := rig.Dial(s.t, node)
	defer r.Close()
	r.Hello(client.NewGuest(), wire.Join{Room: wire.DefaultRoom, Cursor: cursor})
	joined := rig.Next[wire.Joined](r)
	if joined.Resumed != (cursor != nil) || len(joined.Messages) == 0 {
		s.t.Errorf("%s gets %d messages, resumed %v", name, len(joined.Messages), joined.Resumed)
	}
	for _, a := range s.all {
		for _, m := range a.taken {
			gets := func(o wire.Message) bool { return o.Seq == m.Seq || o.Text == m.Text }
			if slices.ContainsFunc(joined.Messages, gets) {
				s.t.Errorf("%s gets %q, which was taken back", name, m.Text)
			}
		}
	}
}
