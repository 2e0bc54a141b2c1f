package auth

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"mayfly/shared/wire"
)

// resultOK is the value of the label "result" for a good token, and for a successful fetch of the keys. For a refused token,
// the label is the reason of the refusal, or the code busy.
const resultOK = "ok"

// resultFailed is the value of the label "result" for a fetch of the keys that failed.
const resultFailed = "failed"

// metrics are the metrics of this package.
type metrics struct {
	tokens  *prometheus.CounterVec // how many tokens were checked, by the label "result"
	fetches *prometheus.CounterVec // how many times the keys were fetched, by the label "result"
}

func newMetrics(reg prometheus.Registerer) *metrics {
	auto := promauto.With(reg)
	m := &metrics{
		tokens: auto.NewCounterVec(prometheus.CounterOpts{Name: "mayfly_auth_tokens_total",
			Help: "Tokens checked, by result: ok, busy or the reason of the refusal."}, []string{"result"}),
		fetches: auto.NewCounterVec(prometheus.CounterOpts{Name: "mayfly_auth_key_fetches_total",
			Help: "Times that the issuer was asked for its keys."}, []string{"result"}),
	}
	for _, result := range []string{resultOK, string(wire.CodeBusy)} {
		m.tokens.WithLabelValues(result)
	}
	for reason := range sentences {
		m.tokens.WithLabelValues(string(reason))
	}
	for _, result := range []string{resultOK, resultFailed} {
		m.fetches.WithLabelValues(result)
	}
	return m
}

// countToken counts a token that was checked. refusal is nil for a good token.
func (m *metrics) countToken(refusal *Error) {
	switch {
	case refusal == nil:
		m.tokens.WithLabelValues(resultOK).Inc()
	case refusal.Reason == "":
		m.tokens.WithLabelValues(string(refusal.Code)).Inc()
	default:
		m.tokens.WithLabelValues(string(refusal.Reason)).Inc()
	}
}

// countFetch counts a fetch of the keys.
func (m *metrics) countFetch(err error) {
	result := resultOK
	if err != nil {
		result = resultFailed
	}
	m.fetches.WithLabelValues(result).Inc()
}
