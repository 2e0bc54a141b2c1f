package operate_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/server/certs/certstest"
	"mayfly/shared/wire"
)

var (
	chatters  = flag.Int("chatters", 500, "people who chat over TLS")
	strangers = flag.Int("strangers", 1000,
		"connections that do harm, from an address each; 1,000 more come from one address")
)

const (
	fromOne = 1000 // how many strangers have one address
	// Each stranger comes again after comeEach, or later: all but those of one address make at most comeMost connections a
	// second, because the clients of the test need the same processors.
	comeEach = 5 * time.Second
	comeMost = 400

	waitMost   = 1000 // the most connections that wait for a request
	oneAddress = 400  // the most connections of one address
)

// siege are connections that do harm to a server. Each comes again when it was cut.
type siege struct {
	t       *testing.T
	server  *rig.Server
	config  *tls.Config
	every   time.Duration // how often each stranger comes
	hello   []byte        // the first record of a TLS handshake
	running sync.WaitGroup
	ctx     context.Context
	opened  atomic.Int64
	large   atomic.Int64 // how many requests with too many headers were refused
}

// kinds are the kinds of harm. Each uses one connection, and returns when it is finished or the connection was cut.
var kinds = []struct {
	name string
	do   func(s *siege, conn net.Conn)
}{
	{"slow handshake", func(s *siege, conn net.Conn) {
		ticker := time.NewTicker(200 * time.Millisecond)
		defer ticker.Stop()
		for i := range s.hello {
			if _, err := conn.Write(s.hello[i : i+1]); err != nil {
				return
			}
			select {
			case <-ticker.C:
			case <-s.ctx.Done():
				return
			}
		}
	}},
	{"half-open TLS", func(s *siege, conn net.Conn) {
		if _, err := conn.Write(s.hello); err == nil {
			_, _ = io.Copy(io.Discard, conn) // until the server cuts it
		}
	}},
	{"silence", func(_ *siege, conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }},
	{"oversized headers", func(s *siege, conn net.Conn) {
		secure := tls.Client(conn, s.config)
		_, _ = io.WriteString(secure, "GET / HTTP/1.1\r\nHost: localhost\r\nX: "+strings.Repeat("x", 100<<10)+"\r\n\r\n")
		if answer, _ := io.ReadAll(secure); bytes.HasPrefix(answer, []byte("HTTP/1.1 431")) {
			s.large.Add(1)
		}
	}},
}

// besiege lets strangers come to a server until the test calls the returned function.
func besiege(t *testing.T, server *rig.Server, config *tls.Config, n int) (s *siege, end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s = &siege{t: t, server: server, config: config, every: max(comeEach, time.Duration(n)*time.Second/comeMost),
		hello: clientHello(t, config), ctx: ctx}
	for i := range n {
		s.running.Go(func() {
			s.repeat(s.every*time.Duration(i)/time.Duration(n), fmt.Sprintf("127.4.%d.%d", i>>8, i&255), i)
		})
	}
	for i := range fromOne {
		s.running.Go(func() { s.repeat(s.every*time.Duration(i)/fromOne, "127.5.0.1", 2) })
	}
	return s, func() { cancel(); s.running.Wait() }
}

// repeat does the i-th kind of harm again and again, from one address. It begins after a while, so that not all come at the
// same moment.
func (s *siege) repeat(after time.Duration, from string, i int) {
	select {
	case <-time.After(after):
	case <-s.ctx.Done():
		return
	}
	ticker := time.NewTicker(s.every)
	defer ticker.Stop()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: rig.Timeout}
	for {
		conn, err := dialer.DialContext(s.ctx, "tcp", s.server.Addr())
		if err == nil {
			s.opened.Add(1)
			stop := context.AfterFunc(s.ctx, func() { conn.Close() })
			kinds[i%len(kinds)].do(s, conn)
			stop()
			conn.Close()
		}
		select {
		case <-ticker.C:
		case <-s.ctx.Done():
			return
		}
	}
}

// clientHello returns the first bytes that a TLS client sends.
func clientHello(t *testing.T, config *tls.Config) []byte {
	t.Helper()
	here, there := net.Pipe()
	defer here.Close()
	go tls.Client(there, config).Handshake() //nolint:errcheck // the pipe is closed in its middle
	hello := make([]byte, 4<<10)
	n, err := here.Read(hello)
	if err != nil {
		t.Fatal(err)
	}
	return hello[:n]
}

// TestStrangersDisturbNobody lets people chat over TLS while strangers do harm. Each message must come to everybody, no
// connection may end, and other people must be able to come. How long messages take is logged.
func TestStrangersDisturbNobody(t *testing.T) {
	a, admin := certstest.New(t), rig.FreeAddr(t)
	s, dir := serveTLS(t, a, "-admin", admin)
	config := a.Client()
	config.ServerName = "localhost"
	c := gather(t, s, config, *chatters)
	c.chat("in peace", 500)

	siege, end := besiege(t, s, config, *strangers)
	defer end()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for timeout := time.After(rig.Timeout); ; {
		m := rig.Scrape(t, admin)
		if m["mayfly_network_waiting"] > 0 && m[`mayfly_network_cut_total{reason="slow"}`] > 0 && siege.large.Load() > 0 {
			break
		}
		select {
		case <-again.C:
		case <-timeout:
			t.Fatalf("the siege does not begin: %v", m)
		}
	}
	before := rig.Scrape(t, admin)["process_cpu_seconds_total"]
	began := time.Now()
	c.chat("besieged", 500)
	newcomer, err := enterFrom(t, "127.6.0.1", s, config, "tea")
	if err == nil {
		err = newcomer.say("tea", "let me in")
	}
	if err != nil {
		t.Errorf("a new person: %v", err)
	}
	a.Sign(time.Now().Add(90*24*time.Hour), "localhost", "renewed.example").Write(t, dir)
	if err := syscall.Kill(s.Pid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.UntilLogs(t, "new certificate")
	c.chat("besieged, new certificate", 500)

	m := rig.Scrape(t, admin)
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.Pid()))
	if most := *chatters + 1 + waitMost + oneAddress + 200; err == nil && len(files) > most {
		t.Errorf("the server has %d files open, want %d at most", len(files), most)
	}
	t.Logf("%d connections of strangers; %d were let in and cut, %d refused, %d wait; %d requests were too large; "+
		"%d files open, %.0f MiB, %.0f %% of a processor", siege.opened.Load(),
		int(m[`mayfly_network_cut_total{reason="slow"}`]), int(m[`mayfly_network_cut_total{reason="address"}`]),
		int(m["mayfly_network_waiting"]), siege.large.Load(), len(files), m["process_resident_memory_bytes"]/(1<<20),
		100*(m["process_cpu_seconds_total"]-before)/time.Since(began).Seconds())
	if waiting := m["mayfly_network_waiting"]; waiting > waitMost {
		t.Errorf("%v connections wait, want %d at most", waiting, waitMost)
	}
	end()
	c.chat("in peace again", 500)
}

// TestNewCertificateDropsNobody renews the certificate several times while people chat over TLS.
func TestNewCertificateDropsNobody(t *testing.T) {
	a := certstest.New(t)
	s, dir := serveTLS(t, a)
	config := a.Client()
	config.ServerName = "localhost"
	c := gather(t, s, config, *chatters)
	for i := range 3 {
		names := make([]string, i+2)
		for k := range names {
			names[k] = fmt.Sprintf("name-%d.example", k)
		}
		a.Sign(time.Now().Add(90*24*time.Hour), append(names, "localhost")...).Write(t, dir)
		if err := syscall.Kill(s.Pid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(rig.Timeout); len(shown(t, a, s)) != len(names)+1; {
			if time.Now().After(deadline) {
				t.Fatalf("the server shows %v", shown(t, a, s))
			}
		}
		c.chat(fmt.Sprintf("certificate %d", i+2), 100)
	}
}

// each calls handle with every frame until the connection ends, and returns the error with which it ended.
func (g *guest) each(handle func(wire.Frame)) error {
	for {
		_, message, err := g.ws.Read(g.t.Context())
		if err != nil {
			return err
		}
		for b := range wire.Split(message) {
			f, err := wire.Decode(b)
			if err != nil {
				return err
			}
			handle(f)
		}
	}
}
