package server

import (
	"context"
	"errors"
	"mime"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/admission"
	"mayfly/server/conn"
	"mayfly/server/session"
	"mayfly/shared/wire"
)

// Handler returns the handler of all public requests.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws", s.serveSocket)
	mux.HandleFunc("POST /poll", s.servePoll)
	mux.HandleFunc("OPTIONS /poll", s.servePreflight)
	mux.HandleFunc("GET /healthz", s.serveHealth)
	mux.HandleFunc("GET /readyz", s.ready.serve)
	mux.HandleFunc("GET /config.json", s.serveConfig)
	mux.Handle("/", s.gate.Check.Pages(s.config.Origins.GuardHost(s.config.Pages)))
	return s.config.Secure(mux)
}

// These are the answers to malformed requests: a WebSocket request without the subprotocol, and a poll of the wrong
// type or size. serveSocket and servePoll send them after admit has given the request a slot. All other rejections are
// in package admission.
var (
	noSubprotocol = &admission.Rejection{Reason: admission.ReasonSubprotocol, Status: http.StatusBadRequest,
		Message: "Open a WebSocket that offers the subprotocol " + wire.Subprotocol + "."}
	wrongType = &admission.Rejection{Reason: admission.ReasonType, Status: http.StatusUnsupportedMediaType,
		Message: "Send frames as " + wire.PollType + ", one JSON object a line."}
	tooLarge = &admission.Rejection{Reason: admission.ReasonSize, Status: http.StatusRequestEntityTooLarge,
		Message: "The frames of one poll have at most 64 KiB."}
)

// admit takes a slot for a request that is to become a connection. If admit returns true, the caller must free the slot
// later: with giveUp if the request does not become a connection, or with remove after the connection has ended. If the
// request is rejected, admit writes the rejection as the answer, counts it in the metric rejected, and returns false.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, rejected *prometheus.CounterVec) (admission.Slot, bool) {
	slot, rejection := s.gate.Admit(r)
	if rejection == nil && !s.begin() {
		slot.Free()
		rejection = admission.Stopping
	}
	if rejection != nil {
		if rejection.Reason == admission.ReasonConns || rejection.Reason == admission.ReasonAddress {
			s.config.Audit.Limit(string(rejection.Reason), "", slot.From.String(), "")
		}
		reject(w, rejection, rejected)
		return slot, false
	}
	return slot, true
}

// reject writes rejection as the answer to the request, and counts it in the metric that the caller has passed.
func reject(w http.ResponseWriter, rejection *admission.Rejection, rejected *prometheus.CounterVec) {
	rejected.WithLabelValues(string(rejection.Reason)).Inc()
	rejection.Write(w)
}

// newSession returns the function that package conn calls when it has made a connection c. The function makes a session
// for c, stores both in e, and returns the session, which handles the frames of c.
func (e *entry) newSession(shared *session.Shared) func(*conn.Conn) conn.Handler {
	return func(c *conn.Conn) conn.Handler {
		e.conn, e.session = c, session.New(shared, c)
		return e.session
	}
}

// serveSocket upgrades a request to a WebSocket, starts to serve the connection on other goroutines, and returns. If
// serveSocket served the connection itself, the memory that net/http needs for a request would stay in use until the
// connection ends.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	slot, ok := s.admit(w, r, s.metrics.upgradesRefused)
	if !ok {
		return
	}
	upgraded := false
	defer func() { // also after a panic: otherwise no client could ever use this slot again
		if !upgraded {
			s.giveUp(slot)
		}
	}()
	if missing := conn.Missing(r); missing != nil {
		s.gate.Check.NotUpgraded(r, missing)
	}
	if !conn.Offers(r) {
		reject(w, noSubprotocol, s.metrics.upgradesRefused)
		return
	}
	e := &entry{slot: slot}
	socket, err := conn.Upgrade(w, r, s.shared, s.lines, slot.From, e.newSession(s.sessions))
	if err != nil {
		s.metrics.upgradesRefused.WithLabelValues(string(admission.ReasonHandshake)).Inc()
		s.log.Debug("no upgrade", "err", err)
		return
	}
	s.add(e)
	upgraded = true
	s.metrics.opened.Inc()
	socket.Start(func() { s.remove(socket.Conn) })
}

// servePoll answers a poll: one HTTP request that is a whole connection. The client's frames are in the body of the
// request, and the server's frames are in the answer.
func (s *Server) servePoll(w http.ResponseWriter, r *http.Request) {
	s.config.Origins.Share(w, r)
	slot, ok := s.admit(w, r, s.metrics.pollsRefused)
	if !ok {
		return
	}
	e := &entry{slot: slot, poll: true}
	p := conn.NewPoll(w, s.shared, slot.From, e.newSession(s.sessions))
	s.add(e)
	defer s.remove(p.Conn)
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != wire.PollType {
		reject(w, wrongType, s.metrics.pollsRefused)
		return
	}
	message, err := p.Read(r)
	if tooBig := (*http.MaxBytesError)(nil); errors.As(err, &tooBig) {
		reject(w, tooLarge, s.metrics.pollsRefused)
		return
	}
	s.metrics.polls.Inc()
	s.gate.Check.Polled()
	if err != nil {
		p.End(err)
	}
	defer context.AfterFunc(r.Context(), func() { p.End(r.Context().Err()) })()
	w.Header().Set("Content-Type", wire.PollType)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // asks nginx not to buffer the answer, which would delay the chat
	p.Run(message)
}

// servePreflight answers a CORS preflight request: the answer says whether a page of another origin may poll this server.
func (s *Server) servePreflight(w http.ResponseWriter, r *http.Request) {
	s.config.Origins.Share(w, r)
	if !s.config.Origins.Allow(r) {
		reject(w, admission.Foreign, s.metrics.pollsRefused)
		return
	}
	w.Header().Set("Access-Control-Allow-Methods", http.MethodPost)
	w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
	w.Header().Set("Access-Control-Max-Age", "7200")
	w.WriteHeader(http.StatusNoContent)
}
