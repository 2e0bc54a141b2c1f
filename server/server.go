// Package server is Mayfly's public HTTP side: the routes of WebSockets and polls, the pages that it is handed, and what
// operators and clients ask beside them. It keeps the list of open connections, starts and stops. Package admission decides
// which requests become connections, package conn carries them, and package session says what their frames mean. Package hub
// knows rooms and messages, and package web the pages.
//
// Files in order: server.go, routes.go, run.go (start and stop), health.go, metrics.go, admin.go. All but the last have
// methods of Server and so refer up to it.
//
// Locks: Server.mu is taken before the context of a connection is cancelled, and before nothing else.
package server

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/admission"
	"mayfly/server/conn"
	"mayfly/server/hub"
	"mayfly/server/ledger"
	"mayfly/server/revocation"
	"mayfly/server/session"
	"mayfly/shared/wire"
)

// Config says how a Server serves.
type Config struct {
	Version string             // of the program, for clients
	Origins *admission.Origins // that may use this server from a browser
	Conns   int                // WebSockets and polls at the same time
	Each    int                // the same from one address
	Proxies admission.Proxies  // that say where a request comes from
	TTL     wire.TTL

	SignIn    SignIn
	Anonymous session.Policy

	Posts  int // accepted posts of one user in any span of Per
	Per    time.Duration
	Pages  http.Handler                    // answers every other request
	Secure func(http.Handler) http.Handler // adds the security headers to every answer
	Ready  func(context.Context) error     // returns nil if the stream answers
}

// SignIn says how users sign in. Without a Verifier they cannot.
type SignIn struct {
	Verifier session.Verifier
	Ledger   ledger.Store // of revocations

	Issuer, ClientID, Audience string // for clients
	Scopes                     []string
}

// Server serves one node. Its Handler may be used at once; Run keeps its connections alive.
type Server struct {
	config      Config                  // static
	hub         *hub.Hub                // static
	clock       *hub.Clock              // static; the hub's
	log         *slog.Logger            // static
	metrics     *metrics                // static
	gate        *admission.Gate         // static; its slots are those of conns, and of upgrades under way
	revocations *revocation.Revocations // static; nil: there is no sign-in
	lines       *conn.Lines             // static
	shared      *conn.Shared            // static; for connections
	sessions    *session.Shared         // static; for sessions

	running sync.WaitGroup // connections, from before the upgrade until they have ended
	phase   atomic.Int32   // one of the phases; set under mu

	mu    sync.Mutex // guards what follows
	conns map[*conn.Conn]entry
}

// entry is one open connection.
type entry struct {
	conn    *conn.Conn
	session *session.Session
	slot    admission.Slot
	poll    bool
}

// The phases of a server's life.
const (
	serving  int32 = iota
	settling       // no connection begins, and no frame is handled, any more
	leaving        // every connection is told to end
	aborting       // and is aborted if it has not ended
)

// New returns a server that hands the frames of clients to h, whose clock is clock. It registers its metrics and the hub's
// with reg.
func New(config Config, h *hub.Hub, clock *hub.Clock, reg prometheus.Registerer, log *slog.Logger) *Server {
	s := &Server{config: config, hub: h, clock: clock, log: log, lines: conn.NewLines(), conns: map[*conn.Conn]entry{}}
	s.gate = admission.NewGate(admission.Config{Origins: config.Origins, Proxies: config.Proxies,
		Conns: config.Conns, ConnsPer: config.Each})
	if config.SignIn.Verifier != nil {
		s.revocations = revocation.New(config.SignIn.Ledger, log)
	}
	s.metrics = newMetrics(reg, s)
	reg.MustRegister(newHubCollector(h))
	s.shared = &conn.Shared{Clock: clock, Log: log, Metrics: conn.NewMetrics(reg), Stopping: s.closing,
		Expired: session.ErrExpired}
	s.sessions = &session.Shared{Hub: h, Clock: clock, Log: log, Metrics: session.NewMetrics(reg),
		Verifier: config.SignIn.Verifier, Revocations: s.revocations, Failures: admission.NewFailures(),
		Guests: config.Anonymous, TTL: config.TTL, Posts: config.Posts, Per: config.Per}
	return s
}

// Listener returns a listener over l whose connections are closed with a lingering close. Serve the Handler on it, and call
// Drain in the end.
func (s *Server) Listener(l net.Listener) net.Listener { return s.lines.Listener(l) }

// Drain waits until every network connection that was closed has ended, or until ctx is done, and then cuts the rest. Call
// it once the HTTP server is closed: a connection that is closed later does not linger.
func (s *Server) Drain(ctx context.Context) error { return s.lines.Drain(ctx) }

// closing reports whether the server stops.
func (s *Server) closing() bool { return s.phase.Load() != serving }

// begin makes Close wait for one more connection, until running.Done. It returns false if the server is closing.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing() {
		return false
	}
	s.running.Add(1)
	return true
}

// add registers a connection, which has begun. If the server is closing meanwhile, add treats it as Close does the others.
func (s *Server) add(e entry) {
	s.mu.Lock()
	s.conns[e.conn] = e
	phase := s.phase.Load()
	if phase >= leaving {
		s.restartLocked(e.conn)
	}
	s.mu.Unlock()
	if phase == aborting {
		e.conn.Abort()
	}
}

// remove removes a connection that has ended, and frees its slot.
func (s *Server) remove(c *conn.Conn) {
	s.mu.Lock()
	e := s.conns[c]
	delete(s.conns, c)
	s.mu.Unlock()
	s.giveUp(e.slot)
}

// giveUp undoes admit for a request that did not become a connection, or whose connection has ended.
func (s *Server) giveUp(slot admission.Slot) {
	slot.Free()
	s.running.Done()
}

// snapshot returns the open connections.
func (s *Server) snapshot() []entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries := make([]entry, 0, len(s.conns))
	for _, e := range s.conns {
		entries = append(entries, e)
	}
	return entries
}
