package server

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/coder/websocket"

	"mayfly/shared/wire"
)

// retryAfter is what a client without a place is told, in seconds.
const retryAfter = "5"

// serveSocket upgrades a request to a connection and returns: the connection runs on, without the handler's stack.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	if !s.config.Origins.allows(r) {
		s.turnAway(w, turnedOrigin, http.StatusForbidden, "This page's origin may not use this server. Its operator can allow it with -origins.")
		return
	}
	if s.closing.Load() {
		s.turnAway(w, turnedStopping, http.StatusServiceUnavailable, "This server is stopping. Try again soon.")
		return
	}
	from := s.config.Proxies.client(r)
	if err := s.places.take(from); errors.Is(err, errNoPlaceForThem) {
		s.turnAway(w, turnedAddress, http.StatusTooManyRequests, "Your network has as many connections here as one may have. Close some, or try again soon.")
		return
	} else if err != nil {
		s.turnAway(w, turnedConns, http.StatusServiceUnavailable, "This server takes no more connections now. Try again soon.")
		return
	}
	seated := false
	defer func() { // whatever becomes of the upgrade: a place that were lost would be lost for good
		if !seated {
			s.places.free(from)
		}
	}()
	if !offers(r, wire.Subprotocol) {
		s.turnAway(w, turnedSubprotocol, http.StatusBadRequest, "Open a WebSocket that offers the subprotocol "+wire.Subprotocol+".")
		return
	}
	// The origin was checked above: the library would compare it with Host, which proves nothing.
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, Subprotocols: []string{wire.Subprotocol}})
	if err != nil {
		s.metrics.turned(turnedHandshake)
		s.log.Debug("no upgrade", "err", err)
		return
	}
	ws.SetReadLimit(wire.MaxMessage)
	c := newConn(s, ws, from)
	if seated = s.add(c); !seated {
		s.metrics.turned(turnedStopping)
		go ws.CloseNow() //nolint:errcheck // it can wait, and nobody cares
		return
	}
	go c.run()
}

// turnAway answers a request that is not upgraded.
func (s *Server) turnAway(w http.ResponseWriter, reason string, status int, message string) {
	s.metrics.turned(reason)
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", retryAfter)
	}
	http.Error(w, message, status)
}

// offers reports whether the client named the subprotocol, exactly.
func offers(r *http.Request, subprotocol string) bool {
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		if slices.ContainsFunc(strings.Split(line, ","), func(p string) bool { return strings.TrimSpace(p) == subprotocol }) {
			return true
		}
	}
	return false
}
