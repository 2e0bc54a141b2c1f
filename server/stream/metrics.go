package stream

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"mayfly/server/hub"
)

// The values of the label "kind" of mayfly_stream_append_failures_total.
const (
	failedFull    = "full"    // the room or the stream is full
	failedTimeout = "timeout" // JetStream did not answer in time
	failedBusy    = "busy"    // too many appends have no answer
	failedOther   = "other"
)

// metrics are the metrics of this package.
type metrics struct {
	appended prometheus.Histogram   // how long successful appends took, in seconds
	failed   *prometheus.CounterVec // failed appends, counted by the label "kind"
	gaps     prometheus.Counter     // how many times a follower missed messages
	reread   prometheus.Counter     // messages that followers read again
}

func newMetrics(reg prometheus.Registerer) *metrics {
	auto := promauto.With(reg)
	m := &metrics{
		appended: auto.NewHistogram(prometheus.HistogramOpts{Name: "mayfly_stream_append_seconds",
			Help:    "How long the stream took to store a message, failures not counted.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}}),
		failed: auto.NewCounterVec(prometheus.CounterOpts{Name: "mayfly_stream_append_failures_total",
			Help: "Messages that the stream did not store, by kind of failure."}, []string{"kind"}),
		gaps: auto.NewCounter(prometheus.CounterOpts{Name: "mayfly_stream_gaps_total",
			Help: "Times that a room's messages were missed and read again."}),
		reread: auto.NewCounter(prometheus.CounterOpts{Name: "mayfly_stream_reread_messages_total",
			Help: "Messages that came by reading a room again, not by themselves."}),
	}
	for _, kind := range []string{failedFull, failedTimeout, failedBusy, failedOther} {
		m.failed.WithLabelValues(kind)
	}
	return m
}

// timed wraps done, the callback of Append. The returned function measures the time since timed was called, counts the
// result, and then calls done.
func (m *metrics) timed(done func(hub.Receipt, error)) func(hub.Receipt, error) {
	began := time.Now()
	return func(receipt hub.Receipt, err error) {
		if err == nil {
			m.appended.Observe(time.Since(began).Seconds())
		} else {
			m.failed.WithLabelValues(kindOf(err)).Inc()
		}
		done(receipt, err)
	}
}

func kindOf(err error) string {
	switch {
	case errors.Is(err, hub.ErrFull):
		return failedFull
	case errors.Is(err, jetstream.ErrAsyncPublishTimeout), errors.Is(err, nats.ErrTimeout),
		errors.Is(err, context.DeadlineExceeded):
		return failedTimeout
	case errors.Is(err, jetstream.ErrTooManyStalledMsgs):
		return failedBusy
	default:
		return failedOther
	}
}
