package bench_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mayfly/cmd/mayfly/bench"
	"mayfly/server"
	"mayfly/server/hub"
	"mayfly/server/servertest"
	"mayfly/server/session"
	"mayfly/shared/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// target returns the server at this URL.
func target(t *testing.T, raw string) bench.Target {
	t.Helper()
	u, err := bench.ParseURL(raw)
	if err != nil {
		t.Fatal(err)
	}
	found, err := bench.Find(t.Context(), u, bench.Loopback, net.DefaultResolver.LookupNetIP)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// small is a load that a test can wait for. Its messages live so long that none expires on a busy machine.
func small(to bench.Target) bench.Config {
	return bench.Config{Target: to, Conns: 4, Rooms: 2, Posts: 200, Per: time.Second, Duration: 100 * time.Millisecond,
		TTL: 5 * time.Minute, Text: 100, Progress: func(string) {}}
}

// allLimits lets one person post as much as tests do.
func allLimits(c *server.Config) { c.Posts, c.Acts = 1_000_000, 1_000_000 }

func rooms(c *hub.Config) { c.GuestPosts = 1_000_000 }

// TestEveryDeliveryIsCounted runs against a whole server on a real socket: what was posted came once to everybody in its room.
func TestEveryDeliveryIsCounted(t *testing.T) {
	for _, tt := range []struct {
		name         string
		conns, rooms int
	}{
		{name: "alone", conns: 1, rooms: 1},
		{name: "one room", conns: 5, rooms: 1},
		{name: "a room each", conns: 3, rooms: 3},
		{name: "even rooms", conns: 6, rooms: 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := servertest.Start(t, servertest.Options{Server: allLimits, Hub: rooms})
			c := small(target(t, s.URL))
			c.Conns, c.Rooms = tt.conns, tt.rooms
			r, err := bench.Run(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if r.Posts.Wanted != 20 || r.Posts.Sent < 1 || r.Posts.Accepted != r.Posts.Sent || r.Posts.Unanswered != 0 {
				t.Errorf("posts = %+v, want all of up to 20 accepted", r.Posts)
			}
			d := r.Deliveries
			if want := r.Posts.Sent * (tt.conns / tt.rooms); d.Wanted != want || d.Came != want || d.Lost+d.Missed+d.Doubled+d.Misplaced != 0 {
				t.Errorf("deliveries = %+v, want %d", d, want)
			}
			if l := d.Latency; l.Median <= 0 || l.Median > l.P95 || l.P95 > l.P99 || l.P99 > l.Worst {
				t.Errorf("latency = %+v, want rising percentiles", l)
			}
			if n := r.Connections; n.Opened != tt.conns || len(n.Ended) != 0 || n.Each.Worst <= 0 || n.Took < n.Each.Worst {
				t.Errorf("connections = %+v, want %d that live", n, tt.conns)
			}
			if err := r.Problem(); err != nil {
				t.Errorf("Problem = %v", err)
			}
			if n := servertest.Metric(t, s.Metrics, "mayfly_posts_accepted_total", ""); int(n) != r.Posts.Accepted {
				t.Errorf("the server has accepted %v posts, the run says %d", n, r.Posts.Accepted)
			}
		})
	}
}

// TestUnevenRooms checks the counts where rooms have different numbers of members.
func TestUnevenRooms(t *testing.T) {
	onVirtualTime(t, servertest.Options{Server: allLimits, Hub: rooms}, func(t *testing.T, _ *servertest.Server, c bench.Config) {
		c.Conns, c.Rooms = 5, 3 // rooms of 2, 2 and 1
		r, err := bench.Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		// 20 messages go to the rooms in turn: 7, 7 and 6.
		if d := r.Deliveries; r.Posts.Sent != 20 || d.Came != 7*2+7*2+6 || d.Wanted != d.Came || r.Problem() != nil {
			t.Errorf("posts %+v, deliveries %+v, want 20 and 34", r.Posts, d)
		}
	})
}

// onVirtualTime runs test under synctest, with a whole server on a network in memory and a small load for it.
func onVirtualTime(t *testing.T, o servertest.Options, test func(t *testing.T, s *servertest.Server, c bench.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := servertest.StartInMemory(t, o)
		defer s.Stop()
		to := target(t, "http://127.0.0.1:8080")
		to.Over(s.Dialer("127.0.0.1"))
		test(t, s, small(to))
	})
}

// TestNothingOutlivesTheMessages checks that no message lives longer than the run asks for.
func TestNothingOutlivesTheMessages(t *testing.T) {
	onVirtualTime(t, servertest.Options{Server: allLimits, Hub: rooms}, func(t *testing.T, s *servertest.Server, c bench.Config) {
		c.TTL = 3 * time.Second
		if r, err := bench.Run(t.Context(), c); err != nil || r.Posts.LifeMS != 3000 {
			t.Fatalf("Run = %+v, %v", r, err)
		}
		if n := servertest.Metric(t, s.Metrics, "mayfly_live_messages", ""); n != 20 {
			t.Errorf("%v messages live when a run has just ended, want 20", n)
		}
		time.Sleep(c.TTL + 2*time.Second) // in virtual time
		if n := servertest.Metric(t, s.Metrics, "mayfly_live_messages", ""); n != 0 {
			t.Errorf("%v messages outlive their time", n)
		}
	})
}

// TestLifeWithinTheServersBounds checks that a run asks for a life that the server allows, and says that it does.
func TestLifeWithinTheServersBounds(t *testing.T) {
	shortest, longest := time.Duration(servertest.TTL.Min)*time.Millisecond, time.Duration(servertest.TTL.Default)*time.Millisecond
	for _, tt := range []struct{ asked, want time.Duration }{
		{longest + time.Minute, longest}, {time.Millisecond, shortest}, {time.Minute, time.Minute},
	} {
		onVirtualTime(t, servertest.Options{Server: allLimits, Hub: rooms}, func(t *testing.T, _ *servertest.Server, c bench.Config) {
			c.TTL = tt.asked
			r, err := bench.Run(t.Context(), c)
			if err != nil || r.Posts.LifeMS != tt.want.Milliseconds() || r.Posts.Accepted != 20 {
				t.Errorf("Run with a life of %s = %+v, %v, want %s", tt.asked, r, err, tt.want)
			}
			if says := strings.Contains(strings.Join(r.Notes, "\n"), "the server's bounds"); says != (tt.asked != tt.want) {
				t.Errorf("with a life of %s the notes are %q", tt.asked, r.Notes)
			}
		})
	}
}

// TestTheServersLimitsAreNamed checks that posts over a limit of the server are counted under the server's names, with advice.
func TestTheServersLimitsAreNamed(t *testing.T) {
	for _, tt := range []struct {
		name     string
		server   func(*server.Config)
		hub      func(*hub.Config)
		accepted int
		code     string
		says     string // the server
		advice   string
	}{
		{"of a person", func(c *server.Config) { c.Posts, c.Per = 2, 10*time.Second }, nil, 4 * 2, "rate",
			"Slow down: 2 messages in 10 s.", "higher -rate"},
		{"of an address", allLimits, func(c *hub.Config) { c.GuestPosts = 5 }, 5, "rate", "all guests from your network", "higher -rate"},
		{"of a room", allLimits, func(c *hub.Config) { c.RoomMessages = 3 }, 2 * 3, "full", "full", "-room-messages"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onVirtualTime(t, servertest.Options{Server: tt.server, Hub: tt.hub}, func(t *testing.T, _ *servertest.Server, c bench.Config) {
				r, err := bench.Run(t.Context(), c)
				if err != nil {
					t.Fatal(err)
				}
				p := r.Posts
				if p.Sent != 20 || p.Accepted != tt.accepted || p.Unanswered != 0 || len(p.Refused) != 1 ||
					p.Refused[0].Count != 20-tt.accepted || p.Refused[0].Code != tt.code || !strings.Contains(p.Refused[0].Message, tt.says) {
					t.Errorf("posts = %+v, want %d accepted, the others refused: %s, %q", p, tt.accepted, tt.code, tt.says)
				}
				if want := 2 * tt.accepted; r.Deliveries.Came != want || r.Problem() != nil {
					t.Errorf("deliveries = %+v, problem %v, want %d and none", r.Deliveries, r.Problem(), want)
				}
				if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, tt.advice) {
					t.Errorf("the notes are %q, want %q among them", notes, tt.advice)
				}
			})
		})
	}
}

// TestWarnsOfTheRateLimit checks that a load over the limit of a person is announced before it is tried.
func TestWarnsOfTheRateLimit(t *testing.T) {
	for _, tt := range []struct {
		posts int
		warns bool
	}{{5, false}, {4, true}} { // 20 messages from 4 connections: 5 from each
		onVirtualTime(t, servertest.Options{Server: func(c *server.Config) { c.Posts = tt.posts }}, func(t *testing.T, _ *servertest.Server, c bench.Config) {
			said := ""
			c.Progress = func(s string) { said += s + "\n" }
			if _, err := bench.Run(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if warns := strings.Contains(said, "this server's -rate allows a person 4"); warns != tt.warns {
				t.Errorf("with %d posts allowed it says:\n%s", tt.posts, said)
			}
		})
	}
}

// TestRunsThatCannotBegin checks that the error names the reason and says what to do.
func TestRunsThatCannotBegin(t *testing.T) {
	unused, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := "http://" + unused.Addr().String()
	if err := unused.Close(); err != nil {
		t.Fatal(err)
	}
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	moved := httptest.NewServer(http.RedirectHandler("https://chat.example.com/ws", http.StatusMovedPermanently))
	defer moved.Close()
	serve := func(change func(*server.Config), rooms func(*hub.Config)) string {
		return servertest.Start(t, servertest.Options{Server: change, Hub: rooms}).URL
	}
	open := serve(nil, nil)
	for _, tt := range []struct {
		name, url string
		says      []string
	}{
		{"nothing listens", gone, []string{"nothing listens at " + gone, "mayfly serve"}},
		{"not Mayfly", other.URL, []string{"404", "want the URL of a Mayfly server"}},
		{"a redirect", moved.URL, []string{"301", "name the address to which it redirects"}},
		{"no TLS", strings.Replace(open, "http:", "https:", 1), []string{"speaks no TLS", "http URL"}},
		{"guests stay out", serve(func(c *server.Config) { c.Anonymous = session.GuestsDenied }, nil),
			[]string{"no guests", "-anonymous deny", "-anonymous allow"}},
		{"guests only read", serve(func(c *server.Config) { c.Anonymous = session.GuestsRead }, nil),
			[]string{"only read", "-anonymous allow"}},
		{"too many from one address", serve(func(c *server.Config) { c.Each = 3 }, nil),
			[]string{"connection", "of 4", "429", "-conns-per-ip 4 or more"}},
		{"too many", serve(func(c *server.Config) { c.Conns = 3 }, nil), []string{"503", "-conns 4 or more"}},
		{"too many rooms", serve(nil, func(c *hub.Config) { c.Rooms = 1 }), []string{"refused the room", "higher -rooms"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := bench.Run(t.Context(), small(target(t, tt.url)))
			if err == nil {
				t.Fatalf("Run = %+v, want an error", r)
			}
			for _, want := range tt.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Run = %q, want %q in it", err, want)
				}
			}
		})
	}
}

// TestTooFewFiles checks that a run which needs more files than it may open says so before it connects.
func TestTooFewFiles(t *testing.T) {
	c := small(target(t, "http://127.0.0.1:1"))
	c.Conns = 1 << 40
	if _, err := bench.Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), "ulimit -n") {
		t.Errorf("Run = %v, want ulimit -n in it", err)
	}
}

// TestOverTLS measures through a proxy that speaks TLS, with a good certificate and with one that nobody vouches for.
func TestOverTLS(t *testing.T) {
	s := servertest.Start(t, servertest.Options{Server: allLimits, Hub: rooms})
	made := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	defer made.Close()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: made.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	var proxying sync.WaitGroup
	defer proxying.Wait()
	defer listener.Close()
	proxying.Go(func() {
		for {
			outside, err := listener.Accept()
			if err != nil {
				return
			}
			inside, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
			if err != nil {
				t.Error(err)
				return
			}
			pass := func(to, from net.Conn) {
				_, _ = io.Copy(to, from)
				to.Close()
			}
			proxying.Go(func() { pass(inside, outside) })
			proxying.Go(func() { pass(outside, inside) })
		}
	})

	c := small(target(t, "wss://"+listener.Addr().String()))
	if _, err := bench.Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), "certificate is not good here") {
		t.Errorf("Run = %v, want an error about the certificate", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(made.Certificate())
	c.Target.Trust(roots)
	r, err := bench.Run(t.Context(), c)
	if err != nil || r.Deliveries.Came != 2*r.Posts.Sent || r.Posts.Sent == 0 || r.Problem() != nil {
		t.Errorf("Run = %+v, %v", r, err)
	}
}

// TestServerStopsMeanwhile checks that a run ends when the server stops, and names the server's goodbye.
func TestServerStopsMeanwhile(t *testing.T) {
	s := servertest.Start(t, servertest.Options{Server: allLimits, Hub: rooms})
	c := small(target(t, s.URL))
	c.Duration = time.Hour
	var stopping sync.WaitGroup
	defer stopping.Wait()
	c.Progress = func(sentence string) {
		if strings.HasPrefix(sentence, "Posting") {
			stopping.Go(s.Stop)
		}
	}
	r, err := bench.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if ended := r.Connections.Ended; len(ended) != 1 || ended[0].Code != string(wire.CodeRestart) || ended[0].Count != 4 {
		t.Errorf("the connections ended with %+v, want 4 times restart", ended)
	}
	if r.Deliveries.Lost != 0 || r.Deliveries.Doubled != 0 {
		t.Errorf("deliveries = %+v, want none lost: the server has not", r.Deliveries)
	}
	if err := r.Problem(); err == nil || !strings.Contains(err.Error(), "4 connections ended early") {
		t.Errorf("Problem = %v", err)
	}
}

// TestInterruptedWhileConnecting checks that a run which the user ends before it is connected is no error.
func TestInterruptedWhileConnecting(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and answers nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithCancel(t.Context())
	c := small(target(t, "http://"+silent.Addr().String()))
	go func() {
		conn, err := silent.Accept()
		if err != nil {
			t.Error(err)
		}
		cancel()
		_, _ = io.Copy(io.Discard, conn)
		conn.Close()
	}()
	r, err := bench.Run(ctx, c)
	if err != nil || !r.Interrupted || r.Connections.Opened != 0 || r.Posts.Sent != 0 || r.Problem() != nil {
		t.Errorf("Run = %+v, %v, want an interrupted run", r, err)
	}
}

// TestSilentServer checks that a server which accepts connections and says nothing is given up.
func TestSilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := target(t, "http://127.0.0.1:8080")
		var theirs net.Conn
		to.Over(func(context.Context, string, string) (ours net.Conn, err error) {
			ours, theirs = net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, theirs) }()
			return ours, nil
		})
		_, err := bench.Run(t.Context(), small(to))
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "longer than 30s") {
			t.Errorf("Run = %v, want that it took too long", err)
		}
		theirs.Close()
	})
}
