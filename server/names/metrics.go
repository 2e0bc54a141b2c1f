package names

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// The results of a lookup in a source of names, as metrics label them.
const (
	lookedFound   = "found"
	lookedNobody  = "nobody"  // the source does not know the user, or does not answer about the user
	lookedRefused = "refused" // the source rejects our token
	lookedLimited = "limited" // the source asks us to wait
	lookedFailed  = "failed"
)

// metrics are the metrics of this package.
type metrics struct {
	lookups *prometheus.CounterVec // by source and result
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{lookups: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
		Name: "mayfly_auth_profile_requests_total",
		Help: "Requests for a person's name or status, by source and result."}, []string{"source", "result"})}
	for _, source := range []string{sourceOkta, sourceUserinfo} {
		for _, result := range []string{lookedFound, lookedNobody, lookedRefused, lookedLimited, lookedFailed} {
			m.lookups.WithLabelValues(source, result)
		}
	}
	return m
}
