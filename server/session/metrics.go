package session

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"mayfly/server/auth"
	"mayfly/shared/wire"
)

// Metrics are the metrics of all sessions of a node. NewMetrics creates a series for every label value, with the value 0. So
// every series exists from the start, before anything is counted.
type Metrics struct {
	signInsRefused *prometheus.CounterVec // refused sign-ins and renewals, by reason
	signOuts       prometheus.Counter
}

// NewMetrics registers the metrics with reg.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	auto := promauto.With(reg)
	m := &Metrics{
		signInsRefused: auto.NewCounterVec(prometheus.CounterOpts{Name: "mayfly_signins_refused_total",
			Help: "Sign-ins and renewals that were refused, and people who would have had to sign in, by reason."},
			[]string{"reason"}),
		signOuts: auto.NewCounter(prometheus.CounterOpts{Name: "mayfly_signouts_total",
			Help: "Sign-outs that people asked this node for."}),
	}
	m.signInsRefused.WithLabelValues(string(wire.CodeBusy))
	for _, reason := range wire.Reasons {
		m.signInsRefused.WithLabelValues(string(reason))
	}
	return m
}

// countRefusal counts a refused sign-in by the reason in e, and returns the reason. If e has no reason, because the server
// could not check the token, it counts the refusal as "busy".
func (m *Metrics) countRefusal(e *auth.Error) (reason string) {
	reason = string(e.Reason)
	if !slices.Contains(wire.Reasons[:], e.Reason) {
		reason = string(wire.CodeBusy)
	}
	m.signInsRefused.WithLabelValues(reason).Inc()
	return reason
}
