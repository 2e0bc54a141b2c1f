package server

import (
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
		http.Error(w, "This page's origin may not use this server. Its operator can allow it with -origins.", http.StatusForbidden)
		return
	}
	if s.count.Add(1) > int64(s.config.Conns) || s.isClosing() {
		s.count.Add(-1)
		w.Header().Set("Retry-After", retryAfter)
		http.Error(w, "This server takes no more connections now. Try again soon.", http.StatusServiceUnavailable)
		return
	}
	if !offers(r, wire.Subprotocol) {
		s.count.Add(-1)
		http.Error(w, "Open a WebSocket that offers the subprotocol "+wire.Subprotocol+".", http.StatusBadRequest)
		return
	}
	// The origin was checked above: the library would compare it with Host, which proves nothing.
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, Subprotocols: []string{wire.Subprotocol}})
	if err != nil {
		s.count.Add(-1)
		s.log.Debug("no upgrade", "err", err)
		return
	}
	ws.SetReadLimit(wire.MaxMessage)
	c := newConn(s, ws)
	if !s.add(c) {
		s.count.Add(-1)
		go ws.CloseNow() //nolint:errcheck // it can wait, and nobody cares
		return
	}
	go c.run()
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
