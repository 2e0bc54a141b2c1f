package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"mayfly/shared/wire"
)

func TestBeatAfterSilenceNamesTheHeads(t *testing.T) {
	onVirtualTime(t, func(t *testing.T, n *node) {
		c := n.hello(t, "", "lobby", "tea")
		c.send(post(1, "lobby"))
		expect[wire.Accepted](c)
		last := time.Now()
		expect[wire.Posted](c)
		b := expect[wire.Beat](c) // while the client reads, it answers the pings
		if b.Heads["lobby"] != 1 || b.Heads["tea"] != 0 || len(b.Heads) != 2 {
			t.Errorf("after silence came %+v, want a beat with both heads", b)
		}
		if silence := time.Since(last); silence < wire.BeatEvery || silence > wire.BeatEvery+pulse {
			t.Errorf("a beat after %s, want %s", silence, wire.BeatEvery)
		}
		if now := time.Now().UnixMilli(); b.Now != now {
			t.Errorf("the beat's now is %d, want %d", b.Now, now)
		}
	})
}

// TestNoPongEndsAConnection: a client that has been welcomed never answers a ping.
func TestNoPongEndsAConnection(t *testing.T) {
	onVirtualTime(t, func(t *testing.T, n *node) {
		conn, err := n.Dialer(home)(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: %s\r\n\r\n", wire.Subprotocol)
		r := bufio.NewReader(conn)
		resp, err := http.ReadResponse(r, nil)
		if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("upgrade: %v, %v", resp, err)
		}
		hello := wire.Encode(wire.Hello{})
		frame := append([]byte{0x81, 0x80 | byte(len(hello)), 0, 0, 0, 0}, hello...) // masked with zeros
		if _, err := conn.Write(frame); err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(r)
		if err != nil {
			t.Fatalf("the server did not end the connection: %v", err)
		}
		if !strings.Contains(string(all), `"type":"bye","code":"timeout"`) {
			t.Errorf("the server said %q, want bye timeout", all)
		}
		if code := string([]byte{wire.CloseTimeout >> 8, wire.CloseTimeout & 0xff}); !strings.Contains(string(all), code) {
			t.Errorf("no close code %d in %q", wire.CloseTimeout, all)
		}
	})
}

// TestReaderThatStopsIsToldSlow fills the queue of a client that reads nothing. That client gets the bye slow, and the
// others are not affected.
func TestReaderThatStopsIsToldSlow(t *testing.T) {
	onVirtualTime(t, func(t *testing.T, n *node) { // because a write that is stuck fails after a time
		slow, fast := n.hello(t, "", "lobby"), n.hello(t, "", "lobby")
		text := strings.Repeat("x", wire.MaxText)
		var said []wire.Message
		for i := range 1000 { // 4 MB, far more than the queue takes; in memory no kernel takes any of it
			m := wire.Message{ID: fmt.Sprint(i), Text: text, At: time.Now().UnixMilli(), Expires: time.Now().Add(time.Hour).UnixMilli()}
			n.stream.AppendMessage("lobby", m)
			said = append(said, m)
			if p := expect[wire.Posted](fast); p.ID != m.ID {
				t.Fatalf("the other got %s, want %s", p.ID, m.ID)
			}
		}
		count := 0
		for {
			f, err := slow.read()
			if err != nil {
				t.Fatalf("the slow one was not told: %v", err)
			}
			if b, ok := f.(wire.Bye); ok {
				if b.Code != wire.CodeSlow {
					t.Errorf("the slow one was told %+v", b)
				}
				break
			}
			if _, ok := f.(wire.Posted); ok {
				count++
			}
		}
		if _, err := slow.read(); int(websocket.CloseStatus(err)) != wire.CloseFor(wire.CodeSlow) {
			t.Errorf("closed with %v, want %d", err, wire.CloseFor(wire.CodeSlow))
		}
		if count == 0 || count >= len(said) {
			t.Errorf("the slow one got %d of %d before it was ended", count, len(said))
		}
	})
}
