package client_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mayfly/app/client"
	"mayfly/app/client/transport"
	"mayfly/shared/wire"
)

// TestMain runs the tests on one thread, as a browser runs the client. With two threads the race detector crashes if two
// goroutines of one bubble at the same time start timers that are due already (Go 1.26.8, runtime/time.go, unlockAndRun).
func TestMain(m *testing.M) {
	runtime.GOMAXPROCS(1)
	goleak.VerifyTestMain(m)
}

// guest is the secret of the client under test, me is the user of that client, and ann is another user.
const guest = "0123456789abcdefghijkl"

var (
	me  = wire.User{ID: "u-me", Name: "Anonymous Heron", Anonymous: true}
	ann = wire.User{ID: "u-ann", Name: "Ann"}
)

// script is a server that does what the test tells it to. Clients connect to it by pipes in memory.
type script struct {
	t     *testing.T
	conns chan *pipe // each connection that the client opened

	mu     sync.Mutex
	down   bool
	dialAt []time.Time
}

func newScript(t *testing.T) *script { return &script{t: t, conns: make(chan *pipe, 10_000)} }

func (s *script) dial(ctx context.Context) (transport.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dialAt = append(s.dialAt, time.Now())
	if s.down {
		return nil, errors.New("connection refused")
	}
	p := &pipe{t: s.t, toClient: make(chan []byte, 1000), toServer: make(chan []byte, 1000), closed: make(chan struct{})}
	s.conns <- p
	return p, nil
}

// setDown(true) makes further attempts to connect fail. setDown(false) ends that.
func (s *script) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// attempts returns the times at which the client has begun attempts to connect.
func (s *script) attempts() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Time(nil), s.dialAt...)
}

// next returns the next connection that the client opens. It gives up after a minute.
func (s *script) next() *pipe {
	s.t.Helper()
	select {
	case p := <-s.conns:
		return p
	case <-time.After(time.Minute):
		s.t.Fatal("the client did not connect within a minute")
		return nil
	}
}

// wantNoDial fails if the client begins an attempt to connect within d.
func (s *script) wantNoDial(d time.Duration) {
	s.t.Helper()
	time.Sleep(d)
	synctest.Wait()
	if len(s.conns) > 0 {
		s.t.Fatalf("the client connected again within %v", d)
	}
}

// pipe is one connection: the client's end of it, and the test's.
type pipe struct {
	t        *testing.T
	toClient chan []byte
	toServer chan []byte

	once   sync.Once
	closed chan struct{}
	code   int               // the code with which the client closed the connection
	end    *wire.ClosedError // the error with which the test closed the connection
}

func (p *pipe) Read(ctx context.Context) ([]byte, error) {
	select { // the messages that came before the close come first
	case m := <-p.toClient:
		return m, nil
	default:
	}
	select {
	case m := <-p.toClient:
		return m, nil
	case <-p.closed:
		if p.end != nil {
			return nil, p.end
		}
		return nil, &wire.ClosedError{Code: p.code}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipe) Write(message []byte) error {
	select {
	case <-p.closed:
		return errors.New("write on a closed connection")
	default:
		p.toServer <- message
		return nil
	}
}

func (p *pipe) Close(code int, _ string) {
	p.once.Do(func() {
		p.code = code
		close(p.closed)
	})
}

// cut ends the connection as the network or the server does.
func (p *pipe) cut(code int) {
	p.once.Do(func() {
		p.end = &wire.ClosedError{Code: code}
		close(p.closed)
	})
}

// say sends frames to the client in one message.
func (p *pipe) say(frames ...wire.Frame) {
	var lines [][]byte
	for _, f := range frames {
		lines = append(lines, wire.Encode(f))
	}
	p.toClient <- wire.Batch(lines...)
}

// hear returns the next frame that the client sends, within a minute.
func hear[F wire.Frame](p *pipe) F {
	p.t.Helper()
	select {
	case m := <-p.toServer:
		f, err := wire.Decode(m)
		if err != nil {
			p.t.Fatalf("the client sent %q: %v", m, err)
		}
		got, ok := f.(F)
		if !ok {
			p.t.Fatalf("the client sent %s, want %T", m, got)
		}
		return got
	case <-time.After(time.Minute):
		p.t.Fatalf("the client sent nothing within a minute, want %T", *new(F))
	}
	panic("unreachable")
}

// wantSilence fails if the client has sent anything.
func (p *pipe) wantSilence() {
	p.t.Helper()
	synctest.Wait()
	select {
	case m := <-p.toServer:
		p.t.Fatalf("the client sent %s, want nothing", m)
	default:
	}
}

// wantClosed fails if the client did not close the connection with code.
func (p *pipe) wantClosed(code int) {
	p.t.Helper()
	synctest.Wait()
	select {
	case <-p.closed:
		if p.code != code {
			p.t.Fatalf("the client closed with %d, want %d", p.code, code)
		}
	default:
		p.t.Fatal("the client did not close the connection")
	}
}

// isOpen reports whether neither side has closed.
func (p *pipe) isOpen() bool {
	synctest.Wait()
	select {
	case <-p.closed:
		return false
	default:
		return true
	}
}

func welcome() wire.Welcome {
	return wire.Welcome{
		Conn: "c", User: me, MayPost: true, Now: time.Now().UnixMilli(), BeatMS: wire.BeatEvery.Milliseconds(),
		TTL:    wire.TTL{Min: 1000, Default: 300_000, Max: 86_400_000},
		Limits: wire.Limits{Text: wire.MaxText, Message: wire.MaxMessage, Rooms: wire.MaxRooms, Posts: 20, PerMS: 10_000},
	}
}

// message returns a message that was stored now and lives for ttl.
func message(seq int64, u wire.User, id, text string, ttl time.Duration) wire.Message {
	now := time.Now()
	return wire.Message{Seq: seq, ID: id, User: u, Text: text, At: now.UnixMilli(), Expires: now.Add(ttl).UnixMilli()}
}

func posted(seq int64, u wire.User, text string, ttl time.Duration) wire.Posted {
	return wire.Posted{Room: "lobby", Message: message(seq, u, "id-"+text, text, ttl)}
}

func joined(head int64, messages ...wire.Message) wire.Joined {
	return wire.Joined{Room: "lobby", Epoch: "e1", Head: head, TTL: 60_000, People: 1, Messages: messages}
}

// accept returns the server's answer to p.
func accept(p wire.Post, seq int64, ttl time.Duration) wire.Accepted {
	now := time.Now()
	return wire.Accepted{ID: p.ID, Room: p.Room, Seq: seq, At: now.UnixMilli(), Expires: now.Add(ttl).UnixMilli()}
}

// tester is a client that runs, with the views that it publishes.
type tester struct {
	*client.Client
	t *testing.T

	mu    sync.Mutex
	view  client.View
	views int
}

// Send sends a text with nothing beside it.
func (c *tester) Send(text string) client.Problem { return c.Client.Send(client.Composed{Text: text}) }

// start runs a client in lobby until the test ends.
func start(t *testing.T, s *script) *tester {
	return startClient(t, client.New(client.Config{Dial: s.dial, Guest: guest, Client: "test/1", Room: "lobby"}))
}

func startClient(t *testing.T, s *client.Client) *tester {
	c := &tester{Client: s, t: t}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	stop := c.Subscribe(func(v client.View) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.view, c.views = v, c.views+1
	})
	t.Cleanup(func() {
		stop()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return c
}

// online answers the first connection of the script's client: the client joins the lobby, which contains messages. It
// returns the connection.
func (s *script) online(messages ...wire.Message) *pipe {
	s.t.Helper()
	p := s.next()
	hear[wire.Hello](p)
	head := int64(0)
	if n := len(messages); n > 0 {
		head = messages[n-1].Seq
	}
	p.say(welcome(), joined(head, messages...))
	synctest.Wait()
	return p
}

// now waits until every goroutine is blocked, and returns the newest view.
func (c *tester) now() client.View {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.view
}

// wantTexts fails if the view does not show exactly these texts, in this order.
func (c *tester) wantTexts(texts ...string) {
	c.t.Helper()
	wantTexts(c.t, c.now(), texts...)
}

// wantDrafts fails if the view does not give back exactly these texts. Each is the text of a message that could not be
// sent in time.
func (c *tester) wantDrafts(texts ...string) {
	c.t.Helper()
	drafts := c.now().Drafts
	ok := len(drafts) == len(texts)
	for i := 0; ok && i < len(texts); i++ {
		ok = drafts[i].Text == texts[i] && drafts[i].Lapsed
	}
	if !ok {
		c.t.Fatalf("given back is %+v, want %q", drafts, texts)
	}
}

func wantTexts(t *testing.T, v client.View, texts ...string) {
	t.Helper()
	got := []string{}
	for _, m := range v.Messages {
		got = append(got, m.Text)
	}
	if len(got) != len(texts) {
		t.Fatalf("the view shows %q, want %q", got, texts)
	}
	for i := range got {
		if got[i] != texts[i] {
			t.Fatalf("the view shows %q, want %q", got, texts)
		}
	}
}

func (c *tester) wantStatus(want client.Status) client.View {
	c.t.Helper()
	v := c.now()
	if v.Status != want {
		c.t.Fatalf("status = %d, want %d (%+v)", v.Status, want, v)
	}
	return v
}
