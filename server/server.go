// Package server is Mayfly's public HTTP surface: the WebSocket, the poll for where there is none, the session on either,
// the pages that it is handed, and what operators and clients ask beside them. What a message is and who gets it is
// package hub's business; what the pages are is package web's.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/admission"
	"mayfly/server/hub"
	"mayfly/server/revocation"
	"mayfly/shared/wire"
)

// Config is what a Server needs to know.
type Config struct {
	Version string             // of the program, for clients
	Origins *admission.Origins // that may use this server from a browser
	Conns   int                // WebSockets and polls at once
	Each    int                // and from one address
	Proxies admission.Proxies  // that say where a request comes from
	TTL     wire.TTL

	SignIn    SignIn
	Anonymous Anonymous

	Posts  int // accepted posts a user may make
	Per    time.Duration
	Pages  http.Handler                    // everything that is not the server's own
	Secure func(http.Handler) http.Handler // puts the security headers on every answer
	Ready  func(context.Context) error     // nil when the stream answers
}

// Server serves one node. Its Handler may be used at once; Run keeps its connections alive.
type Server struct {
	config  Config          // static
	hub     *hub.Hub        // static
	clock   *hub.Clock      // static; the hub's
	log     *slog.Logger    // static
	gate    *admission.Gate // static; its slots are those of conns, and of upgrades under way
	metrics *metrics        // static

	revocations *revocation.Revocations // static; nil: there is no sign-in
	failures    *admission.Failures     // static

	lines   *lines         // static
	running sync.WaitGroup // conns, from before the upgrade until run has returned

	phase atomic.Int32 // one of those below; set under mu

	mu    sync.Mutex // guards what follows
	conns map[*conn]struct{}
}

// The phases of a server's life.
const (
	serving  int32 = iota
	settling       // no connection begins, and no frame is handled, any more
	leaving        // every connection is told to end
	cutting        // and is cut if it has not
)

func (s *Server) closing() bool { return s.phase.Load() != serving }

// New returns a server that hands what people send to h, whose clock is clock. Its metrics and the hub's are registered
// with reg.
func New(config Config, h *hub.Hub, clock *hub.Clock, reg prometheus.Registerer, log *slog.Logger) *Server {
	s := &Server{config: config, hub: h, clock: clock, log: log, failures: admission.NewFailures(),
		gate: admission.NewGate(admission.Config{Origins: config.Origins, Proxies: config.Proxies, Conns: config.Conns, ConnsPer: config.Each}), lines: newLines(),
		conns: map[*conn]struct{}{}}
	if config.SignIn.Verifier != nil {
		s.revocations = revocation.New(config.SignIn.Ledger, log)
	}
	s.metrics = newMetrics(reg, s)
	reg.MustRegister(newHubCollector(h))
	return s
}

// Handler returns the whole public HTTP surface.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws", s.serveSocket)
	mux.HandleFunc("POST /poll", s.servePoll)
	mux.HandleFunc("OPTIONS /poll", s.servePreflight)
	mux.HandleFunc("GET /healthz", s.serveHealth)
	mux.HandleFunc("GET /readyz", s.serveReady)
	mux.HandleFunc("GET /config.json", s.serveConfig)
	mux.Handle("/", s.config.Origins.GuardHost(s.config.Pages))
	return s.config.Secure(mux)
}

// restartSpread is how far apart clients are told to come back after a restart: this for each thousand of them, so that
// they don't all come at once, between the two bounds.
const (
	restartSpread    = 2 * time.Second
	restartSpreadMin = time.Second
	restartSpreadMax = 20 * time.Second
	restartFirst     = 500 * time.Millisecond // until the first may come back

	// byeReserve is how much of the time for a stop is left for the goodbyes, however long the stream goes on.
	byeReserve = 10 * time.Second
)

// Close handles no more frames, waits until what was posted is answered and on its way to everyone, says bye to every
// connection and waits until each has ended. A client is waited for as long as it takes bytes, until ctx is done. New
// connections get 503. The error names each step that did not end as it should.
func (s *Server) Close(ctx context.Context) error {
	s.enter(settling)
	s.gate.Close()
	err := s.drainHub(ctx)
	s.mu.Lock()
	s.phase.Store(leaving)
	for c := range s.conns {
		s.restartLocked(c)
	}
	s.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		s.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return err
	case <-ctx.Done():
	}
	s.enter(cutting)
	for _, c := range s.snapshot() {
		c.carrier.cut()
	}
	<-ended
	return errors.Join(err, errors.New("connections did not end in time and were cut"))
}

// drainHub drains the hub, and gives up early enough before the deadline of ctx for every client to be told goodbye.
func (s *Server) drainHub(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-byeReserve))
		defer cancel()
	}
	return s.hub.Drain(ctx)
}

func (s *Server) enter(phase int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phase.Store(phase)
}

// restartLocked tells c that the server restarts: to end, and to come back later.
func (s *Server) restartLocked(c *conn) {
	spread := restartSpread * time.Duration(len(s.conns)) / 1000
	spread = min(max(spread, restartSpreadMin), restartSpreadMax)
	retry := restartFirst + rand.N(spread)
	c.leave(bye(wire.Bye{Code: wire.CodeRestart, Message: "The server is restarting.", RetryMS: retry.Milliseconds()}))
}

// admit admits a request that wants to become a connection, or writes why not and counts that in rejected. The caller must
// call remove or giveUp.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, rejected *prometheus.CounterVec) (admission.Slot, bool) {
	slot, rejection := s.gate.Admit(r)
	if rejection == nil && !s.begin() {
		slot.Free()
		rejection = admission.Stopping
	}
	if rejection != nil {
		reject(w, rejection, rejected)
		return slot, false
	}
	return slot, true
}

// giveUp undoes admit for a request that does not become a connection.
func (s *Server) giveUp(slot admission.Slot) {
	slot.Free()
	s.running.Done()
}

// reject writes and counts a rejection.
func reject(w http.ResponseWriter, rejection *admission.Rejection, rejected *prometheus.CounterVec) {
	rejected.WithLabelValues(string(rejection.Reason)).Inc()
	rejection.Write(w)
}

// begin makes Close wait for one connection more, until remove or give up, unless the server is closing.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing() {
		return false
	}
	s.running.Add(1)
	return true
}

// add registers c, which has begun. A server that is closing meanwhile treats it as the others.
func (s *Server) add(c *conn) {
	s.mu.Lock()
	s.conns[c] = struct{}{}
	phase := s.phase.Load()
	if phase >= leaving {
		s.restartLocked(c)
	}
	s.mu.Unlock()
	if phase == cutting {
		c.carrier.cut()
	}
}

func (s *Server) remove(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	c.slot.Free()
	s.running.Done()
}

func (s *Server) snapshot() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	conns := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	return conns
}

// welcome is what every client is told first.
func (s *Server) welcome(conn string, user wire.User, role hub.Role) wire.Welcome {
	return wire.Welcome{
		Conn: conn, User: user, MayPost: role >= hub.Writer, TTL: s.config.TTL,
		Limits: wire.Limits{Text: wire.MaxText, Message: wire.MaxMessage, Rooms: wire.MaxRooms,
			Posts: int64(s.config.Posts), PerMS: s.config.Per.Milliseconds()},
		BeatMS: wire.BeatEvery.Milliseconds(),
	}
}

// byeError ends a connection with a word of goodbye.
type byeError struct{ wire.Bye }

func (e byeError) Error() string { return fmt.Sprintf("bye %s: %s", e.Code, e.Message) }

func bye(b wire.Bye) error { return byeError{b} }
