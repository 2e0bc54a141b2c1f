// Package servertest runs a whole server in a test: package server with a hub on a stream. The network is the loopback
// interface, or it is in memory and works under synctest, so that a test can run in virtual time. The package has no
// client: each test makes its own clients.
package servertest

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server"
	"mayfly/server/admission"
	"mayfly/server/hub"
	"mayfly/server/stream/streamtest"
	"mayfly/shared/wire"
)

const (
	// Timeout ends a test that hangs. It is so long that a test on a busy machine does not reach it.
	Timeout = 2 * time.Minute
	// ReadTimeout is the read and write timeout of the HTTP server on the network in memory. It is shorter than the
	// longest wait of a poll (wire.PollWait).
	ReadTimeout = 15 * time.Second

	publicOrigin = "https://chat.example.com"
)

// TTL limits how long a message lives on the servers of this package.
var TTL = wire.TTL{Min: 1000, Default: 300_000, Max: 86_400_000}

// Options change the server that Start and StartInMemory run. The zero value fits most tests.
type Options struct {
	Stream  Stream               // stores events and carries signals between nodes; nil: a new streamtest.Memory
	Server  func(*server.Config) // changes the Config of the server before it is made
	Hub     func(*hub.Config)    // changes the Config of the hub, whose TTL, Posts, Acts and Per are those of the server
	Secrets []string             // the test fails if the log holds one of these
}

// Stream is what a server needs of stream.NATS or streamtest.Memory.
type Stream interface {
	hub.Stream
	hub.Signals
}

// Server is a running server.
type Server struct {
	*server.Server
	URL     string             // http:// and its address; on a network in memory every host name leads to the server
	Memory  *streamtest.Memory // the stream; nil if Options.Stream is of another type
	Metrics *prometheus.Registry
	Log     *Log
	Wall    atomic.Int64 // by how many nanoseconds the server's wall clock is set forward
	Stop    func()       // stops the server, once, and checks that the log holds none of Options.Secrets

	net *pipes // nil on the loopback interface
}

// Start runs a server on the loopback interface until the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, o, listener, &http.Server{})
	t.Cleanup(s.Stop)
	return s
}

// StartInMemory runs a server on a network in memory until the test calls Stop. Call it inside the test's synctest bubble.
func StartInMemory(t testing.TB, o Options) *Server {
	t.Helper()
	network := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	s := start(t, o, network, &http.Server{ReadTimeout: ReadTimeout, WriteTimeout: ReadTimeout})
	s.net = network
	return s
}

func start(t testing.TB, o Options, listener net.Listener, web *http.Server) *Server {
	t.Helper()
	if o.Stream == nil {
		o.Stream = streamtest.NewMemory()
	}
	s := &Server{URL: "http://" + listener.Addr().String(), Metrics: prometheus.NewRegistry(), Log: &Log{}}
	s.Memory, _ = o.Stream.(*streamtest.Memory)
	log := slog.New(slog.NewTextHandler(s.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	config := server.Config{
		Version: "test", Conns: 1000, Each: 1000, TTL: TTL, Posts: 20, Acts: 60, Per: 10 * time.Second,
		Pages:  http.NotFoundHandler(),
		Secure: func(h http.Handler) http.Handler { return h },
		Ready:  func(context.Context) error { return nil },
	}
	if config.Origins, err = admission.NewOrigins(publicOrigin, []string{"http://lan.example:8080"}, port); err != nil {
		t.Fatal(err)
	}
	if o.Server != nil {
		o.Server(&config)
	}
	rooms := hub.Config{TTL: config.TTL, Posts: config.Posts, GuestPosts: 1000, Acts: config.Acts, Per: config.Per,
		RoomMessages: 100_000, RoomBytes: 1 << 30, Rooms: 100}
	if o.Hub != nil {
		o.Hub(&rooms)
	}
	clock := hub.NewClock(func() time.Time { return time.Now().Add(time.Duration(s.Wall.Load())) })
	h := hub.New(rooms, o.Stream, o.Stream, clock, log)
	s.Server = server.New(config, h, clock, s.Metrics, log)
	web.Handler = s.Handler()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = web.Serve(s.Listener(listener)) })
	running.Go(func() { _ = s.Run(ctx) })
	running.Go(func() { _ = h.Run(ctx) })
	s.Stop = sync.OnceFunc(func() {
		closing, cancelClosing := context.WithTimeout(context.Background(), Timeout)
		defer cancelClosing()
		if err := s.Close(closing); err != nil {
			t.Error(err)
		}
		s.shutDown(web)
		if err := s.Drain(closing); err != nil {
			t.Error(err)
		}
		cancel()
		running.Wait()
		for _, secret := range o.Secrets {
			if logged := s.Log.String(); strings.Contains(logged, secret) {
				t.Errorf("the log holds %q:\n%s", secret, logged)
			}
		}
	})
	return s
}

// shutDown ends the HTTP server. In memory it waits as cmd/mayfly does, because waiting costs no real time in the bubble.
func (s *Server) shutDown(web *http.Server) {
	if s.net == nil {
		web.Close()
		return
	}
	ending, over := context.WithTimeout(context.Background(), time.Second)
	defer over()
	if web.Shutdown(ending) != nil {
		web.Close()
	}
	time.Sleep(time.Second) // in virtual time: net/http lingers after it has cut off a request
}

// Dialer returns a dialer for the transport of a client of a server in memory. For the server, addr is the client's IP
// address; write an IPv6 address in brackets.
func (s *Server) Dialer(addr string) func(ctx context.Context, _, _ string) (net.Conn, error) {
	return s.net.dial(addr + ":1234")
}

// Accept gives a connection that the test has made to a server in memory, as if a client had connected.
func (s *Server) Accept(conn net.Conn) { s.net.conns <- conn }

// Log holds what was logged. A test may read it while the server writes it.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// Reset deletes what was logged so far.
func (l *Log) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Reset()
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
