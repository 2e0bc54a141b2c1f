package server_test

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server"
	"mayfly/server/authtest"
	"mayfly/server/servertest"
	"mayfly/server/stream/streamtest"
	"mayfly/shared/wire"
)

// house is a server on virtual time at which users sign in.
type house struct {
	*servertest.Server
	issuer  *authtest.Verifier
	ledger  *streamtest.Facts
	stream  *streamtest.Memory
	metrics *prometheus.Registry
	logs    *servertest.Log
	wall    *atomic.Int64 // by how much the wall clock is set forward
	stop    func()
}

// bubble runs test under synctest, with a house. The function change, if not nil, changes its configuration before that.
func bubble(t *testing.T, change func(*server.Config), test func(t *testing.T, h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, authtest.NewVerifier(), &streamtest.Facts{}, streamtest.NewMemory(), change)
		defer h.stop()
		synctest.Wait()
		test(t, h)
	})
}

// open starts a house. A second house with the same issuer, ledger and stream is the id of another sign-in node.
func open(t *testing.T, i *authtest.Verifier, ledger *streamtest.Facts, messages *streamtest.Memory,
	change func(*server.Config)) *house {
	t.Helper()
	s := servertest.StartInMemory(t, servertest.Options{Stream: messages, Secrets: []string{secret}, Server: func(c *server.Config) {
		c.SignIn = server.SignIn{Verifier: i, Ledger: ledger, Issuer: "https://id.example", ClientID: "app",
			Audience: "api://default", Scopes: []string{"openid"}}
		if change != nil {
			change(c)
		}
	}})
	return &house{Server: s, issuer: i, ledger: ledger, stream: messages, metrics: s.Metrics, logs: s.Log,
		wall: &s.Wall, stop: s.Stop}
}

// guest is a client that reads all the time, as a browser does.
type guest struct {
	t    *testing.T
	ws   *websocket.Conn
	done chan struct{}

	mu     sync.Mutex
	frames []wire.Frame
	err    error         // how the connection ended
	held   chan struct{} // not nil: the client reads no further until this is closed
}

// dial returns a guest that connects from the address addr.
func (h *house) dial(t *testing.T, addr string) *guest {
	t.Helper()
	transport := &http.Transport{DialContext: h.Dialer(addr)}
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

// hold makes g read only one more message, until release is called.
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

// sendText writes a message that need not be a frame.
func (g *guest) sendText(message string) {
	g.t.Helper()
	if err := g.ws.Write(context.Background(), websocket.MessageText, []byte(message)); err != nil {
		g.t.Fatal(err)
	}
}

// take returns the frames that came since the last take, without beats and presence.
func (g *guest) take() []wire.Frame {
	return slices.DeleteFunc(g.takeAll(), func(f wire.Frame) bool { _, ok := f.(wire.Presence); return ok })
}

// takeAll returns what came since the last take, but for beats.
func (g *guest) takeAll() []wire.Frame {
	synctest.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	frames := g.frames
	g.frames = nil
	return frames
}

// got returns the frames that came, which must be one frame of type F.
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

// wantBye fails unless a bye, and then the close code that mirrors it, is all that comes.
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

const readTimeout = servertest.ReadTimeout

const (
	secret = authtest.Secret

	home   = "192.0.2.1"
	phone  = "4JzcqN3vV0mB6o1pTtXy2w" // the id of a sign-in
	laptop = "Zk3xN3vV0mB6o1pTtXy2wQ" // the id of another sign-in
)

// hello returns a client that sends a hello with token and joins the lobby. If session is not empty, it is the id of the
// sign-in.
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

// in sends hello, which the server accepts, and drops the answers.
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
