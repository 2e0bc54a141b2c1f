package conn

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

// Metrics are the metrics of all connections of a node. NewMetrics creates a series for every value of a label, with the
// count 0, so that each series exists before its first event. An unknown code counts as "other", so the number of series
// is fixed.
type Metrics struct {
	byes    *prometheus.CounterVec // connections that ended with a bye, by the code of the bye
	known   map[wire.Code]bool     // static; the codes that have a label value of their own in byes
	slow    prometheus.Counter     // frames that were dropped because their queue was full
	expired prometheus.Counter     // frames that were dropped because their message expired in a queue
}

// NewMetrics registers the metrics with reg.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	auto := promauto.With(reg)
	dropped := auto.NewCounterVec(prometheus.CounterOpts{Name: "mayfly_frames_dropped_total",
		Help: "Frames that were not written: their connection's queue was full (slow), " +
			"or their message expired in it (expired)."}, []string{"reason"})
	m := &Metrics{
		byes: auto.NewCounterVec(prometheus.CounterOpts{Name: "mayfly_byes_total",
			Help: "Connections that the server ended, by the code of its goodbye."}, []string{"code"}),
		slow: dropped.WithLabelValues("slow"), expired: dropped.WithLabelValues("expired"),
		known: map[wire.Code]bool{},
	}
	m.byes.WithLabelValues(string(hub.CodeOther))
	for _, code := range wire.ByeCodes {
		m.known[code] = true
		m.byes.WithLabelValues(string(code))
	}
	return m
}

// countBye counts a connection that ends with a bye. code is the code of that bye.
func (m *Metrics) countBye(code wire.Code) {
	if !m.known[code] {
		code = hub.CodeOther
	}
	m.byes.WithLabelValues(string(code)).Inc()
}
