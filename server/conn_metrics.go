package server

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"mayfly/server/admission"
)

// metrics are the metrics of this package. For each label, newMetrics creates a series for every value of the label, with
// the count 0. So a dashboard shows a series even before its first event.
type metrics struct {
	opened          prometheus.Counter
	upgradesRefused *prometheus.CounterVec // requests that asked for a WebSocket and did not get one, by reason
	polls           prometheus.Counter
	pollsRefused    *prometheus.CounterVec // rejected polls, by reason
}

func newMetrics(reg prometheus.Registerer, s *Server) *metrics {
	auto := promauto.With(reg)
	gauge := func(name, help string, value func() int) {
		auto.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
	}
	gauge("mayfly_connections", "WebSockets that are open or being opened, and polls that are being answered.", s.gate.Taken)
	gauge("mayfly_connections_signed_in", "The mayfly_connections that belong to people who are signed in.",
		s.count(func(e *entry) bool { return e.session.SignedIn() }))
	gauge("mayfly_polls", "The mayfly_connections that are polls.", s.count(func(e *entry) bool { return e.poll }))
	gauge("mayfly_signouts_waiting", "Facts about sign-outs that are not stored yet.", s.signOutsWaiting)
	for _, problem := range admission.ProxyProblems {
		auto.NewGaugeFunc(prometheus.GaugeOpts{Name: "mayfly_proxy_problems",
			Help:        "1 while requests show this problem with a proxy before the server, else 0.",
			ConstLabels: prometheus.Labels{"problem": string(problem)}}, func() float64 { return s.problems(problem) })
	}
	m := &metrics{
		opened: auto.NewCounter(prometheus.CounterOpts{Name: "mayfly_connections_total",
			Help: "WebSockets that were opened."}),
		upgradesRefused: auto.NewCounterVec(prometheus.CounterOpts{Name: "mayfly_upgrades_refused_total",
			Help: "Requests that did not become a WebSocket, by reason."}, []string{"reason"}),
		polls: auto.NewCounter(prometheus.CounterOpts{Name: "mayfly_polls_total", Help: "Polls that were taken."}),
		pollsRefused: auto.NewCounterVec(prometheus.CounterOpts{Name: "mayfly_polls_refused_total",
			Help: "Polls that were turned away, by reason."}, []string{"reason"}),
	}
	for _, reason := range []admission.Reason{admission.ReasonOrigin, admission.ReasonStopping, admission.ReasonConns,
		admission.ReasonAddress, admission.ReasonSubprotocol, admission.ReasonHandshake} {
		m.upgradesRefused.WithLabelValues(string(reason))
	}
	for _, reason := range []admission.Reason{admission.ReasonOrigin, admission.ReasonStopping, admission.ReasonConns,
		admission.ReasonAddress, admission.ReasonType, admission.ReasonSize} {
		m.pollsRefused.WithLabelValues(string(reason))
	}
	return m
}

// count returns a function that counts the open connections for which match returns true.
func (s *Server) count(match func(*entry) bool) func() int {
	return func() (n int) {
		for _, e := range s.snapshot() {
			if match(e) {
				n++
			}
		}
		return n
	}
}

// problems returns 1 while the requests of clients show that a proxy before this server has the problem p. Otherwise it
// returns 0.
func (s *Server) problems(p admission.ProxyProblem) float64 {
	if s.gate.Check.Found(p) {
		return 1
	}
	return 0
}

// signOutsWaiting returns how many facts about sign-outs are not stored in the ledger yet. It returns 0 if sign-in is not
// set up.
func (s *Server) signOutsWaiting() int {
	if s.revocations == nil {
		return 0
	}
	return s.revocations.Waiting()
}
