package names

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// These are the values of the label "result" of metrics.lookups. Each says how one request to a source of names (Okta or
// userinfo) has ended.
const (
	lookedFound   = "found"   // the source has answered about the user
	lookedNobody  = "nobody"  // the source does not know the user, or userinfo refuses the user's own access token
	lookedRefused = "refused" // the source rejects our API token
	lookedLimited = "limited" // the source asks us to wait, because we have sent too many requests
	lookedFailed  = "failed"  // the request failed for any other reason
)

// metrics are the metrics of this package.
type metrics struct {
	lookups *prometheus.CounterVec // requests for a user's name or status, by source and result
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
