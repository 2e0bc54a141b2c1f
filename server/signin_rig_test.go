package server_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server"
	"mayfly/server/hub"
	"mayfly/server/stream"
	"mayfly/shared/wire"
)

// pipes is a network in memory, which synctest knows.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// from is a connection that says to come from an address.
type from struct {
	net.Conn
	addr string
}

func (f from) RemoteAddr() net.Addr {
	ap, err := net.ResolveTCPAddr("tcp", f.addr)
	if err != nil {
		panic(err)
	}
	return ap
}

func (p *pipes) dial(addr string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		select {
		case p.conns <- from{theirs, addr}:
			return ours, nil
		case <-p.closed:
			return nil, net.ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// house is a server on virtual time, in which people sign in.
type house struct {
	*server.Server
	issuer  *issuer
	ledger  *stream.MemorySignouts
	stream  *stream.Memory
	metrics *prometheus.Registry
	logs    *bytes.Buffer
	net     *pipes
	wall    atomic.Int64 // by how much the wall clock is set forward
	stop    func()
}

// bubble runs test under synctest, with a house whose configuration change has changed.
func bubble(t *testing.T, change func(*server.Config), test func(t *testing.T, h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, newIssuer(), &stream.MemorySignouts{}, stream.NewMemory(), change)
		defer h.stop()
		synctest.Wait()
		test(t, h)
	})
}

// open starts a house: another of the same issuer, ledger and stream is another node.
func open(t *testing.T, i *issuer, ledger *stream.MemorySignouts, messages *stream.Memory, change func(*server.Config)) *house {
	t.Helper()
	h := &house{issuer: i, ledger: ledger, stream: messages, metrics: prometheus.NewRegistry(), logs: &bytes.Buffer{},
		net: &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}}
	log := slog.New(slog.NewTextHandler(h.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ttl := wire.TTL{Min: 1000, Default: 300_000, Max: 86_400_000}
	origins, err := server.NewOrigins("https://chat.example.com", nil, "80")
	if err != nil {
		t.Fatal(err)
	}
	config := server.Config{
		Version: "test", Origins: origins, Conns: 1000, Each: 1000, TTL: ttl, Posts: 20, Per: 10 * time.Second,
		Pages:  http.NotFoundHandler(),
		Secure: func(h http.Handler) http.Handler { return h },
		Ready:  func(context.Context) error { return nil },
		SignIn: server.SignIn{Verifier: i, Ledger: ledger, Issuer: "https://id.example", ClientID: "app", Audience: "api://default", Scopes: []string{"openid"}},
	}
	if change != nil {
		change(&config)
	}
	clock := hub.NewClock(func() time.Time { return time.Now().Add(time.Duration(h.wall.Load())) })
	rooms := hub.New(hub.Config{TTL: ttl, Posts: config.Posts, GuestPosts: 1000, Per: config.Per, RoomMessages: 10_000, RoomBytes: 1 << 30, Rooms: 100}, messages, clock, log)
	h.Server = server.New(config, rooms, clock, h.metrics, log)
	web := &http.Server{Handler: h.Handler(), ReadTimeout: readTimeout, WriteTimeout: readTimeout} // shorter than a poll
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = web.Serve(h.net) })
	running.Go(func() { _ = h.Run(ctx) })
	running.Go(func() { _ = rooms.Run(ctx) })
	h.stop = sync.OnceFunc(func() {
		if err := h.Close(context.Background()); err != nil {
			t.Error(err)
		}
		ending, over := context.WithTimeout(context.Background(), time.Second)
		defer over()
		if web.Shutdown(ending) != nil {
			web.Close()
		}
		cancel()
		running.Wait()
		time.Sleep(time.Second) // net/http lingers where a request was cut off
		if strings.Contains(h.logs.String(), secret) {
			t.Errorf("the log holds a token:\n%s", h.logs)
		}
	})
	return h
}

// guest is a client that reads all the time, as a browser does.
type guest struct {
	t    *testing.T
	ws   *websocket.Conn
	done chan struct{}

	mu     sync.Mutex
	frames []wire.Frame
	err    error         // how the connection ended
	held   chan struct{} // nil, unless it reads no further until this is closed
}

// dial connects from an address.
func (h *house) dial(t *testing.T, addr string) *guest {
	t.Helper()
	transport := &http.Transport{DialContext: h.net.dial(addr + ":1234")}
	ws, _, err := websocket.Dial(t.Context(), "ws://localhost/ws?token="+secret, &websocket.DialOptions{
		Subprotocols: []string{wire.Subprotocol}, HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(wire.MaxServerMessage)
	g := &guest{t: t, ws: ws, done: make(chan struct{})}
	go g.read()
	return g
}

func (g *guest) read() {
	defer close(g.done)
	for {
		g.mu.Lock()
		held := g.held
		g.mu.Unlock()
		if held != nil {
			<-held
		}
		_, message, err := g.ws.Read(context.Background())
		g.mu.Lock()
		if err != nil {
			g.err = err
			g.mu.Unlock()
			return
		}
		for b := range wire.Split(message) {
			f, err := wire.Decode(b)
			if _, beat := f.(wire.Beat); err == nil && !beat {
				g.frames = append(g.frames, f)
			}
		}
		g.mu.Unlock()
	}
}

// hold makes g read nothing more, but for one message, until it is released.
func (g *guest) hold() (release func()) {
	held := make(chan struct{})
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held = held
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.held = nil
		close(held)
	}
}

// send writes frames, as one message.
func (g *guest) send(frames ...wire.Frame) {
	g.t.Helper()
	var encoded [][]byte
	for _, f := range frames {
		encoded = append(encoded, wire.Encode(f))
	}
	if err := g.ws.Write(context.Background(), websocket.MessageText, wire.Batch(encoded...)); err != nil {
		g.t.Fatal(err)
	}
}

// take returns what came since the last take, but for beats.
func (g *guest) take() []wire.Frame {
	synctest.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	frames := g.frames
	g.frames = nil
	return frames
}

// got returns what came, which must be one F.
func got[F wire.Frame](g *guest) F {
	g.t.Helper()
	frames := g.take()
	if len(frames) == 1 {
		if f, ok := frames[0].(F); ok {
			return f
		}
	}
	g.t.Fatalf("got %+v, want one %T", frames, *new(F))
	panic("unreachable")
}

func (g *guest) wantNothing() {
	g.t.Helper()
	if frames := g.take(); len(frames) > 0 {
		g.t.Errorf("got %+v, want nothing", frames)
	}
	select {
	case <-g.done:
		g.t.Errorf("the connection ended: %v", g.err)
	default:
	}
}

// wantBye wants nothing but a goodbye, and the close code that mirrors it.
func (g *guest) wantBye(code wire.Code, reason wire.Reason) wire.Bye {
	g.t.Helper()
	b := got[wire.Bye](g)
	want := wire.Next("")
	if reason != "" {
		want = reason.Next()
	}
	if b.Code != code || b.Reason != reason || b.Next != want || b.Message == "" {
		g.t.Errorf("bye %+v, want %s, %s, next %s", b, code, reason, want)
	}
	<-g.done
	if closed := websocket.CloseStatus(g.err); int(closed) != wire.CloseFor(code) {
		g.t.Errorf("closed with %d, want %d", closed, wire.CloseFor(code))
	}
	return b
}

const readTimeout = 15 * time.Second

const (
	home   = "192.0.2.1"
	phone  = "4JzcqN3vV0mB6o1pTtXy2w" // a session
	laptop = "Zk3xN3vV0mB6o1pTtXy2wQ" // another
)

// hello returns a client that says hello with a token, in a session if that is not empty, and joins the lobby.
func (h *house) hello(t *testing.T, token, session string) *guest {
	t.Helper()
	g := h.dial(t, home)
	hello := wire.Hello{Token: &token, Rooms: []wire.Join{{Room: "lobby"}}}
	if session != "" {
		hello.SignInID = &session
	}
	g.send(hello)
	return g
}

// in is hello of somebody who is let in; it forgets the answers.
func (h *house) in(t *testing.T, token, session string) *guest {
	t.Helper()
	g := h.hello(t, token, session)
	frames := g.take()
	if len(frames) > 0 {
		if _, ok := frames[0].(wire.Welcome); ok {
			return g
		}
	}
	t.Fatalf("hello is answered %+v", frames)
	panic("unreachable")
}
