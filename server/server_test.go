package server_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"mayfly/server"
	"mayfly/server/servertest"
	"mayfly/server/stream/streamtest"
	"mayfly/shared/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testTimeout = servertest.Timeout
	pulse       = 250 * time.Millisecond // how late the server may look at a connection, on virtual time
	testGuest   = "9fWcq0aYVQ3dIoYb7yZlQw"
)

// node is a server on a real socket, or on a network in memory.
type node struct {
	*servertest.Server
	url     string
	server  *server.Server
	stream  *streamtest.Memory
	metrics *prometheus.Registry
	ready   error        // the error of the stream's readiness check
	http    *http.Client // the HTTP client of its clients; nil: the default one
	tls     *tls.Config  // how its clients encrypt; nil: they do not
}

func start(t *testing.T, conns int) *node {
	t.Helper()
	return startWith(t, func(c *server.Config) { c.Conns = conns })
}

// startWith starts a node. The function change may change its configuration before that.
func startWith(t *testing.T, change func(*server.Config)) *node {
	t.Helper()
	n := &node{}
	return n.is(servertest.Start(t, n.options(change)))
}

// onVirtualTime runs test under synctest, with a node on a network in memory. Its clients come from 127.0.0.1.
func onVirtualTime(t *testing.T, test func(t *testing.T, n *node)) {
	t.Helper()
	onVirtualTimeWith(t, func(*server.Config) {}, test)
}

// onVirtualTimeWith does what onVirtualTime does, with a configuration that the function change has changed.
func onVirtualTimeWith(t *testing.T, change func(*server.Config), test func(t *testing.T, n *node)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := &node{}
		n.is(servertest.StartInMemory(t, n.options(change)))
		defer n.Stop()
		n.http = &http.Client{Transport: &http.Transport{DialContext: n.Dialer("127.0.0.1")}}
		test(t, n)
	})
}

// options returns the options of the node n, with a configuration that the function change has changed.
func (n *node) options(change func(*server.Config)) servertest.Options {
	return servertest.Options{Secrets: []string{"note ", testGuest}, Server: func(c *server.Config) {
		c.Pages = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a page") })
		c.Ready = func(context.Context) error { return n.ready }
		change(c)
	}}
}

// is sets the fields of n to those of s.
func (n *node) is(s *servertest.Server) *node {
	n.Server, n.url, n.server, n.stream, n.metrics = s, s.URL, s.Server, s.Memory, s.Metrics
	return n
}

// client is a simple WebSocket client that need not follow the protocol.
type client struct {
	t      *testing.T
	ws     *websocket.Conn
	frames []wire.Frame
}

func (n *node) dial(t *testing.T) *client {
	t.Helper()
	ws, _, err := n.tryDial(t)
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(wire.MaxServerMessage)
	t.Cleanup(func() { ws.CloseNow() })
	return &client{t: t, ws: ws}
}

// hello returns a client that was welcomed and has joined rooms.
func (n *node) hello(t *testing.T, guest string, rooms ...string) *client {
	t.Helper()
	c := n.dial(t)
	hello := wire.Hello{Client: "test/1"}
	if guest != "" {
		hello.Guest = &guest
	}
	for _, room := range rooms {
		hello.Rooms = append(hello.Rooms, wire.Join{Room: room})
	}
	c.send(hello)
	expect[wire.Welcome](c)
	for range rooms {
		expect[wire.Joined](c)
	}
	return c
}

func (c *client) send(frames ...wire.Frame) {
	c.t.Helper()
	var encoded [][]byte
	for _, f := range frames {
		encoded = append(encoded, wire.Encode(f))
	}
	c.write(string(wire.Batch(encoded...)))
}

func (c *client) write(message string) {
	c.t.Helper()
	if err := c.ws.Write(c.t.Context(), websocket.MessageText, []byte(message)); err != nil {
		c.t.Fatal(err)
	}
}

// read returns the next frame, or the error that ended the connection.
func (c *client) read() (wire.Frame, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), testTimeout)
	defer cancel()
	for len(c.frames) == 0 {
		_, message, err := c.ws.Read(ctx)
		if err != nil {
			return nil, err
		}
		for b := range wire.Split(message) {
			f, err := wire.Decode(b)
			if err != nil {
				c.t.Fatalf("the server sent %q: %v", b, err)
			}
			c.frames = append(c.frames, f)
		}
	}
	f := c.frames[0]
	c.frames = c.frames[1:]
	return f, nil
}

// expect reads the next frame, which must have the type F.
func expect[F wire.Frame](c *client) F {
	c.t.Helper()
	f, err := c.read()
	if got, ok := f.(F); ok {
		return got
	}
	c.t.Fatalf("read %#v, %v, want a %T", f, err, *new(F))
	panic("unreachable")
}

// expectEnd reads a bye with code, then the close code that mirrors it.
func (c *client) expectEnd(code wire.Code) wire.Bye {
	c.t.Helper()
	b := expect[wire.Bye](c)
	if b.Code != code || b.Message == "" {
		c.t.Errorf("bye = %+v, want code %q and a sentence", b, code)
	}
	_, err := c.read()
	if got := websocket.CloseStatus(err); int(got) != wire.CloseFor(code) {
		c.t.Errorf("closed with %d (%v), want %d", got, err, wire.CloseFor(code))
	}
	return b
}

func post(n int, room string) wire.Post {
	return wire.Post{ID: fmt.Sprintf("0190a8f0-0000-7000-8000-%012d", n), Room: room, Text: fmt.Sprintf("note %d", n)}
}

func TestTwoClientsChat(t *testing.T) {
	n := start(t, 10)
	ann, ben := n.hello(t, testGuest, "lobby"), n.hello(t, "", "lobby")
	ann.send(post(1, "lobby"))
	accepted, own := expect[wire.Accepted](ann), expect[wire.Posted](ann)
	got := expect[wire.Posted](ben)
	if !reflect.DeepEqual(got, own) || got.Text != "note 1" || accepted.Seq != got.Seq || !got.User.Anonymous {
		t.Errorf("posted %+v to the other, %+v and %+v to the author", got, own, accepted)
	}
}

func TestWelcome(t *testing.T) {
	n := start(t, 10)
	c, began := n.dial(t), time.Now()
	c.send(wire.Hello{Guest: new(testGuest), Rooms: []wire.Join{{Room: "lobby"}, {Room: "No!"}, {Room: "tea"}}}, post(1, "tea"))
	w := expect[wire.Welcome](c)
	if w.Conn == "" || w.User.ID == "" || !strings.HasPrefix(w.User.Name, "Anonymous ") || !w.MayPost || w.BeatMS != 25_000 ||
		w.Limits != (wire.Limits{Text: 4000, Message: 65536, Rooms: 32, Posts: 20, Acts: 60, PerMS: 10_000}) ||
		!slices.Equal(w.Reactions, []string{"👍", "❤️", "😂", "🎉", "😮", "🙏"}) ||
		w.TTL != (wire.TTL{Min: 1000, Default: 300_000, Max: 86_400_000}) {
		t.Errorf("welcome = %+v", w)
	}
	if now := time.Now(); w.Now < began.UnixMilli() || w.Now > now.UnixMilli() {
		t.Errorf("now is %d, want something from %d to %d", w.Now, began.UnixMilli(), now.UnixMilli())
	}
	if j := expect[wire.Joined](c); j.Room != "lobby" {
		t.Errorf("joined %q first, want lobby", j.Room)
	}
	if r := expect[wire.Refused](c); r.Re != "hello" || r.Code != wire.CodeRoom || r.Room != "No!" {
		t.Errorf("refused = %+v, want hello, room", r)
	}
	if j := expect[wire.Joined](c); j.Room != "tea" {
		t.Errorf("joined %q second, want tea", j.Room)
	}
	expect[wire.Accepted](c) // the post was sent right after hello, and is handled after welcome
	expect[wire.Posted](c)
}

func TestGuestSecretIsAPerson(t *testing.T) {
	n := start(t, 10)
	who := func(guest string) wire.User {
		c := n.dial(t)
		hello := wire.Hello{}
		if guest != "" {
			hello.Guest = &guest
		}
		c.send(hello)
		return expect[wire.Welcome](c).User
	}
	one, again, other := who(testGuest), who(testGuest), who(strings.Repeat("a", 22))
	new1, new2 := who(""), who("")
	if one != again || one.ID == other.ID || new1.ID == new2.ID {
		t.Errorf("one %+v, again %+v, other %+v, without a secret %+v and %+v", one, again, other, new1, new2)
	}
	if strings.Contains(one.ID, testGuest) {
		t.Errorf("id %q shows the secret", one.ID)
	}
}

func TestWhatEndsASession(t *testing.T) {
	hello := `{"type":"hello"}`
	for _, tt := range []struct {
		name     string
		messages []string
		code     wire.Code
		refused  int // how many frames are refused before
	}{
		{"not JSON", []string{"hello"}, wire.CodeProtocol, 0},
		{"nothing", []string{"\n"}, wire.CodeProtocol, 0},
		{"another frame first", []string{`{"type":"leave","room":"lobby"}`}, wire.CodeProtocol, 0},
		{"an unknown frame first", []string{`{"type":"dance"}`}, wire.CodeProtocol, 0},
		{"bad guest", []string{`{"type":"hello","guest":"short"}`}, wire.CodeProtocol, 0},
		{"empty guest", []string{`{"type":"hello","guest":""}`}, wire.CodeProtocol, 0},
		{"bad session", []string{`{"type":"hello","session":"short"}`}, wire.CodeProtocol, 0},
		{"half a cursor", []string{`{"type":"hello","rooms":[{"room":"lobby","seq":1}]}`}, wire.CodeProtocol, 0},
		{"a token without sign-in", []string{`{"type":"hello","token":"eyJ"}`}, wire.CodeAuth, 0},
		{"an empty token without sign-in", []string{`{"type":"hello","token":""}`}, wire.CodeAuth, 0},
		{"second hello", []string{hello, hello}, wire.CodeProtocol, 0},
		{"second hello, broken", []string{hello, `{"type":"hello","rooms":5}`}, wire.CodeProtocol, 0},
		{"second hello in a batch", []string{hello + "\n" + hello}, wire.CodeProtocol, 0},
		{"three bad frames", []string{hello, `{`, `{"type":"post","text":1}` + "\n" + `[]`}, wire.CodeProtocol, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := start(t, 10)
			c := n.dial(t)
			for _, m := range tt.messages {
				c.write(m)
			}
			if strings.HasPrefix(tt.messages[0], hello) {
				expect[wire.Welcome](c)
			}
			for range tt.refused {
				if r := expect[wire.Refused](c); r.Code != wire.CodeFrame {
					t.Errorf("refused = %+v, want frame", r)
				}
			}
			b := c.expectEnd(tt.code)
			if tt.code == wire.CodeAuth && (b.Reason != wire.ReasonTokenIssuer || b.Next != wire.NextLogin) {
				t.Errorf("bye = %+v, want token_issuer, login", b)
			}
		})
	}
}

func TestBinaryMessageEndsASession(t *testing.T) {
	n := start(t, 10)
	c := n.hello(t, "")
	if err := c.ws.Write(t.Context(), websocket.MessageBinary, []byte(`{"type":"leave","room":"lobby"}`)); err != nil {
		t.Fatal(err)
	}
	c.expectEnd(wire.CodeProtocol)
}

func TestOversizedMessageEndsASession(t *testing.T) {
	n := start(t, 10)
	c := n.hello(t, "", "lobby")
	largest := `{"type":"leave","room":"lobby","pad":"` // a message of exactly the limit is accepted
	c.write(largest + strings.Repeat("x", wire.MaxMessage-len(largest)-2) + `"}`)
	c.send(wire.Join{Room: "lobby"})
	expect[wire.Joined](c)
	c.write(strings.Repeat(" ", wire.MaxMessage+1))
	if _, err := c.read(); websocket.CloseStatus(err) != wire.CloseTooBig {
		t.Errorf("closed with %v, want 1009", err)
	}
}

func TestUnknownFramesAndMembersAreIgnored(t *testing.T) {
	n := start(t, 10)
	c := n.hello(t, "")
	c.write(`{"type":"wink","room":"lobby"}` + "\n" + `{"type":"join","room":"lobby","colour":{"deep":[1,2]}}`)
	expect[wire.Joined](c)
}

func TestSilenceBeforeHelloTimesOut(t *testing.T) {
	onVirtualTime(t, func(t *testing.T, n *node) {
		c, began := n.dial(t), time.Now()
		c.expectEnd(wire.CodeTimeout)
		if silence := time.Since(began); silence < wire.HelloTimeout || silence > wire.HelloTimeout+pulse {
			t.Errorf("it ended after %s, want %s", silence, wire.HelloTimeout)
		}
	})
}

func TestUpgradeChecks(t *testing.T) {
	n := start(t, 100)
	port := n.url[strings.LastIndex(n.url, ":")+1:]
	for _, tt := range []struct {
		name, origin, host, protocol string
		status                       int
	}{
		{"public origin", "https://chat.example.com", "", "mayfly.v1", 101},
		{"extra origin", "http://lan.example:8080", "", "mayfly.v1", 101},
		{"localhost", "http://localhost:" + port, "", "mayfly.v1", 101},
		{"IPv6 loopback", "http://[::1]:" + port, "", "mayfly.v1", 101},
		{"no origin", "", "", "mayfly.v1", 101},
		{"several subprotocols", "", "", "other, mayfly.v1", 101},
		{"other scheme", "http://chat.example.com", "", "mayfly.v1", 403},
		{"other port", "https://chat.example.com:8443", "", "mayfly.v1", 403},
		{"suffix", "https://chat.example.com.evil.example", "", "mayfly.v1", 403},
		{"prefix", "https://evil-chat.example.com", "", "mayfly.v1", 403},
		{"null", "null", "", "mayfly.v1", 403},
		{"http for https, localhost", "https://localhost:" + port, "", "mayfly.v1", 403},
		{"two, one of them allowed", "https://chat.example.com, https://evil.example", "", "mayfly.v1", 403},
		{"path", "https://chat.example.com/", "", "mayfly.v1", 403},
		{"host and origin agree on evil", "https://evil.example", "evil.example", "mayfly.v1", 403},
		{"origin before subprotocol", "https://evil.example", "", "", 403},
		{"no subprotocol", "", "", "", 400},
		{"other subprotocol", "", "", "mayfly.v2", 400},
		{"subprotocol in another case", "", "", "Mayfly.v1", 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), "GET", n.url+"/ws", nil)
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
				"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": tt.origin, "Sec-WebSocket-Protocol": tt.protocol} {
				if v != "" {
					req.Header.Set(k, v)
				}
			}
			req.Host = tt.host
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != tt.status {
				t.Errorf("status %d, want %d", resp.StatusCode, tt.status)
			}
			if tt.status == 400 {
				if b, _ := io.ReadAll(resp.Body); !strings.Contains(string(b), "mayfly.v1") {
					t.Errorf("the answer %q does not name mayfly.v1", b)
				}
			}
		})
	}
}

func (n *node) tryDial(t *testing.T) (*websocket.Conn, *http.Response, error) {
	options := &websocket.DialOptions{Subprotocols: []string{wire.Subprotocol}, HTTPClient: n.http}
	return websocket.Dial(t.Context(), n.url+"/ws", options)
}

func TestTooManyConnectionsAreTurnedAway(t *testing.T) {
	n := start(t, 2)
	one := n.hello(t, "")
	n.hello(t, "")
	_, resp, err := n.tryDial(t)
	if err == nil || resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Fatalf("third connection: %v, %v, want 503 with Retry-After", resp, err)
	}
	one.ws.Close(websocket.StatusNormalClosure, "")
	for deadline := time.Now().Add(testTimeout); ; { // until its slot is free
		ws, _, err := n.tryDial(t)
		if err == nil {
			ws.CloseNow()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func TestCloseSaysRestartToEveryone(t *testing.T) {
	n := start(t, 10)
	one, two := n.hello(t, "", "lobby"), n.hello(t, "")
	one.send(post(1, "lobby"))
	closed := make(chan error, 1)
	go func() { closed <- n.server.Close(context.Background()) }()
	var retries []int64
	for {
		f, err := one.read()
		if err != nil {
			t.Fatal(err)
		}
		if b, ok := f.(wire.Bye); ok {
			retries = append(retries, b.RetryMS)
			break
		}
	}
	if _, err := one.read(); websocket.CloseStatus(err) != wire.CloseRestart {
		t.Errorf("closed with %v, want 1012", err)
	}
	retries = append(retries, two.expectEnd(wire.CodeRestart).RetryMS)
	for _, r := range retries {
		if r < 500 || r > 1500 {
			t.Errorf("retry_ms = %d, want 500 to 1500", r)
		}
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	_, resp, err := n.tryDial(t)
	if err == nil || resp == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a connection while closing: %v, %v, want 503", resp, err)
	}
	if got := get(t, n.url+"/readyz"); got.StatusCode != 503 {
		t.Errorf("/readyz while closing = %d, want 503", got.StatusCode)
	}
}

func get(t *testing.T, url string) *http.Response {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func TestBesideTheSocket(t *testing.T) {
	n := start(t, 1)
	for _, tt := range []struct {
		path, host string
		ready      error
		status     int
		body       string
	}{
		{"/healthz", "", nil, 200, "ok"},
		{"/healthz", "10.0.0.7", nil, 200, "ok"},
		{"/readyz", "", nil, 200, "ok"},
		{"/readyz", "", errors.New("the stream does not answer"), 503, "the stream does not answer"},
		{"/", "", nil, 200, "a page"},
		{"/", "CHAT.example.com", nil, 200, "a page"},
		{"/", "evil.example", nil, 421, "-public-url https://evil.example"},
		{"/r/x", "10.0.0.7:8080", nil, 421, "-public-url http://10.0.0.7:8080"},
		{"/", "<script>", nil, 421, "&lt;script&gt;"},
		{"/", "chat.example.com:443", nil, 200, "a page"},
	} {
		t.Run(tt.path+" "+tt.host, func(t *testing.T) {
			n.ready = tt.ready
			req := httptest.NewRequest("GET", tt.path, nil)
			req.Host = tt.host
			if tt.host == "" {
				req.Host = strings.TrimPrefix(n.url, "http://")
			}
			w := httptest.NewRecorder()
			n.server.Handler().ServeHTTP(w, req)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) {
				t.Errorf("%d %s, want %d with %q", w.Code, w.Body, tt.status, tt.body)
			}
		})
	}
}

func TestConfigJSON(t *testing.T) {
	n := start(t, 1)
	resp := get(t, n.url+"/config.json")
	var got map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"version": "test", "protocol": wire.Subprotocol, "issuer": "", "client_id": "", "scopes": []any{}, "audience": "", "anonymous": "allow",
		"ttl": map[string]any{"min_ms": 1000., "default_ms": 300_000., "max_ms": 86_400_000.}}
	if fmt.Sprint(got) != fmt.Sprint(want) || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("config = %v (Cache-Control %q), want %v", got, resp.Header.Get("Cache-Control"), want)
	}
}

// TestRoomsOfAHello: they do not count towards the rate of joins, and there are wire.MaxRooms at most, also of one room.
func TestRoomsOfAHello(t *testing.T) {
	for name, room := range map[string]func(i int) string{
		"different rooms": func(i int) string { return fmt.Sprintf("room-%d", i) },
		"one room":        func(int) string { return "lobby" },
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t, 1)
			c := n.dial(t)
			hello := wire.Hello{Client: "test/1"}
			for i := range wire.MaxRooms + 2 {
				hello.Rooms = append(hello.Rooms, wire.Join{Room: room(i)})
			}
			c.send(hello)
			expect[wire.Welcome](c)
			for range wire.MaxRooms {
				expect[wire.Joined](c)
			}
			for range 2 {
				if got := expect[wire.Refused](c); got.Code != wire.CodeRoom || got.Re != wire.Kind(hello) {
					t.Errorf("one room too many: %+v, want room of hello", got)
				}
			}
			for range 64 {
				c.send(wire.Join{Room: room(0)})
				expect[wire.Joined](c)
			}
			c.send(wire.Join{Room: room(0)})
			if got := expect[wire.Refused](c); got.Code != wire.CodeRate {
				t.Errorf("the 65th join after a hello: %+v, want rate", got)
			}
		})
	}
}

func TestJoiningManyFullRoomsIsNotSlow(t *testing.T) {
	onVirtualTime(t, func(t *testing.T, n *node) {
		var rooms []string
		for i := range wire.MaxRooms {
			room := fmt.Sprintf("room-%d", i)
			rooms = append(rooms, room)
			for k := range 60 { // 60 × 4,000 characters: close to what one joined may hold
				n.stream.AppendMessage(room, wire.Message{ID: fmt.Sprint(k), Text: strings.Repeat("x", wire.MaxText),
					At: time.Now().UnixMilli(), Expires: time.Now().Add(time.Hour).UnixMilli()})
			}
		}
		n.hello(t, "", rooms...)
	})
}

func TestTextsAtTheBound(t *testing.T) {
	for name, char := range map[string]string{"<": "<", "CJK": "蜉", "emoji": "🪰", "emoji, escaped": `\ud83e\udeb0`} {
		t.Run(name, func(t *testing.T) {
			n := start(t, 10)
			c := n.hello(t, "", "lobby")
			for i, length := range []int{wire.MaxText, wire.MaxText + 1} {
				p := post(i, "lobby")
				p.Text = "TEXT"
				c.write(strings.Replace(string(wire.Encode(p)), "TEXT", strings.Repeat(char, length), 1))
				if length == wire.MaxText {
					expect[wire.Accepted](c)
					if got := expect[wire.Posted](c); utf8.RuneCountInString(got.Text) != length {
						t.Errorf("posted %d characters, want %d", utf8.RuneCountInString(got.Text), length)
					}
					continue
				}
				if r := expect[wire.Refused](c); r.Code != wire.CodeText || r.ID != p.ID {
					t.Errorf("refused = %+v, want text", r)
				}
			}
		})
	}
}

// TestOneRefusalDoesNotHoldUpTheNext sends good and bad frames in one message. Every frame must get its answer, in their
// order.
func TestOneRefusalDoesNotHoldUpTheNext(t *testing.T) {
	n := start(t, 10)
	c := n.hello(t, "", "lobby")
	long := post(2, "lobby")
	long.TTL = 300_001
	c.send(post(0, "lobby"), post(1, "nowhere"), long, wire.Leave{Room: "nowhere"}, wire.Post{ID: "x", Room: "lobby", Text: "y"}, post(0, "lobby"), post(3, "lobby"))
	var got []string
	for len(got) < 9 {
		f, err := c.read()
		if err != nil {
			t.Fatal(err)
		}
		switch f := f.(type) {
		case wire.Accepted:
			got = append(got, fmt.Sprintf("accepted %c %v", f.ID[len(f.ID)-1], f.Repeat))
		case wire.Refused:
			got = append(got, fmt.Sprintf("refused %s %s", f.Re, f.Code))
		case wire.Posted:
			got = append(got, fmt.Sprintf("posted %c", f.ID[len(f.ID)-1]))
		}
	}
	want := "accepted 0 false, posted 0, refused post room, refused post ttl, refused leave room, refused post id, accepted 0 true, accepted 3 false, posted 3"
	if strings.Join(got, ", ") != want {
		t.Errorf("answers: %s, want %s", strings.Join(got, ", "), want)
	}
}

func TestCloseWaitsForTheAnswersToPosts(t *testing.T) {
	onVirtualTime(t, func(t *testing.T, n *node) { // because the wait ends after a time
		c := n.hello(t, "", "lobby")
		release := n.stream.Hold()
		c.send(post(1, "lobby"))
		c.send(wire.Join{Room: "lobby"}) // its answer shows that the post was handled
		expect[wire.Joined](c)
		closed := make(chan error, 1)
		go func() { closed <- n.server.Close(context.Background()) }()
		synctest.Wait()          // closing has begun
		c.send(post(2, "lobby")) // this post is too late; the client sends it to the next server
		release()
		expect[wire.Accepted](c)
		expect[wire.Posted](c)
		c.expectEnd(wire.CodeRestart)
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}
