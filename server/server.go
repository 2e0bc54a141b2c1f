// Package server is Mayfly's public HTTP server. It serves WebSockets, polls, the pages (a handler in Config), health
// checks and the configuration for clients. Admin returns a separate handler for operators, which has the metrics. The
// package keeps the list of open connections, and ends them when the process stops. Package admission decides which
// requests become connections, package conn carries their frames, and package session says what the frames mean.
// Package hub has the rooms and messages, and package web has the pages.
//
// Files, from the top down. A file refers only to files below it:
//   - admin, adminpage: what operators see
//   - routes, run, health: what a Server does with requests, how it starts and stops, and what it tells of itself
//   - server: the type Server, and how a connection comes into its list and leaves it
//   - wheel: when to look at which connection
//   - metrics, hub_metrics: what is counted
//   - connections, readiness: the list of open connections, and the checks of whether users can chat and sign in
//
// Locks: a goroutine that holds Server.mu may end a connection, which cancels the context of the connection and takes the
// lock of its queue. It takes no other lock of this program.
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
	"mayfly/server/audit"
	"mayfly/server/auth"
	"mayfly/server/conn"
	"mayfly/server/hub"
	"mayfly/server/ledger"
	"mayfly/server/revocation"
	"mayfly/server/session"
	"mayfly/shared/wire"
)

// Config says how a Server serves.
//
// It is one type because an operator chooses all of it, once, for one server.
type Config struct {
	Version string             // the version of the program, which clients read at /config.json
	Origins *admission.Origins // the origins whose pages may use this server from a browser
	Conns   int                // the most WebSockets and polls at the same time
	Each    int                // the most WebSockets and polls at the same time from one client address
	Proxies admission.Proxies  // the proxies whose X-Forwarded-For header the server believes
	TTL     wire.TTL           // how long messages may live; clients read it at /config.json and in Welcome

	SignIn    SignIn         // how users sign in
	Anonymous session.Policy // what guests may do
	Audit     *audit.Log     // gets refused sign-ins, and the limits that clients hit; nil: no log

	// The frame welcome tells clients Posts, Acts and Per. The hub applies its own limits (hub.Config).
	Posts  int                             // the most accepted posts of one user in any span of length Per
	Acts   int                             // the most acts and typing frames of one user in any span of length Per
	Per    time.Duration                   // the length of the span in which Posts and Acts are counted
	Pages  http.Handler                    // answers every request that no route of Server answers
	Secure func(http.Handler) http.Handler // adds the security headers to every answer
	Ready  func(context.Context) error     // returns nil if the stream answers; otherwise its error says why not
	// Warning returns what operators should solve although users can chat, "" if there is nothing. If Warning is nil,
	// there are no warnings.
	Warning func() string
}

// SignIn says how users sign in. If Verifier is nil, users cannot sign in.
type SignIn struct {
	Verifier session.Verifier
	Ledger   ledger.Store // where the nodes store revocations

	// Clients read the following fields at /config.json.
	Issuer, ClientID, Audience string
	Scopes                     []string
	AuthorizeParams            string         // more parameters of the authorization request, as a query
	Token                      auth.TokenKind // which token clients send
}

// Server is the public HTTP server of one node. Its Handler may be used as soon as New returns; Run keeps its
// connections alive.
type Server struct {
	config      Config                  // static
	hub         *hub.Hub                // static
	clock       *hub.Clock              // static; the hub uses it too
	log         *slog.Logger            // static
	metrics     *metrics                // static
	gate        *admission.Gate         // static; decides which requests become connections, and gives them their slots
	revocations *revocation.Revocations // static; nil if sign-in is not set up
	lines       *conn.Lines             // static; closes network connections slowly (lingering close)
	shared      *conn.Shared            // static; what all connections share
	sessions    *session.Shared         // static; what all sessions share
	ready       readiness               // static; answers /readyz

	looks // when Run looks at the open connections

	running sync.WaitGroup // counts connections: begin adds one, giveUp removes it; Close waits until none is left
	phase   atomic.Int32   // serving, settling, leaving or aborting; set under mu

	list // the open connections
}

// looks says when Run looks at which open connection.
type looks struct {
	wheel   wheel        // has every open connection, except those that Run looks at
	working atomic.Int64 // how many open connections have entry.greeted set
}

// The phases of a server, in their order. A new server is in the phase serving. Close brings it into the next phases,
// one after the other.
const (
	serving  int32 = iota
	settling       // the server accepts no new connection and handles no more frames
	leaving        // the server says bye on every connection
	aborting       // the server cuts every connection that has not ended
)

// New returns a server that passes the joins and posts of clients to h. clock must be the clock of h. New registers the
// metrics of the server and of the hub with reg.
func New(config Config, h *hub.Hub, clock *hub.Clock, reg prometheus.Registerer, log *slog.Logger) *Server {
	s := &Server{config: config, hub: h, clock: clock, log: log, lines: conn.NewLines(),
		list: list{conns: map[*conn.Conn]*entry{}}}
	s.wheel.start = time.Now()
	s.gate = admission.NewGate(admission.Config{Origins: config.Origins, Proxies: config.Proxies,
		Conns: config.Conns, ConnsPer: config.Each, Log: log})
	if config.SignIn.Verifier != nil {
		s.revocations = revocation.New(config.SignIn.Ledger, log)
	}
	s.ready = readiness{stopping: s.closing, stream: config.Ready, warning: config.Warning, verifier: config.SignIn.Verifier,
		revocations: s.revocations, guests: config.Anonymous != session.GuestsDenied}
	s.metrics = newMetrics(reg, s.gate, &s.list, s.revocations)
	reg.MustRegister(newHubCollector(h))
	s.shared = &conn.Shared{Clock: clock, Log: log, Metrics: conn.NewMetrics(reg),
		Writers: conn.NewWriters(), Stopping: s.closing, Expired: session.ErrExpired}
	s.sessions = &session.Shared{Hub: h, Clock: clock, Log: log, Metrics: session.NewMetrics(reg),
		Verifier: config.SignIn.Verifier, Revocations: s.revocations, Failures: admission.NewFailures(),
		Guests: config.Anonymous, TTL: config.TTL, Posts: config.Posts, Acts: config.Acts,
		Per: config.Per, Audit: config.Audit}
	return s
}

// Listener returns a listener that accepts the connections of l, and closes each of them with a lingering close (see
// conn.Lines). Serve the Handler on the returned listener, and call Drain after the HTTP server is closed.
func (s *Server) Listener(l net.Listener) net.Listener { return s.lines.Listener(l) }

// Drain waits for the network connections that are being closed slowly (lingering close, see conn.Lines). When ctx is
// done, it cuts those that are left. Call Drain only after the HTTP server is closed: a connection that is closed after
// the call of Drain is not closed slowly, so its client may lose the last bytes.
func (s *Server) Drain(ctx context.Context) error { return s.lines.Drain(ctx) }

// closing reports whether Close was called. If so, the server is stopping.
func (s *Server) closing() bool { return s.phase.Load() != serving }

// begin counts one more connection in s.running, so that Close waits for the connection. If the server is closing, begin
// counts nothing and returns false.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing() {
		return false
	}
	s.running.Add(1)
	return true
}

// add adds a connection to s.conns. The caller must have called begin. If Close has gone through s.conns already, it
// has missed this connection. Then add does for this connection what Close does: it says bye, and in the phase aborting
// it also cuts the connection.
func (s *Server) add(e *entry) {
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
	s.wheel.add(e, time.Now(), 0)
}

// remove removes an ended connection from conns, and frees its slot.
func (s *Server) remove(c *conn.Conn) {
	s.mu.Lock()
	e := s.conns[c]
	delete(s.conns, c)
	s.mu.Unlock()
	s.wheel.remove(e)
	if e.greeted.Swap(true) {
		s.working.Add(-1)
	}
	s.giveUp(e.slot)
}

// giveUp undoes admit: it frees the slot, and Close no longer waits for the connection. serveSocket calls giveUp for a
// request that did not become a connection. remove calls giveUp for a connection that has ended.
func (s *Server) giveUp(slot admission.Slot) {
	slot.Free()
	s.running.Done()
}
