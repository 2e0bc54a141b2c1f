// Package servertest runs a whole server in a test: package server, a hub and a stream. The network is the loopback
// interface, or a network in memory. The network in memory works under synctest, so that a test can run in virtual time.
// The package has no client: each test makes its own clients.
package servertest

import (
	"bytes"
	"context"
	"crypto/tls"
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
	// ReadTimeout is the read and write timeout of the HTTP server on the network in memory. It is shorter than
	// wire.PollWait, the longest wait of a poll, so that tests find out whether a poll survives the timeout.
	ReadTimeout = 15 * time.Second

	publicOrigin = "https://chat.example.com"
)

// TTL limits how long a message lives on the servers of this package, in milliseconds.
var TTL = wire.TTL{Min: 1000, Default: 300_000, Max: 86_400_000}

// Options change the server that Start and StartInMemory run. The zero value fits most tests.
type Options struct {
	Stream  Stream               // stores events and carries signals between nodes; nil: a new streamtest.Memory
	Server  func(*server.Config) // changes the Config of the server before it is made
	Hub     func(*hub.Config)    // changes the hub's Config, whose TTL, Posts, Acts, Per and Audit are server.Config's
	Secrets []string             // the test fails if the log contains one of these strings
	TLS     *tls.Config          // how a server on the loopback interface encrypts; nil: it does not
}

// scheme returns the beginning of the server's URL.
func (o Options) scheme() string {
	if o.TLS != nil {
		return "https://"
	}
	return "http://"
}

// serve answers requests on l until web is closed.
func (o Options) serve(web *http.Server, l net.Listener) {
	if o.TLS == nil {
		_ = web.Serve(l)
		return
	}
	web.TLSConfig = o.TLS
	_ = web.ServeTLS(l, "", "")
}

// Stream has the methods of a stream that a server needs. stream.NATS and streamtest.Memory implement it.
type Stream interface {
	hub.Stream
	hub.Signals
}

// Server is a running server.
type Server struct {
	*server.Server
	URL     string             // http(s):// and the server's address; with the network in memory, every host name works
	Memory  *streamtest.Memory // the stream; nil if Options.Stream is of another type
	Metrics *prometheus.Registry
	Log     *Log
	Wall    atomic.Int64 // how many nanoseconds the server's wall clock is ahead of the real time; a test may set it
	Stop    func()       // stops the server, and checks that the log has none of Options.Secrets; later calls do nothing

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
	s := &Server{URL: o.scheme() + listener.Addr().String(), Metrics: prometheus.NewRegistry(), Log: &Log{}}
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
		RoomMessages: 100_000, RoomBytes: 1 << 30, Rooms: 100, Audit: config.Audit}
	if o.Hub != nil {
		o.Hub(&rooms)
	}
	clock := hub.NewClock(func() time.Time { return time.Now().Add(time.Duration(s.Wall.Load())) })
	h := hub.New(rooms, o.Stream, o.Stream, clock, log)
	s.Server = server.New(config, h, clock, s.Metrics, log)
	web.Handler = s.Handler()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { o.serve(web, s.Listener(listener)) })
	running.Go(func() { _ = s.Run(ctx) })
	running.Go(func() { _ = h.Run(ctx) })
	running.Go(func() { _ = config.Audit.Run(ctx) })
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

// shutDown ends the HTTP server. On the loopback interface it cuts requests that still run. On the network in memory it
// waits for them, as cmd/mayfly does, because waiting under synctest takes no real time.
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
	time.Sleep(time.Second) // in virtual time: net/http may close its last connections only a moment later
}

// Dialer returns a dialer that connects to the server over the network in memory; use it in the transport of an
// http.Client. The server sees addr as the client's IP address. Write an IPv6 address in brackets.
func (s *Server) Dialer(addr string) func(ctx context.Context, _, _ string) (net.Conn, error) {
	return s.net.dial(addr + ":1234")
}

// Accept makes a server in memory accept conn, as if a client had connected. The test itself has made conn, for example with
// net.Pipe.
func (s *Server) Accept(conn net.Conn) { s.net.conns <- conn }

// Log contains the text that the server has logged. A test may read the log while the server writes to it.
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

// Take returns the text since the last call of Take or Reset.
func (l *Log) Take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.b.Reset()
	return l.b.String()
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
