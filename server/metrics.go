package server

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"mayfly/server/admission"
	"mayfly/server/revocation"
)

// metrics are the counters of this package. Packages auth, conn, names, network, session and stream register their own
// metrics; those of the hub are in hub_metrics.go. For each label, newMetrics creates a series for every value of the
// label, with the count 0. So a dashboard shows a series even before something was counted in it.
type metrics struct {
	opened          prometheus.Counter
	upgradesRefused *prometheus.CounterVec // requests that asked for a WebSocket and did not get one, by reason
	polls           prometheus.Counter
	pollsRefused    *prometheus.CounterVec // rejected polls, by reason
}

// newMetrics returns the counters and registers them with reg, together with gauges that read gate, open and
// revocations. revocations is nil if sign-in is not set up.
func newMetrics(reg prometheus.Registerer, gate *admission.Gate, open *list, revocations *revocation.Revocations) *metrics {
	auto := promauto.With(reg)
	gauge := func(name, help string, value func() int) {
		auto.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
	}
	gauge("mayfly_connections", "WebSockets that are open or being opened, and polls that are being answered.", gate.Taken)
	gauge("mayfly_connections_signed_in", "The mayfly_connections that belong to people who are signed in.",
		open.count(func(e *entry) bool { return e.session.SignedIn() }))
	gauge("mayfly_polls", "The mayfly_connections that are polls.", open.count(func(e *entry) bool { return e.poll }))
	gauge("mayfly_signouts_waiting", "Facts about sign-outs that are not stored yet.", func() int {
		if revocations == nil {
			return 0
		}
		return revocations.Waiting()
	})
	for _, problem := range admission.ProxyProblems {
		auto.NewGaugeFunc(prometheus.GaugeOpts{Name: "mayfly_proxy_problems",
			Help:        "1 while requests show this problem with a proxy before the server, else 0.",
			ConstLabels: prometheus.Labels{"problem": string(problem)}}, func() float64 {
			if gate.Check.Found(problem) {
				return 1
			}
			return 0
		})
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
