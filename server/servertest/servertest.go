// Package servertest runs a whole server in a test: package server with a hub on a stream, served on the loopback interface,
// or on a network in memory that synctest knows, so that time can be virtual. It brings no client: each test says by itself
// how its clients read.
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
	// Timeout ends a test that hangs. It is so long that no busy machine reaches it.
	Timeout = 2 * time.Minute
	// ReadTimeout is that of requests on the network in memory: less than a poll waits.
	ReadTimeout = 15 * time.Second

	publicOrigin = "https://chat.example.com"
)

// TTL is what a message may live on a server of this package's.
var TTL = wire.TTL{Min: 1000, Default: 300_000, Max: 86_400_000}

// Options change what Start makes. The zero value is a server as most tests need it.
type Options struct {
	Stream  hub.Stream           // where messages are kept; nil: a streamtest.Memory of its own
	Server  func(*server.Config) // changes what the server is made with
	Hub     func(*hub.Config)    // changes what the hub is made with; posts are as the server's Config says
	Secrets []string             // no line of the log may hold one of these
}

// Server is a server that runs.
type Server struct {
	*server.Server
	URL     string             // http:// and its address; on a network in memory any name leads there
	Memory  *streamtest.Memory // the stream; nil if the test gave one that is not in memory
	Metrics *prometheus.Registry
	Log     *Log
	Wall    atomic.Int64 // by how much the wall clock is set forward, in nanoseconds
	Stop    func()       // stops it, once, and looks for secrets in the log

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

// StartInMemory runs a server on a network in memory, in the bubble of synctest that it is called in, until Stop is called.
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
		Version: "test", Conns: 1000, Each: 1000, TTL: TTL, Posts: 20, Per: 10 * time.Second,
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
	rooms := hub.Config{TTL: config.TTL, Posts: config.Posts, GuestPosts: 1000, Per: config.Per,
		RoomMessages: 100_000, RoomBytes: 1 << 30, Rooms: 100}
	if o.Hub != nil {
		o.Hub(&rooms)
	}
	clock := hub.NewClock(func() time.Time { return time.Now().Add(time.Duration(s.Wall.Load())) })
	h := hub.New(rooms, o.Stream, clock, log)
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

// shutDown ends what the HTTP server still does. In memory it does so as cmd/mayfly does, which costs no real time there.
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
	time.Sleep(time.Second) // of virtual time: net/http lingers where a request was cut off
}

// Dialer returns a dialer for the transport of a client that connects to a server in memory from addr: an IP address, in
// brackets if it is one of IPv6.
func (s *Server) Dialer(addr string) func(ctx context.Context, _, _ string) (net.Conn, error) {
	return s.net.dial(addr + ":1234")
}

// Accept gives a server in memory a connection of the test's own making.
func (s *Server) Accept(conn net.Conn) { s.net.conns <- conn }

// Log is a log that may be read while it is written.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// Reset forgets what was logged so far.
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
