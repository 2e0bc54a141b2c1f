package hub_test

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

// young is longer than the time for which a new node sends no presence.
const young = 15*time.Second + 100*time.Millisecond

// tick is longer than the time within which a room is told who came and went.
const tick = time.Second

// node returns another node of w: a hub on the same stream. stop ends it as SIGTERM would.
func (w world) node(t *testing.T) (other world, stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	config := testConfig
	config.Cluster = true
	other = world{hub.New(config, w.stream, w.stream, hub.NewClock(w.wall.now), slog.New(slog.DiscardHandler)),
		w.stream, w.wall}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = other.Run(ctx)
	}()
	return other, func() {
		cancel()
		<-ended
	}
}

// news returns the presence that came since the last call of news or take.
func (r *recorder) news() []wire.Presence {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	presence := r.presence
	r.presence = nil
	return presence
}

// wantNews compares the presence that came with presence.
func (r *recorder) wantNews(t *testing.T, presence ...wire.Presence) {
	t.Helper()
	if got := r.news(); len(got)+len(presence) > 0 && !reflect.DeepEqual(got, presence) {
		t.Errorf("%s was told %+v, want %+v", r.user.Name, got, presence)
	}
}

func user(name string) wire.User { return wire.User{ID: "u-" + name, Name: name} }

func came(people int64, names ...string) wire.Presence {
	p := wire.Presence{Room: "lobby", People: people}
	for _, name := range names {
		p.Came = append(p.Came, user(name))
	}
	return p
}

func went(people int64, names ...string) wire.Presence {
	p := wire.Presence{Room: "lobby", People: people}
	for _, name := range names {
		p.Went = append(p.Went, "u-"+name)
	}
	return p
}

// who returns the names of the people that r is told when it asks.
func (r *recorder) who(t *testing.T) string {
	t.Helper()
	r.Who(wire.Who{Room: "lobby"})
	f := next[wire.People](t, r)
	var names []string
	for _, u := range f.Users {
		names = append(names, u.Name)
	}
	return fmt.Sprint(f.Total, " ", strings.Join(names, " "))
}

func (r *recorder) wantWho(t *testing.T, want string) {
	t.Helper()
	if got := r.who(t); got != want {
		t.Errorf("%s is told that there are %q, want %q", r.user.Name, got, want)
	}
}

func TestPresenceTellsWhoComesAndGoes(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		time.Sleep(young)
		ann := w.in(t, "ann", "lobby")
		time.Sleep(tick)
		ann.wantNews(t) // nobody but herself
		ben := w.in(t, "ben", "lobby")
		time.Sleep(tick)
		ann.wantNews(t, came(2, "ben"))
		ben.wantNews(t)
		second := w.in(t, "ben", "lobby") // a second connection is nobody new
		ben.join(t, "lobby", nil)
		time.Sleep(tick)
		ann.wantNews(t)
		second.Close()
		ben.Leave(wire.Leave{Room: "lobby"})
		time.Sleep(15*time.Second - time.Millisecond)
		ann.wantNews(t)
		ann.wantWho(t, "2 ann ben")
		time.Sleep(time.Millisecond)
		ann.wantWho(t, "1 ann")
		time.Sleep(tick)
		ann.wantNews(t, went(1, "ben"))
	})
}

// TestWhoComesBackWasNeverGone: in whatever way the user leaves, and on whatever node the user comes back.
func TestWhoComesBackWasNeverGone(t *testing.T) {
	const lobby = "lobby"
	for name, leave := range map[string]func(r *recorder){
		"leave": func(r *recorder) { r.Leave(wire.Leave{Room: lobby}) },
		"close": func(r *recorder) { r.Close() },
		"poll":  func(r *recorder) { r.CloseFor(30 * time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, testConfig, func(t *testing.T, w world) {
				other, stop := w.node(t)
				time.Sleep(young)
				ann, ben := w.in(t, "ann", lobby), w.in(t, "ben", lobby)
				time.Sleep(tick)
				ann.news()
				for range 3 {
					leave(ben)
					time.Sleep(14 * time.Second)
					ben = w.in(t, "ben", lobby)
					time.Sleep(tick)
					leave(ben)
					time.Sleep(14 * time.Second)
					ben = other.in(t, "ben", lobby)
					time.Sleep(tick)
				}
				ann.wantNews(t)
				ann.wantWho(t, "2 ann ben")
				stop()
			})
		})
	}
}

func TestPollerCountsForHalfAMinute(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		time.Sleep(young)
		ann := w.in(t, "ann", "lobby")
		time.Sleep(tick)
		w.in(t, "ben", "lobby").CloseFor(30 * time.Second)
		time.Sleep(tick)
		ann.wantNews(t, came(2, "ben"))
		time.Sleep(29*time.Second - time.Millisecond)
		ann.wantWho(t, "2 ann ben")
		time.Sleep(tick + time.Millisecond)
		ann.wantNews(t, went(1, "ben"))
	})
}

// TestLongerGraceCounts: a connection that ends soon after a poll does not shorten the time of the poll.
func TestLongerGraceCounts(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		w.in(t, "ben", "lobby").CloseFor(30 * time.Second)
		w.in(t, "ben", "lobby").Close()
		time.Sleep(30*time.Second - time.Millisecond)
		ann.wantWho(t, "2 ann ben")
		time.Sleep(time.Millisecond)
		ann.wantWho(t, "1 ann")
	})
}

func TestNoPresenceInTheFirst15Seconds(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		for i := range 13 {
			w.in(t, fmt.Sprintf("b%02d", i), "lobby")
			time.Sleep(time.Second)
		}
		time.Sleep(1900 * time.Millisecond)
		ann.wantNews(t)
		time.Sleep(tick)
		got := ann.news()
		if len(got) != 1 || got[0].People != 14 || len(got[0].Came) != 14 {
			t.Errorf("told %+v, want all 14 at once", got)
		}
	})
}

// TestManyComeAtOnce: a thousand users are one presence a second, which names nobody.
func TestManyComeAtOnce(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		time.Sleep(young)
		ann := w.in(t, "ann", "lobby")
		time.Sleep(tick)
		var all []*recorder
		for i := range 1000 {
			all = append(all, w.in(t, fmt.Sprintf("b%03d", i), "lobby"))
		}
		time.Sleep(tick)
		ann.wantNews(t, wire.Presence{Room: "lobby", People: 1001})
		for _, r := range all[20:] {
			r.Close()
		}
		time.Sleep(15*time.Second + tick)
		ann.wantNews(t, wire.Presence{Room: "lobby", People: 21})
		for _, r := range all[:20] {
			r.Close()
		}
		time.Sleep(15*time.Second + tick)
		if got := ann.news(); len(got) != 1 || len(got[0].Went) != 20 || got[0].People != 1 {
			t.Errorf("told %+v, want 20 who went", got)
		}
	})
}

func TestPresenceAtMostOnceASecond(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		time.Sleep(young)
		ann := w.in(t, "ann", "lobby")
		for i := range 100 { // for 10 s, while messages wake the hub
			w.person(fmt.Sprintf("b%02d", i)).Join(t.Context(), "join", wire.Join{Room: "lobby"})
			if i%5 == 0 {
				ann.Post(post(i, "lobby", time.Second))
			}
			time.Sleep(100 * time.Millisecond)
		}
		if got := len(ann.news()); got < 9 || got > 10 {
			t.Errorf("told %d times in 10 s, want once a second", got)
		}
	})
}

func TestWhoIsOneselfFirstThenAsTheyCame(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		for i := range 250 {
			w.in(t, fmt.Sprintf("b%03d", 249-i), "lobby")
			time.Sleep(time.Millisecond)
		}
		ann := w.in(t, "ann", "lobby")
		ann.Who(wire.Who{Room: "lobby"})
		f := next[wire.People](t, ann)
		if f.Total != 251 || len(f.Users) != 200 || f.Users[0] != ann.user || f.Users[1].Name != "b249" ||
			f.Users[199].Name != "b051" {
			t.Errorf("total %d, %d users: %+v", f.Total, len(f.Users), f.Users)
		}
	})
}

func TestWhoIsRefused(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		ann.Who(wire.Who{Room: "tea"})
		if f := next[wire.Refused](t, ann); f.Re != "who" || f.Room != "tea" || f.Code != wire.CodeRoom || f.RetryMS != 0 {
			t.Errorf("refused %+v, want room", f)
		}
		for range 62 { // two are used: joined, and asked
			ann.wantWho(t, "1 ann")
		}
		ann.Who(wire.Who{Room: "lobby"})
		if f := next[wire.Refused](t, ann); f.Code != wire.CodeRate || f.RetryMS != 10_000 {
			t.Errorf("refused %+v, want rate for 10 s", f)
		}
		ann.Leave(wire.Leave{Room: "lobby"})
		if f := next[wire.Refused](t, ann); f.Code != wire.CodeRate {
			t.Errorf("refused %+v, want rate", f)
		}
	})
}

// TestPeopleAcrossNodes: counts, lists and presence are those of all nodes.
func TestPeopleAcrossNodes(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		time.Sleep(young)
		ann := w.in(t, "ann", "lobby")
		time.Sleep(time.Second)
		other, stop := w.node(t) // it learns of ann, who was there before
		time.Sleep(2 * time.Second)
		ben := other.in(t, "ben", "lobby")
		ben.wantWho(t, "2 ben ann")
		time.Sleep(tick)
		ann.wantNews(t, came(2, "ben"))
		if j := w.person("ann").join(t, "lobby", nil); j.People != 2 {
			t.Errorf("people = %d, want 2", j.People)
		}
		cleo := w.in(t, "cleo", "lobby")
		ben.wantWho(t, "3 ben ann cleo")
		cleo.Close()
		other.in(t, "cleo", "tea").Close()
		time.Sleep(15*time.Second + 2*tick)
		ben.wantWho(t, "2 ben ann")
		if ann.news(); len(ben.news()) == 0 {
			t.Error("ben was told nothing of cleo")
		}
		ben.Close() // as a node that stops ends its connections
		stop()
		time.Sleep(14 * time.Second)
		ann.wantWho(t, "2 ann ben")
		time.Sleep(2*time.Second + tick)
		ann.wantNews(t, went(1, "ben"))
		if s := w.Stats(); s.Nodes != 0 || s.SignalsLost != 0 {
			t.Errorf("%d nodes, %d signals lost, want none", s.Nodes, s.SignalsLost)
		}
	})
}

// TestRollingRestart: each node is restarted, and its users come back on either node. Nobody is told that anybody came or
// went, also not by the node that has just started, and every user who joins is told of all users. Only those who do not
// come back are gone, and no later than if no node had started.
func TestRollingRestart(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		one, stopOne := w.node(t)
		two, stopTwo := w.node(t)
		time.Sleep(young)
		for _, name := range []string{"ann", "ben", "cleo"} {
			one.in(t, name, "lobby")
		}
		dan := two.in(t, "dan", "lobby")
		time.Sleep(tick)
		dan.news()
		one.in(t, "eve", "lobby")
		stopOne()
		one, stopOne = w.node(t)
		ann := one.in(t, "ann", "lobby")
		ann.wantWho(t, "5 ann ben cleo dan eve")
		time.Sleep(5 * time.Second)
		stopTwo()
		two, stopTwo = w.node(t)
		ben := two.in(t, "ben", "lobby")
		ben.wantWho(t, "5 ben ann cleo dan eve")
		two.in(t, "dan", "lobby").wantWho(t, "5 dan ann ben cleo eve")
		one.in(t, "eve", "lobby").wantWho(t, "5 eve ann ben cleo dan")
		time.Sleep(9*time.Second + 900*time.Millisecond)
		ann.wantWho(t, "5 ann ben cleo dan eve")
		ben.wantWho(t, "5 ben ann cleo dan eve")
		time.Sleep(2 * tick)
		ann.wantWho(t, "4 ann ben dan eve")
		ben.wantWho(t, "4 ben ann dan eve")
		time.Sleep(young)
		ann.wantNews(t, went(4, "cleo"))
		ben.wantNews(t, went(4, "cleo"))
		stopOne()
		stopTwo()
	})
}

// TestManyNodesTellOfANodeThatStopped: several nodes pass on the list of a node that has stopped, each in parts, and the
// parts come mixed. A new node knows all users of the stopped node, each once.
func TestManyNodesTellOfANodeThatStopped(t *testing.T) {
	const users = 250 // of two parts
	bubble(t, testConfig, func(t *testing.T, w world) {
		one, stopOne := w.node(t)
		two, stopTwo := w.node(t)
		time.Sleep(young)
		for i := range users {
			one.in(t, fmt.Sprintf("b%03d", i), "lobby")
		}
		two.in(t, "ann", "lobby")
		time.Sleep(tick)
		stopOne()
		for range 3 {
			third, stopThird := w.node(t)
			if got := third.in(t, "cleo", "lobby").who(t); !strings.HasPrefix(got, "252 cleo ") {
				t.Errorf("a user on a new node is told that there are %.40s, want 252", got)
			}
			stopThird()
		}
		time.Sleep(15*time.Second + tick)
		two.in(t, "dan", "lobby").wantWho(t, "2 dan ann")
		stopTwo()
	})
}

// TestOldListIsIgnored: a list of a stopped node that another node passes on is only for new nodes. A node that has
// forgotten the stopped node must not tell its members that the users came.
func TestOldListIsIgnored(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		time.Sleep(young)
		ann := w.in(t, "ann", "lobby")
		body := `{"node":"gone","by":"late","number":1,"parts":1,"ago_ms":9000,` +
			`"users":[{"user":{"id":"u-ben","name":"ben"},"rooms":[{"room":"lobby","since":1}]}]}`
		if err := w.stream.Send(hub.Signal{Kind: "all", Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(tick)
		ann.wantNews(t)
		ann.wantWho(t, "1 ann")
		third, stop := w.node(t)
		synctest.Wait()
		if err := w.stream.Send(hub.Signal{Kind: "all", Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
		third.in(t, "cleo", "lobby").wantWho(t, "3 cleo ben ann") // the same list, to a new node
		stop()
	})
}

// held are Signals that wait in Send while the channel is not closed.
type held struct {
	hub.Signals
	open atomic.Pointer[chan struct{}]
}

func (h *held) Send(s hub.Signal) error {
	if open := h.open.Load(); open != nil {
		<-*open
	}
	return h.Signals.Send(s)
}

// TestNodeThatStopsTellsItsLastNews: a user comes immediately before the node stops, while the node is still sending older
// news.
func TestNodeThatStopsTellsItsLastNews(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		time.Sleep(young)
		ann := w.in(t, "ann", "lobby")
		for i := range 10 { // the node may also tell the last news before it notices that it stops
			signals := &held{Signals: w.stream}
			ctx, stop := context.WithCancel(t.Context())
			other := world{hub.New(testConfig, w.stream, signals, hub.NewClock(w.wall.now), slog.New(slog.DiscardHandler)),
				w.stream, w.wall}
			ended := make(chan error)
			go func() { ended <- other.Run(ctx) }()
			time.Sleep(tick)
			other.in(t, fmt.Sprint("away", i), "lobby").Close()
			open := make(chan struct{})
			signals.open.Store(&open)
			other.in(t, fmt.Sprint("early", i), "lobby")
			other.in(t, fmt.Sprint("late", i), "lobby")
			stop()
			synctest.Wait()
			close(open)
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			ann.wantWho(t, fmt.Sprintf("4 ann away%d early%[1]d late%[1]d", i))
			time.Sleep(young + tick)
			ann.wantWho(t, "1 ann")
		}
	})
}

// TestNewNodeAsksBeforeItOpensARoom: the first user on a new node of a cluster is told of the users on all other nodes. If
// they do not answer, the user waits for two seconds.
func TestNewNodeAsksBeforeItOpensARoom(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		second, stopSecond := w.node(t)
		w.in(t, "ann", "lobby")
		second.in(t, "ben", "lobby")
		time.Sleep(tick)
		began := time.Now()
		third, stopThird := w.node(t)
		third.in(t, "cleo", "lobby").wantWho(t, "3 cleo ann ben")
		if waited := time.Since(began); waited > 0 {
			t.Errorf("the first user waited %v for nodes that answer at once", waited)
		}
		stopThird()
		time.Sleep(young)
		w.stream.LoseSignals(true)
		began = time.Now()
		fourth, stopFourth := w.node(t)
		fourth.in(t, "dan", "lobby").wantWho(t, "1 dan")
		if waited := time.Since(began); waited != 2*time.Second {
			t.Errorf("the first user waited %v for nodes that do not answer, want 2s", waited)
		}
		fourth.in(t, "eve", "lobby").wantWho(t, "2 eve dan")
		if waited := time.Since(began); waited != 2*time.Second {
			t.Errorf("the second user waited %v, want 2s as the first", waited)
		}
		stopSecond()
		stopFourth()
	})
}

// TestNodeThatDies takes its people with it, but not while it is only slow.
func TestNodeThatDies(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		time.Sleep(young)
		other, stop := w.node(t)
		ann := w.in(t, "ann", "lobby")
		time.Sleep(2 * tick)
		other.in(t, "ben", "lobby")
		other.in(t, "ann", "lobby") // ann is here too
		time.Sleep(5 * time.Minute)
		ann.wantNews(t, came(2, "ben"))
		w.stream.LoseSignals(true)
		stop()
		time.Sleep(30 * time.Second)
		ann.wantNews(t)
		time.Sleep(15 * time.Second)
		ann.wantNews(t, went(1, "ben"))
		ann.wantWho(t, "1 ann")
	})
}

// TestLostSignalsAreRepaired: when signals get through again, the nodes agree within seconds of the next sign of life.
func TestLostSignalsAreRepaired(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		time.Sleep(young)
		other, stop := w.node(t)
		defer stop()
		ann, ben, cleo := w.in(t, "ann", "lobby"), other.in(t, "ben", "lobby"), other.in(t, "cleo", "lobby")
		time.Sleep(2 * tick)
		ann.wantWho(t, "3 ann ben cleo")
		w.stream.LoseSignals(true)
		cleo.Close()
		for i := range 450 { // more than one signal holds
			other.in(t, fmt.Sprintf("d%03d", i), "lobby")
		}
		time.Sleep(15*time.Second + tick)
		w.in(t, "eve", "lobby")
		ann.wantWho(t, "4 ann ben cleo eve")
		w.stream.LoseSignals(false)
		time.Sleep(10*time.Second + 2*tick)
		for _, r := range []*recorder{ann, ben} {
			if got := r.who(t); !strings.HasPrefix(got, "453 ") || strings.Contains(got, "cleo") {
				t.Errorf("%s is told that there are %s", r.user.Name, got)
			}
		}
		if w.Stats().SignalsLost == 0 {
			t.Error("no lost signal was counted")
		}
	})
}
