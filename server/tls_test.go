package server_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"mayfly/server"
	"mayfly/server/certs/certstest"
	"mayfly/server/servertest"
	"mayfly/shared/wire"
)

// startTLS starts a node that speaks TLS.
func startTLS(t *testing.T) *node {
	t.Helper()
	authority := certstest.New(t)
	n := &node{tls: authority.Client()}
	n.tls.ServerName = "127.0.0.1"
	options := n.options(func(*server.Config) {})
	options.TLS = &tls.Config{Certificates: []tls.Certificate{
		authority.Sign(time.Now().Add(time.Hour), "127.0.0.1").Certificate(t)}}
	return n.is(servertest.Start(t, options))
}

// TestChatOverTLS says and hears the longest message, and hears the goodbye when the server stops.
func TestChatOverTLS(t *testing.T) {
	n := startTLS(t)
	n.http = &http.Client{Transport: &http.Transport{TLSClientConfig: n.tls}}
	defer n.http.CloseIdleConnections()
	ann, ben := n.hello(t, testGuest, "lobby"), n.hello(t, "", "lobby")
	long := post(1, "lobby")
	long.Text = strings.Repeat("x", wire.MaxText)
	ann.send(long)
	for {
		f, err := ben.read()
		if err != nil {
			t.Fatal(err)
		}
		if p, ok := f.(wire.Posted); ok && p.Text == long.Text {
			break
		}
	}
	go n.Stop()
	for {
		f, err := ben.read()
		if err != nil {
			t.Fatalf("the connection ended without a goodbye: %v", err)
		}
		if _, ok := f.(wire.Bye); ok {
			break
		}
	}
	if _, err := ben.read(); err == nil {
		t.Error("a frame came behind the goodbye")
	}
}

// TestPagesAndPollsOverHTTP2 gets a page and polls over HTTP/2.
func TestPagesAndPollsOverHTTP2(t *testing.T) {
	n := startTLS(t)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: n.tls, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	for _, tt := range []struct {
		name, method, path, body, want string
	}{
		{"a page", "GET", "/", "", "a page"},
		{"a poll that is answered at once", "POST", "/poll", string(wire.Encode(asGuest(annS, "lobby"))), `"type":"joined"`},
		{"what another request broke", "POST", "/poll", "nonsense", `"type":"bye"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), tt.method, n.url+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Host = "chat.example.com"
			r.Header.Set("Content-Type", wire.PollType)
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.ProtoMajor != 2 || !bytes.Contains(body, []byte(tt.want)) {
				t.Errorf("got %s %q, %v, want HTTP/2 and %s", resp.Proto, body, err, tt.want)
			}
		})
	}
}

// pieces is a connection that sends what is written to it in pieces of one byte, and then three.
type pieces struct{ net.Conn }

func (p pieces) Write(b []byte) (n int, err error) {
	for size := 1; n < len(b) && err == nil; size = 4 - size {
		var wrote int
		wrote, err = p.Conn.Write(b[n:min(n+size, len(b))])
		n += wrote
	}
	return n, err
}

// TestRecordsMayComeInPieces: the bytes of an encrypted record come one by one to a server that waits for them.
func TestRecordsMayComeInPieces(t *testing.T) {
	n := startTLS(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(n.url, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(testTimeout)); err != nil {
		t.Fatal(err)
	}
	c := upgrade(t, tls.Client(pieces{conn}, n.tls))
	c.send(asGuest(annS, "lobby"))
	for i := range 5 {
		c.send(post(i, "lobby"))
		if a := until[wire.Accepted](c); a.ID != postID(i) {
			t.Fatalf("accepted %s, want post %d", a.ID, i)
		}
		if _, err := c.conn.Write(control(0x89, "x")); err != nil {
			t.Fatal(err)
		}
	}
}

// TestIdleConnectionsOverTLSWaitWithoutMemoryForReading looks at the goroutines of connections that are silent.
func TestIdleConnectionsOverTLSWaitWithoutMemoryForReading(t *testing.T) {
	n := startTLS(t)
	const idle = 5
	for range idle {
		c := n.dialBare(t)
		c.send(wire.Hello{Rooms: []wire.Join{{Room: "lobby"}}})
		until[wire.Joined](c)
	}
	stacks := make([]byte, 1<<20)
	for deadline := time.Now().Add(testTimeout); ; {
		all := string(stacks[:runtime.Stack(stacks, true)])
		if waiting := strings.Count(all, "conn.readRaw("); waiting == idle {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("of %d connections not all wait for their first byte:\n%s", idle, all)
		}
	}
}
