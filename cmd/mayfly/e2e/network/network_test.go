package network_test

import (
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/app/client/transport"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

var (
	outage   = flag.Duration("outage", 0, "how much longer connections stay broken than the tab takes to notice")
	cutFor   = flag.Duration("cuts", 4*time.Second, "how long connections are cut at random (see make torture)")
	hostiles = flag.Int("hostiles", 800, "hostile connections")
)

func numbered(n int) (texts []string) {
	for i := range n {
		texts = append(texts, fmt.Sprintf("number %02d.", i))
	}
	return texts
}

// TestTabMissesNothing breaks a tab's connection while 50 messages are posted. The tab must show all 50 once, in order.
func TestTabMissesNothing(t *testing.T) {
	t.Parallel()
	const posts = 50
	for _, tt := range []struct {
		name    string
		begin   func(p *rig.Proxy)
		silence time.Duration // the time since the last frame that the tab got, by its clock
		end     func(p *rig.Proxy)
	}{
		{"cut and refused", func(p *rig.Proxy) { p.Refuse(true); p.Cut() }, 0, func(p *rig.Proxy) { p.Refuse(false) }},
		{"swallowed", func(p *rig.Proxy) { p.Swallow(true) }, wire.BeatEvery + wire.BeatGrace,
			func(p *rig.Proxy) { p.Swallow(false) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, proxy, url := rig.ServeBehindProxy(t, "-rate", "1000/1s", "-ttl", "1h")
			tab := rig.OpenBrowser(t).TabWithClock(url, 0).Ready()
			writer := rig.NewPerson(t, "writer", server.SocketURL())
			writer.Until("online", rig.Online)
			before := proxy.Opened()
			tt.begin(proxy)
			for _, text := range numbered(posts) {
				writer.Say(text)
			}
			writer.Until("done", func(v client.View) bool { return rig.Sent(v) == posts })
			tab.SetClock(tt.silence)
			proxy.UntilOpened(t, before+1) // the tab has noticed, and connects anew, in vain
			<-time.After(*outage)
			tt.end(proxy)
			tab.Shows("number 49.")
			tab.Ready()
			var got []string
			for _, m := range tab.Messages() {
				if i := strings.Index(m, "number "); i >= 0 {
					got = append(got, m[i:i+len("number 00.")])
				}
			}
			if !slices.Equal(got, numbered(posts)) {
				t.Errorf("the tab shows %q, want 50 in order", got)
			}
		})
	}
}

// TestTwentyClientsAndCutsAtRandom lets 20 people write while connections are cut. Each must show the messages of all of
// them, each message once, and in one order.
func TestTwentyClientsAndCutsAtRandom(t *testing.T) {
	t.Parallel()
	const people = 20
	server := rig.Serve(t, "-rate", "1000/1s", "-ttl", "10m", "-conns-per-ip", "1000")
	proxy := rig.NewProxy(t, "", server.Addr())
	var all []*rig.Person
	for i := range people {
		all = append(all, rig.NewPerson(t, fmt.Sprintf("person %d", i), "ws://"+proxy.Addr+"/ws"))
	}
	for _, p := range all {
		p.Until("online", rig.Online)
	}
	written, cuts := 0, 0
	end := time.After(*cutFor)
	write, cut := time.NewTicker(50*time.Millisecond), time.NewTicker(500*time.Millisecond)
	defer write.Stop()
	defer cut.Stop()
	for ended := false; !ended; {
		select {
		case <-end:
			ended = true
		case <-write.C:
			p := all[mathrand.N(people)]
			p.Say(fmt.Sprintf("%s wrote %d", p.Name, written))
			written++
		case <-cut.C:
			proxy.CutSome(0.3)
			cuts++
		}
	}
	var order []string
	for i, p := range all {
		v := p.Until(fmt.Sprintf("complete with %d", written), func(v client.View) bool { return rig.Online(v) && rig.Sent(v) == written })
		if i == 0 {
			order = rig.Texts(v)
			if unique := slices.Compact(slices.Sorted(slices.Values(order))); len(unique) != written {
				t.Errorf("%d different messages of %d", len(unique), written)
			}
		}
		if !slices.Equal(rig.Texts(v), order) {
			t.Errorf("%s sees another order or other messages than %s", p.Name, all[0].Name)
		}
	}
	t.Logf("%d messages, %d rounds of cuts, nothing lost or doubled", written, cuts)
}

// TestHostileConnections sends garbage, half handshakes, silence and resets while two people chat.
func TestHostileConnections(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "1000/1s", "-conns-per-ip", "20000", "-conns", "20000")
	var all []*rig.Person
	var records []*record
	for _, name := range []string{"ann", "ben"} {
		r := newRecord()
		all = append(all, rig.NewPersonBy(t, name, r.through(transport.DialWebSocket(server.SocketURL()), false), nil))
		records = append(records, r)
	}
	for _, p := range all {
		p.Until("online", rig.Online)
	}
	attacks := make(chan int)
	var attackers sync.WaitGroup
	var silent held
	defer silent.close()
	for range 64 {
		attackers.Go(func() {
			for i := range attacks {
				attack(t, server.Addr(), i, &silent)
			}
		})
	}
	said := 0
	say := func() {
		text := fmt.Sprintf("undisturbed %d", said)
		all[said%2].Say(text)
		said++
		for _, p := range all {
			p.Until("told "+text, func(v client.View) bool { return rig.Sent(v) == said })
		}
	}
	for i := range *hostiles {
		attacks <- i
		if i%100 == 0 {
			say()
		}
	}
	close(attacks)
	attackers.Wait()
	say()
	for i, p := range all {
		if cut := records[i].cut(); len(cut) > 0 {
			t.Errorf("%s was disturbed: the server ended connections: %q", p.Name, cut)
		}
	}
}

// held has connections that stay open and send nothing more.
type held struct {
	mu    sync.Mutex
	conns []net.Conn
}

func (h *held) add(c net.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.conns = append(h.conns, c)
}

func (h *held) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.conns {
		c.Close()
	}
}

const upgrade = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: " + wire.Subprotocol + "\r\n\r\n"

// attack opens one connection and misbehaves in the way that i chooses.
func attack(t *testing.T, addr string, i int, silent *held) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Errorf("attack %d: %v", i, err)
		return
	}
	garbage := make([]byte, 512)
	_, _ = rand.Read(garbage)
	write := func(b []byte) { _, _ = conn.Write(b) } // the server may have closed the connection, which it may do
	upgraded := func() {
		write([]byte(upgrade))
		_, _ = io.ReadFull(conn, make([]byte, len("HTTP/1.1 101")))
	}
	switch i % 8 {
	case 0: // garbage instead of HTTP
		write(garbage)
	case 1: // half a handshake
		write([]byte(upgrade[:len(upgrade)/2]))
		silent.add(conn)
		return
	case 2: // silence
		silent.add(conn)
		return
	case 3: // a reset in the middle of the handshake
		write([]byte(upgrade[:len(upgrade)/2]))
		_ = conn.(*net.TCPConn).SetLinger(0)
	case 4: // garbage instead of WebSocket frames
		upgraded()
		write(garbage)
	case 5: // silence instead of hello
		upgraded()
		silent.add(conn)
		return
	case 6: // a frame that claims to be huge
		upgraded()
		write([]byte{0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4})
	case 7: // a reset instead of hello
		upgraded()
		_ = conn.(*net.TCPConn).SetLinger(0)
	}
	conn.Close()
}
