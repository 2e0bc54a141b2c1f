package rig

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"mayfly/server/tcptest"
)

// Manner is how a Middlebox treats WebSockets, which it does not understand.
type Manner int

// The ways to treat WebSockets, from harmless to those that block them.
const (
	Passes   Manner = iota // forwards everything
	Refuses                // refuses the request that opens a WebSocket
	Kills                  // cuts a WebSocket after 200 ms
	Swallows               // lets a WebSocket open, and then loses all its bytes
	Holds                  // forwards an answer only when it is complete, which the answer that opens a WebSocket never is
)

const killAfter = 200 * time.Millisecond

// Middlebox is an HTTP/1.1 proxy that hinders WebSockets, as proxies in some networks do.
type Middlebox struct {
	target  string
	forward *httputil.ReverseProxy
	running sync.WaitGroup

	mu      sync.Mutex // guards the fields below
	manner  Manner
	changed chan struct{} // closed when the manner changes
	polls   int           // number of polls that wait for their answer
	sockets map[*pair]struct{}
}

// pair is one WebSocket through the middlebox.
type pair struct{ client, server *net.TCPConn }

// ServeBehindMiddlebox starts a server and a middlebox in front of it. url is the URL at which users open Mayfly through the
// middlebox.
func ServeBehindMiddlebox(t *testing.T, m Manner, args ...string) (server *Server, box *Middlebox, url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	url = "http://localhost:" + port
	server = Serve(t, append(args, "-public-url", url)...)
	return server, newMiddlebox(t, listener, server.Addr(), m), url
}

func newMiddlebox(t *testing.T, listener net.Listener, target string, m Manner) *Middlebox {
	transport := &http.Transport{}
	b := &Middlebox{target: target, manner: m, changed: make(chan struct{}), sockets: map[*pair]struct{}{}}
	b.forward = &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: target})
			r.Out.Host = r.In.Host
		},
		ModifyResponse: b.hold,
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	server := &http.Server{Handler: b}
	b.running.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		b.Behave(Passes)
		server.Close()
		b.cut()
		b.running.Wait()
		transport.CloseIdleConnections()
	})
	return b
}

// Behave changes the manner for new requests. WebSockets that are open keep their manner.
func (b *Middlebox) Behave(m Manner) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.manner = m
	close(b.changed)
	b.changed = make(chan struct{})
}

// cut resets the open WebSockets. http.Server does not close them, because upgrade has hijacked their connections.
func (b *Middlebox) cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for p := range b.sockets {
		tcptest.Reset(p.client)
		tcptest.Reset(p.server)
	}
}

// Until waits until the number of polls that wait for their answer is polls, and the number of open WebSockets is sockets.
func (b *Middlebox) Until(t *testing.T, polls, sockets int) {
	t.Helper()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for timeout := time.After(Timeout); ; {
		b.mu.Lock()
		p, s := b.polls, len(b.sockets)
		b.mu.Unlock()
		if p == polls && s == sockets {
			return
		}
		select {
		case <-again.C:
		case <-timeout:
			t.Fatalf("%d polls and %d WebSockets, want %d and %d", p, s, polls, sockets)
		}
	}
}

// ServeHTTP implements http.Handler.
func (b *Middlebox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.running.Add(1)
	defer b.running.Done()
	switch {
	case strings.EqualFold(r.Header.Get("Upgrade"), "websocket"):
		b.upgrade(w, r)
	case r.URL.Path == "/poll":
		b.count(1)
		defer b.count(-1)
		fallthrough
	default:
		b.forward.ServeHTTP(w, r)
	}
}

func (b *Middlebox) count(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.polls += n
}

func (b *Middlebox) now() (Manner, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.manner, b.changed
}

// hold reads the whole answer before the proxy forwards any of it, if the manner is Holds.
func (b *Middlebox) hold(r *http.Response) error {
	if m, _ := b.now(); m != Holds {
		return nil
	}
	whole, err := io.ReadAll(r.Body)
	r.Body.Close()
	r.Body = io.NopCloser(bytes.NewReader(whole))
	return err
}

func (b *Middlebox) upgrade(w http.ResponseWriter, r *http.Request) {
	manner, changed := b.now()
	switch manner {
	case Refuses:
		http.Error(w, "Not here.", http.StatusForbidden)
		return
	case Holds:
		select {
		case <-changed:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	}
	server, err := net.Dial("tcp", b.target)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer server.Close()
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer client.Close()
	p := &pair{client.(*net.TCPConn), server.(*net.TCPConn)}
	b.mu.Lock()
	b.sockets[p] = struct{}{}
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.sockets, p)
	}()
	if r.Write(server) == nil {
		p.carry(manner)
	}
}

// carry copies bytes in both directions until the client or the server closes its connection.
func (p *pair) carry(manner Manner) {
	var up, down io.Writer = p.server, p.client
	answers := bufio.NewReader(p.server)
	if manner == Swallows {
		for line := []byte(nil); len(bytes.TrimSpace(line)) > 0 || line == nil; { // the answer that opens the WebSocket
			var err error
			if line, err = answers.ReadBytes('\n'); err != nil {
				return
			}
			_, _ = p.client.Write(line) // if the client has disconnected, the copies below end
		}
		up, down = io.Discard, io.Discard
	}
	if manner == Kills {
		defer time.AfterFunc(killAfter, func() {
			tcptest.Reset(p.client)
			tcptest.Reset(p.server)
		}).Stop()
	}
	var both sync.WaitGroup
	move := func(to io.Writer, from io.Reader) {
		_, _ = io.Copy(to, from)
		p.client.Close()
		p.server.Close()
	}
	both.Go(func() { move(up, p.client) })
	both.Go(func() { move(down, answers) })
	both.Wait()
}
