package server_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"mayfly/server"
	"mayfly/server/admission"
	"mayfly/shared/wire"
)

// loopback returns the loopback network as a trusted proxy, so that a test's clients can claim any address.
func loopback(t *testing.T) admission.Proxies {
	t.Helper()
	p, err := admission.ParseProxies("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// dialFrom opens a WebSocket that comes from address, and returns it with the answer, whose status is 101 if it is open.
func (n *node) dialFrom(t *testing.T, address, origin, protocol string) (*websocket.Conn, *http.Response) {
	t.Helper()
	header := http.Header{"X-Forwarded-For": {address}}
	if origin != "" {
		header.Set("Origin", origin)
	}
	options := &websocket.DialOptions{HTTPHeader: header, Subprotocols: []string{protocol}, HTTPClient: n.http}
	ws, resp, err := websocket.Dial(t.Context(), n.url+"/ws", options)
	if resp == nil {
		t.Fatal(err)
	}
	if ws != nil {
		ws.SetReadLimit(wire.MaxServerMessage)
		t.Cleanup(func() { ws.CloseNow() })
	}
	return ws, resp
}

func TestOneAddressHasSoManyConnections(t *testing.T) {
	change := func(c *server.Config) { c.Conns, c.Each, c.Proxies = 4, 2, loopback(t) }
	onVirtualTimeWith(t, change, func(t *testing.T, n *node) { // because none of them sends hello
		for _, tt := range []struct {
			name, from, origin, protocol string
			status                       int
		}{
			{"first", "192.0.2.1", "", wire.Subprotocol, 101},
			{"second", "1.1.1.1, 192.0.2.1", "", wire.Subprotocol, 101},
			{"third", "192.0.2.1", "", wire.Subprotocol, 429},
			{"third, spoofed", "192.0.2.2, 192.0.2.1", "", wire.Subprotocol, 429},
			{"third, without our subprotocol", "192.0.2.1", "", "other", 429},
			{"third, from a foreign page", "192.0.2.1", "https://evil.example", wire.Subprotocol, 403},
			{"without our subprotocol", "2001:db8::1", "", "other", 400},
			{"elsewhere", "2001:db8::1", "", wire.Subprotocol, 101},
			{"elsewhere, its neighbour", "2001:db8::2", "", wire.Subprotocol, 101},
			{"one too many of all", "192.0.2.3", "", wire.Subprotocol, 503},
			{"both too many", "192.0.2.1", "", wire.Subprotocol, 503},
			{"one too many, without our subprotocol", "192.0.2.3", "", "other", 503},
			{"one too many, from a foreign page", "192.0.2.3", "https://evil.example", wire.Subprotocol, 403},
		} {
			_, resp := n.dialFrom(t, tt.from, tt.origin, tt.protocol)
			again := resp.Header.Get("Retry-After") != ""
			if resp.StatusCode != tt.status || again != (tt.status == 429 || tt.status == 503) {
				t.Errorf("%s: %d (Retry-After %v), want %d", tt.name, resp.StatusCode, again, tt.status)
			}
		}
	})
}

// attempts are requests for a WebSocket that do not become one. If cut is true, the connection is cut right after the
// request, otherwise once there is an answer.
var attempts = []struct {
	name, request string
	cut           bool
}{
	{"no upgrade", "GET /ws HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Protocol: mayfly.v1\r\n\r\n", false},
	{"no key", "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mayfly.v1\r\n\r\n", false},
	{"old version", handshake("Sec-WebSocket-Version: 8"), false},
	{"two keys", handshake("Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\nSec-WebSocket-Version: 13"), false},
	{"HTTP/1.0", strings.Replace(handshake("Sec-WebSocket-Version: 13"), "HTTP/1.1", "HTTP/1.0", 1), false},
	{"posted", strings.Replace(handshake("Sec-WebSocket-Version: 13"), "GET", "POST", 1), false},
	{"foreign page", handshake("Sec-WebSocket-Version: 13\r\nOrigin: https://evil.example"), false},
	{"no subprotocol", strings.Replace(handshake("Sec-WebSocket-Version: 13"), "mayfly.v1", "other", 1), false},
	{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", false},
	{"half a request", "GET /ws HTTP/1.1\r\nHost: x\r\nConnec", true},
	{"gone after the request", handshake("Sec-WebSocket-Version: 13"), true},
	{"gone in its first frame", handshake("Sec-WebSocket-Version: 13") + "\x81\xfe\x10", true},
	{"garbage behind the request", handshake("Sec-WebSocket-Version: 13") + "hello, hello", true},
	{"garbage after the answer", handshake("Sec-WebSocket-Version: 13") + strings.Repeat("\xff", 100), false},
}

func handshake(headers string) string {
	return "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
		"Sec-WebSocket-Protocol: mayfly.v1\r\n" + headers + "\r\n\r\n"
}

func TestNoPlaceIsLost(t *testing.T) {
	const places, rounds = 20, 20
	n := startWith(t, func(c *server.Config) { c.Conns, c.Each = places, places })
	for range rounds {
		for _, a := range attempts {
			n.attempt(t, a.request, a.cut)
		}
	}
	var all []*websocket.Conn
	for i := range places {
		c := &client{t: t, ws: n.dialUntilOpen(t, fmt.Sprintf("connection %d after the attempts", i+1))}
		c.send(wire.Hello{}) // so that the connection stays
		expect[wire.Welcome](c)
		all = append(all, c.ws)
	}
	if _, resp, err := n.tryDial(t); err == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("connection %d: %v, %v, want 503", places+1, resp, err)
	}
	if got := n.metric(t, "mayfly_connections", ""); got != places {
		t.Errorf("%v connections, want %d", got, places)
	}
	for _, ws := range all {
		ws.CloseNow()
	}
	n.until(t, "mayfly_connections", 0)
}

// attempt sends a request, and cuts the connection: at once if cut is true, otherwise once there is an answer.
func (n *node) attempt(t *testing.T, request string, cut bool) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(n.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.(*net.TCPConn).SetLinger(0); err != nil { // so that closing resets the connection
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte(request)); err != nil {
		t.Fatal(err)
	}
	if !cut {
		conn.SetReadDeadline(time.Now().Add(testTimeout))
		if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
			t.Fatalf("%q: %v", request, err)
		}
	}
}

// dialUntilOpen dials until a slot is free: the server frees a slot shortly after the connection in it has ended.
func (n *node) dialUntilOpen(t *testing.T, what string) *websocket.Conn {
	t.Helper()
	for deadline := time.Now().Add(testTimeout); ; {
		ws, _, err := n.tryDial(t)
		if err == nil {
			t.Cleanup(func() { ws.CloseNow() })
			return ws
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

func TestGuestsBehindAProxyShareTheirAddressesRate(t *testing.T) {
	change := func(c *server.Config) { c.Posts, c.Proxies = 5000, loopback(t) }
	onVirtualTimeWith(t, change, func(t *testing.T, n *node) {
		guest := func(from string) *client {
			ws, _ := n.dialFrom(t, from, "", wire.Subprotocol)
			c := &client{t: t, ws: ws}
			c.send(wire.Hello{}, wire.Join{Room: "lobby"}) // each time as a new guest
			expect[wire.Welcome](c)
			expect[wire.Joined](c)
			return c
		}
		const each, people = 100, 10 // together as many messages as one address may post in 10 s
		for range people {
			c := guest("2001:db8::1")
			var posts []wire.Frame
			for i := range each {
				posts = append(posts, post(i, "lobby"))
			}
			c.send(posts...)
			for range each {
				expect[wire.Accepted](c)
				expect[wire.Posted](c)
			}
			c.ws.CloseNow()
		}
		c := guest("1.1.1.1, 2001:db8::2")
		c.send(post(1, "lobby"))
		if r := expect[wire.Refused](c); r.Code != wire.CodeRate || r.RetryMS <= 0 || r.RetryMS > 10_000 {
			t.Errorf("refused = %+v, want rate within 10 s", r)
		}
		elsewhere := guest("2001:db8:0:1::1")
		elsewhere.send(post(1, "lobby"))
		expect[wire.Accepted](elsewhere)
		expect[wire.Posted](elsewhere)
		expect[wire.Posted](c)
	})
}
