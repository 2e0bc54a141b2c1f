package server

import (
	"errors"
	"net/http"
	"net/netip"

	"github.com/prometheus/client_golang/prometheus"
)

// retryAfter is what a client without a place is told, in seconds.
const retryAfter = "5"

const (
	originMessage   = "This page's origin may not use this server. Its operator can allow it with -origins."
	stoppingMessage = "This server is stopping. Try again soon."
)

// admit takes a place for the address that r comes from, which is to be freed, or turns r away and counts why in turned.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, turned *prometheus.CounterVec) (from netip.Addr, ok bool) {
	if !s.config.Origins.allows(r) {
		turnAway(w, turned, turnedOrigin, http.StatusForbidden, originMessage)
		return from, false
	}
	if s.closing() {
		turnAway(w, turned, turnedStopping, http.StatusServiceUnavailable, stoppingMessage)
		return from, false
	}
	from = s.config.Proxies.client(r)
	switch err := s.places.take(from); {
	case errors.Is(err, errNoPlaceForThem):
		turnAway(w, turned, turnedAddress, http.StatusTooManyRequests, "Your network has as many connections here as one may have. Close some, or try again soon.")
		return from, false
	case err != nil:
		turnAway(w, turned, turnedConns, http.StatusServiceUnavailable, "This server takes no more connections now. Try again soon.")
		return from, false
	}
	return from, true
}

// turnAway answers a request that does not become a connection.
func turnAway(w http.ResponseWriter, turned *prometheus.CounterVec, reason string, status int, message string) {
	turned.WithLabelValues(reason).Inc()
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", retryAfter)
	}
	http.Error(w, message, status)
}
