package bench_test

import (
	"context"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"mayfly/cmd/mayfly/bench"
	"mayfly/shared/wire"
)

// fake is a server that makes mistakes on demand. It has one room, on a network in memory.
type fake struct {
	// deliver returns what the member with this number, in the order in which they joined, gets for the post with this
	// number: its own frame once, if deliver is nil.
	deliver func(post, member int, own wire.Posted) []wire.Posted
	// onPost runs after the post with this number was delivered, with the connections of all members.
	onPost func(post int, members []*websocket.Conn)

	conns chan net.Conn

	mu      sync.Mutex // guards what follows; held while a post is delivered
	members []*websocket.Conn
	rooms   []string // of the members
	posts   int
}

// run runs a small load of 20 messages from 4 connections against f, under synctest. Then it checks the result.
func (f *fake) run(t *testing.T, change func(c *bench.Config, cancel func()), check func(t *testing.T, r bench.Result)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f.conns = make(chan net.Conn)
		web := &http.Server{Handler: http.HandlerFunc(f.serve)}
		var serving sync.WaitGroup
		serving.Go(func() { _ = web.Serve(f) })
		defer serving.Wait()
		defer web.Close()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		to := target(t, "http://127.0.0.1:8080")
		to.Over(func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			f.conns <- theirs
			return ours, nil
		})
		c := small(to)
		c.Rooms = 1
		if change != nil {
			change(&c, cancel)
		}
		r, err := bench.Run(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		check(t, r)
	})
}

// Accept, Close and Addr make f a net.Listener.
func (f *fake) Accept() (net.Conn, error) {
	if c, ok := <-f.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (f *fake) Close() error {
	close(f.conns)
	return nil
}

func (f *fake) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

// serve serves one connection until it ends.
func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{wire.Subprotocol}})
	if err != nil {
		return
	}
	defer ws.CloseNow()
	for {
		_, message, err := ws.Read(context.Background())
		if err != nil {
			return
		}
		for line := range wire.Split(message) {
			switch frame, _ := wire.Decode(line); frame := frame.(type) {
			case wire.Hello:
				f.join(ws, frame.Rooms[0].Room)
			case wire.Post:
				f.post(ws, frame)
			}
		}
	}
}

func (f *fake) join(ws *websocket.Conn, room string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.members, f.rooms = append(f.members, ws), append(f.rooms, room)
	write(ws, wire.Welcome{MayPost: true, TTL: wire.TTL{Min: 1000, Default: 300_000}}, wire.Joined{Room: room, TTL: 300_000})
}

func (f *fake) post(ws *websocket.Conn, p wire.Post) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.posts
	f.posts++
	seq := int64(10 * (n + 1)) // gaps are normal
	write(ws, wire.Accepted{ID: p.ID, Room: p.Room, Seq: seq})
	own := wire.Posted{Room: p.Room, Message: wire.Message{Seq: seq, ID: p.ID, Text: p.Text}}
	for i, member := range f.members {
		all := []wire.Posted{own}
		if f.deliver != nil {
			all = f.deliver(n, i, own)
		}
		for _, posted := range all {
			write(member, posted)
		}
	}
	if f.onPost != nil {
		f.onPost(n, f.members)
	}
}

// write sends frames as one message. It fails if the client is gone.
func write(ws *websocket.Conn, frames ...wire.Frame) {
	var lines [][]byte
	for _, frame := range frames {
		lines = append(lines, wire.Encode(frame))
	}
	_ = ws.Write(context.Background(), websocket.MessageText, wire.Batch(lines...))
}

// TestLossesAndDoublesAreFound checks that each mistake of a server is counted, and nothing else.
func TestLossesAndDoublesAreFound(t *testing.T) {
	var kept wire.Posted
	for _, tt := range []struct {
		name                                   string
		deliver                                func(post, member int, own wire.Posted) []wire.Posted
		came, lost, doubled, misplaced, answer int
		problem                                string
	}{
		{name: "no mistake", came: 80},
		{name: "one lost", came: 79, lost: 1, problem: "1 delivery lost",
			deliver: func(post, member int, own wire.Posted) []wire.Posted {
				if post == 3 && member == 2 {
					return nil
				}
				return []wire.Posted{own}
			}},
		{name: "the last one lost by two", came: 78, lost: 2, problem: "2 deliveries lost",
			deliver: func(post, member int, own wire.Posted) []wire.Posted {
				if post == 19 && member < 2 {
					return nil
				}
				return []wire.Posted{own}
			}},
		{name: "one comes to nobody", came: 76, lost: 4, problem: "4 deliveries lost",
			deliver: func(post, _ int, own wire.Posted) []wire.Posted {
				if post == 7 {
					return nil
				}
				return []wire.Posted{own}
			}},
		{name: "one comes three times", came: 80, doubled: 2, problem: "2 deliveries doubled",
			deliver: func(post, member int, own wire.Posted) []wire.Posted {
				if post == 5 && member == 0 {
					return []wire.Posted{own, own, own}
				}
				return []wire.Posted{own}
			}},
		{name: "a message is stored twice", came: 80, doubled: 4, problem: "4 deliveries doubled",
			deliver: func(post, _ int, own wire.Posted) []wire.Posted {
				again := own
				again.Seq++
				if post == 5 {
					return []wire.Posted{own, again}
				}
				return []wire.Posted{own}
			}},
		{name: "two in the wrong order", came: 80, misplaced: 1, problem: "1 delivery out of order",
			deliver: func(post, member int, own wire.Posted) []wire.Posted {
				switch {
				case member != 1 || post != 8 && post != 9:
					return []wire.Posted{own}
				case post == 8:
					kept = own
					return nil
				}
				return []wire.Posted{own, kept}
			}},
		{name: "messages of others and of another room", came: 80,
			deliver: func(_, _ int, own wire.Posted) []wire.Posted {
				foreign, elsewhere := own, own
				foreign.ID = "0190a8f0-0000-7000-8000-000000000003"
				elsewhere.Room = "lobby"
				return []wire.Posted{foreign, elsewhere, own}
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fake{deliver: tt.deliver}
			f.run(t, nil, func(t *testing.T, r bench.Result) {
				d := r.Deliveries
				if r.Posts.Sent != 20 || r.Posts.Accepted != 20 || d.Wanted != 80 || d.Came != tt.came || d.Lost != tt.lost ||
					d.Doubled != tt.doubled || d.Misplaced != tt.misplaced || d.Missed != 0 {
					t.Errorf("posts %+v, deliveries %+v, want %d, %d lost, %d doubled, %d misplaced", r.Posts, d, tt.came, tt.lost, tt.doubled,
						tt.misplaced)
				}
				if err := r.Problem(); (err == nil) != (tt.problem == "") || err != nil && err.Error() != tt.problem {
					t.Errorf("Problem = %v, want %q", err, tt.problem)
				}
			})
		})
	}
}

// TestLatencyIsFromPostToDelivery checks the percentiles on virtual time, where nothing else takes any.
func TestLatencyIsFromPostToDelivery(t *testing.T) {
	f := &fake{deliver: func(post, member int, own wire.Posted) []wire.Posted {
		if post == 0 && member == 0 {
			time.Sleep(3 * time.Millisecond) // in virtual time: all members get this post late, and the next ones in time
		}
		return []wire.Posted{own}
	}}
	f.run(t, nil, func(t *testing.T, r bench.Result) {
		if l := r.Deliveries.Latency; l.Median > 0.001 || l.P95 > 0.001 || l.P99 != 3 || l.Worst != 3 {
			t.Errorf("latency = %+v, want 4 of 80 deliveries after 3 ms", l)
		}
	})
}

// TestConnectionsThatEnd checks that what the others get goes on to count, and that what an ended connection does not get
// is not called lost.
func TestConnectionsThatEnd(t *testing.T) {
	f := &fake{onPost: func(post int, members []*websocket.Conn) {
		switch post {
		case 9:
			members[0].CloseNow()
		case 10:
			write(members[1], wire.Bye{Code: wire.CodeSlow, Message: "Too slow."})
			members[1].Close(wire.CloseTimeout, "")
		}
	}}
	f.run(t, nil, func(t *testing.T, r bench.Result) {
		d := r.Deliveries
		if r.Posts.Sent != 20 || d.Lost != 0 || d.Missed != 10+9 || d.Came != 10+11+20+20 {
			t.Errorf("posts %+v, deliveries %+v, want 61 and 19 missed", r.Posts, d)
		}
		want := []bench.Count{{Code: "cut", Message: "the connection was cut", Count: 1}, {Code: "slow", Message: "Too slow.", Count: 1}}
		if got := r.Connections.Ended; len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
			t.Errorf("ended = %+v, want %+v", got, want)
		}
		if err := r.Problem(); err == nil || err.Error() != "2 connections ended early" {
			t.Errorf("Problem = %v", err)
		}
		if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, "queues were full") || !strings.Contains(notes, "without a goodbye") {
			t.Errorf("notes = %q, want those about slow and cut", notes)
		}
	})
}

// TestServerIsCut checks that a run ends when the server is gone.
func TestServerIsCut(t *testing.T) {
	f := &fake{onPost: func(post int, members []*websocket.Conn) {
		if post == 4 {
			for _, m := range members {
				m.CloseNow()
			}
		}
	}}
	f.run(t, func(c *bench.Config, _ func()) { c.Duration = time.Hour }, func(t *testing.T, r bench.Result) {
		if r.Posts.Wanted != 720_000 || r.Posts.Sent != 5 || r.Deliveries.Came != 20 || len(r.Connections.Ended) != 1 ||
			r.Connections.Ended[0].Count != 4 {
			t.Errorf("Run = %+v, want 5 posts to 4 connections, which then end", r)
		}
	})
}

// TestInterrupt checks that a run which the user ends early counts what came until then.
func TestInterrupt(t *testing.T) {
	f := &fake{}
	f.run(t, func(c *bench.Config, cancel func()) {
		c.Duration = time.Hour
		f.onPost = func(post int, _ []*websocket.Conn) {
			if post == 6 {
				cancel()
			}
		}
	}, func(t *testing.T, r bench.Result) {
		if !r.Interrupted || r.Posts.Sent != 7 || r.Posts.Accepted != 7 || r.Deliveries.Came != 28 || r.Problem() != nil {
			t.Errorf("Run = %+v, problem %v, want 7 posts and 28 deliveries", r, r.Problem())
		}
	})
}

// TestRoomsAreTheRunsOwn checks that the name of a room says what it is and is new each time.
func TestRoomsAreTheRunsOwn(t *testing.T) {
	var rooms []string
	for range 2 {
		f := &fake{}
		f.run(t, func(c *bench.Config, _ func()) { c.Rooms = 2 }, func(_ *testing.T, r bench.Result) {
			rooms = append(rooms, f.rooms...)
		})
	}
	named := regexp.MustCompile(`^mayfly-bench-[a-z2-7]{16}-[12]$`)
	slices.Sort(rooms)
	for _, name := range rooms {
		if !named.MatchString(name) || !wire.ValidRoom(name) {
			t.Errorf("a room is called %q", name)
		}
	}
	if different := slices.Compact(slices.Clone(rooms)); len(rooms) != 8 || len(different) != 4 {
		t.Errorf("the rooms of the members of two runs are %q, want four", rooms)
	}
}
