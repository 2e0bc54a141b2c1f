package conn

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

// Metrics are the metrics of all connections of a node. Every label value is there from the start, at 0. An unknown code
// counts as "other", so no client can make up a label.
type Metrics struct {
	byes    *prometheus.CounterVec // by code
	known   map[wire.Code]bool     // codes of byes; static
	slow    prometheus.Counter     // frames that found no room in a queue
	expired prometheus.Counter     // frames whose message expired in a queue
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

// countBye counts a connection that ends with code.
func (m *Metrics) countBye(code wire.Code) {
	if !m.known[code] {
		code = hub.CodeOther
	}
	m.byes.WithLabelValues(string(code)).Inc()
}
