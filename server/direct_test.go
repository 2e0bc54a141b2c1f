package server_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"mayfly/server/servertest"
	"mayfly/shared/wire"
)

// These tests use real sockets, because only there the server writes frames without a goroutine of the connection, and waits
// for a client without memory for reading.

// withAndWithoutTLS runs test with a node that speaks plain HTTP, and with one that speaks TLS.
func withAndWithoutTLS(t *testing.T, test func(t *testing.T, n *node)) {
	t.Run("plain", func(t *testing.T) { test(t, start(t, 10)) })
	t.Run("TLS", func(t *testing.T) { test(t, startTLS(t)) })
}

// dialBare returns a client on a real socket.
func (n *node) dialBare(t *testing.T) *bareClient {
	t.Helper()
	_, addr, _ := strings.Cut(n.url, "://")
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if n.tls != nil {
		conn = tls.Client(conn, n.tls)
	}
	if err := conn.SetDeadline(time.Now().Add(servertest.Timeout)); err != nil {
		t.Fatal(err)
	}
	c := upgrade(t, conn)
	c.r = bufio.NewReader(c.r)
	return c
}

// until reads until a frame of type F has come, and returns it.
func until[F wire.Frame](c *bareClient) F {
	c.t.Helper()
	for {
		for len(c.read) > 0 {
			f, ok := c.read[0].(F)
			if c.read = c.read[1:]; ok {
				return f
			}
		}
		message, closed, err := c.next()
		if err != nil || closed != 0 {
			c.t.Fatalf("no %T came: closed with %d, %v", *new(F), closed, err)
		}
		for b := range wire.Split(message) {
			f, err := wire.Decode(b)
			if err != nil {
				c.t.Fatal(err)
			}
			c.read = append(c.read, f)
		}
	}
}

// control returns a control frame as a client sends it. first is its first byte.
func control(first byte, payload string) []byte {
	return append([]byte{first, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)
}

// TestPongsComeBetweenWholeMessages: the client reads nothing, so that messages wait in the middle, and sends pings. Then it
// reads: it gets whole messages in their order, and pongs between them, until it has everything that the server had queued
// for it, and is told that it was slow.
func TestPongsComeBetweenWholeMessages(t *testing.T) {
	withAndWithoutTLS(t, testPongsComeBetweenWholeMessages)
}

func testPongsComeBetweenWholeMessages(t *testing.T, n *node) {
	c := n.dialBare(t)
	c.send(asGuest(annS, "lobby"))
	until[wire.Joined](c)
	pinged := make(chan error, 1)
	go func() {
		var err error
		for range 20 {
			if _, e := c.conn.Write(control(0x89, "ping")); e != nil {
				err = e
			}
		}
		pinged <- err
	}()
	sent := 0
	for n.metric(t, "mayfly_frames_dropped_total", "slow") == 0 {
		if sent++; sent > 10_000 {
			t.Fatal("the queue never overflowed")
		}
		n.stream.AppendMessage("lobby", wire.Message{ID: fmt.Sprint(sent), Text: strings.Repeat("x", wire.MaxText),
			At: time.Now().UnixMilli(), Expires: time.Now().Add(time.Hour).UnixMilli()})
	}
	if err := <-pinged; err != nil {
		t.Fatal(err)
	}
	frames, code := c.readToEnd()
	wantEnd(t, frames, code, wire.CodeSlow)
	for i, f := range frames[:len(frames)-1] {
		if p, ok := f.(wire.Posted); !ok || p.ID != fmt.Sprint(i+1) {
			t.Fatalf("frame %d is %+v, want message %d", i, f, i+1)
		}
	}
	if len(frames) == 1 || c.pongs == 0 {
		t.Errorf("got %d frames and %d pongs, want some of each", len(frames), c.pongs)
	}
}

// TestBytesOfAMessageMayComeOneByOne: a client sends messages in frames, with pings and pongs between them, and the server
// gets each byte alone, or all at once, or the end of one message together with the beginning of the next.
func TestBytesOfAMessageMayComeOneByOne(t *testing.T) {
	withAndWithoutTLS(t, testBytesOfAMessageMayComeOneByOne)
}

func testBytesOfAMessageMayComeOneByOne(t *testing.T, n *node) {
	hello := string(wire.Encode(asGuest(annS, "lobby")))
	post := func(i int) string { return string(wire.Encode(post(i, "lobby"))) }
	part := func(first byte, text string) []byte {
		head := masked([]byte(text))
		head[0] = first
		return head
	}
	var all []byte
	for _, b := range [][]byte{control(0x89, "1"), control(0x8a, ""), part(0x01, hello[:9]), control(0x89, "2"),
		part(0x00, hello[9:20]), control(0x8a, "3"), part(0x80, hello[20:]), control(0x89, ""), part(0x81, post(1)),
		part(0x81, post(2)), control(0x8a, ""),
		part(0x81, post(3))} {
		all = append(all, b...)
	}
	for _, size := range []int{1, 2, 7, 13, 100, len(all)} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			c := n.dialBare(t)
			go func() {
				for rest := bytes.Clone(all); len(rest) > 0; {
					k := min(size, len(rest))
					if _, err := c.conn.Write(rest[:k]); err != nil {
						return // the test fails, because an answer is missing
					}
					rest = rest[k:]
				}
			}()
			for i := 1; i <= 3; i++ {
				if a := until[wire.Accepted](c); a.ID != postID(i) {
					t.Fatalf("accepted %s, want post %d", a.ID, i)
				}
			}
			if c.pongs != 3 {
				t.Errorf("%d pongs came, want 3", c.pongs)
			}
		})
	}
}

func postID(n int) string { return post(n, "lobby").ID }

// TestIdleClientIsHeardAgain: a connection that waited says and hears everything, many times, also if a message comes
// together with the end of the wait.
func TestIdleClientIsHeardAgain(t *testing.T) { withAndWithoutTLS(t, testIdleClientIsHeardAgain) }

func testIdleClientIsHeardAgain(t *testing.T, n *node) {
	ann, ben := n.dialBare(t), n.dialBare(t)
	for _, c := range []*bareClient{ann, ben} {
		c.send(wire.Hello{Rooms: []wire.Join{{Room: "lobby"}}})
		until[wire.Joined](c)
	}
	for i := range 15 {
		ann.send(post(i, "lobby"))
		if p := until[wire.Posted](ben); p.ID != postID(i) {
			t.Fatalf("Ben got %s, want post %d", p.ID, i)
		}
		if _, err := ben.conn.Write(control(0x89, "x")); err != nil {
			t.Fatal(err)
		}
	}
	ben.send(wire.Leave{Room: "tea"})
	if r := until[wire.Refused](ben); r.Code != wire.CodeRoom || ben.pongs != 15 {
		t.Errorf("Ben got %+v and %d pongs, want a refusal and 15", r, ben.pongs)
	}
}
