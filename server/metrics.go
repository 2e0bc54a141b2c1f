package server

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"mayfly/server/admission"
	"mayfly/server/auth"
	"mayfly/server/hub"
	"mayfly/shared/wire"
)

// metrics are what this package counts. Every label value there can be is there from the start, at 0, and whatever is none
// of them counts as "other": nothing that a client sends becomes one.
type metrics struct {
	opened  prometheus.Counter
	byes    *prometheus.CounterVec // by code
	known   map[wire.Code]bool     // codes of byes; static
	slow    prometheus.Counter     // frames that found no room in a queue
	expired prometheus.Counter     // frames whose message expired in a queue

	upgradesRefused *prometheus.CounterVec // by reason

	polls        prometheus.Counter
	pollsRefused *prometheus.CounterVec // by reason

	signInsRefused *prometheus.CounterVec // by reason
	signOuts       prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, s *Server) *metrics {
	auto := promauto.With(reg)
	gauge := func(name, help string, value func() int) {
		auto.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
	}
	gauge("mayfly_connections", "WebSockets that are open or being opened, and polls that are being answered.", s.gate.Taken)
	gauge("mayfly_connections_signed_in", "Those of them that belong to people who are signed in.", s.signedIn)
	gauge("mayfly_polls", "Those of them that are polls.", s.polling)
	gauge("mayfly_signouts_waiting", "What is to be kept about sign-outs, and is not yet.", s.signOutsWaiting)
	dropped := auto.NewCounterVec(prometheus.CounterOpts{Name: "mayfly_frames_dropped_total",
		Help: "Frames that were not written: their connection's queue was full (slow), or their message expired in it (expired)."}, []string{"reason"})
	m := &metrics{
		opened: auto.NewCounter(prometheus.CounterOpts{Name: "mayfly_connections_total", Help: "WebSockets that were opened."}),
		upgradesRefused: auto.NewCounterVec(prometheus.CounterOpts{Name: "mayfly_upgrades_refused_total",
			Help: "Requests that did not become a WebSocket, by reason."}, []string{"reason"}),
		byes: auto.NewCounterVec(prometheus.CounterOpts{Name: "mayfly_byes_total",
			Help: "Connections that the server ended, by the code of its goodbye."}, []string{"code"}),
		slow: dropped.WithLabelValues("slow"), expired: dropped.WithLabelValues("expired"),
		known: map[wire.Code]bool{},
		signInsRefused: auto.NewCounterVec(prometheus.CounterOpts{Name: "mayfly_signins_refused_total",
			Help: "Sign-ins and renewals that were refused, and people who would have had to sign in, by reason."}, []string{"reason"}),
		polls: auto.NewCounter(prometheus.CounterOpts{Name: "mayfly_polls_total", Help: "Polls that were taken."}),
		pollsRefused: auto.NewCounterVec(prometheus.CounterOpts{Name: "mayfly_polls_refused_total",
			Help: "Polls that were turned away, by reason."}, []string{"reason"}),
		signOuts: auto.NewCounter(prometheus.CounterOpts{Name: "mayfly_signouts_total", Help: "Sign-outs that people asked this node for."}),
	}
	m.signInsRefused.WithLabelValues(string(wire.CodeBusy))
	for _, reason := range wire.Reasons {
		m.signInsRefused.WithLabelValues(string(reason))
	}
	for _, reason := range []admission.Reason{admission.ReasonOrigin, admission.ReasonStopping, admission.ReasonConns,
		admission.ReasonAddress, admission.ReasonSubprotocol, admission.ReasonHandshake} {
		m.upgradesRefused.WithLabelValues(string(reason))
	}
	for _, reason := range []admission.Reason{admission.ReasonOrigin, admission.ReasonStopping, admission.ReasonConns,
		admission.ReasonAddress, admission.ReasonType, admission.ReasonSize} {
		m.pollsRefused.WithLabelValues(string(reason))
	}
	m.byes.WithLabelValues(string(hub.CodeOther))
	for _, code := range wire.ByeCodes {
		m.known[code] = true
		m.byes.WithLabelValues(string(code))
	}
	return m
}

// signInRefused counts a sign-in by its reason, or as busy, which has none.
func (m *metrics) signInRefused(e *auth.Error) {
	reason := string(e.Reason)
	if !slices.Contains(wire.Reasons[:], e.Reason) {
		reason = string(wire.CodeBusy)
	}
	m.signInsRefused.WithLabelValues(reason).Inc()
}

// signedIn returns how many connections are of people who are signed in.
func (s *Server) signedIn() (n int) {
	for _, c := range s.snapshot() {
		if c.signIn.Load() != nil {
			n++
		}
	}
	return n
}

// polling returns how many connections are polls.
func (s *Server) polling() (n int) {
	for _, c := range s.snapshot() {
		if _, ok := c.carrier.(*poll); ok {
			n++
		}
	}
	return n
}

func (s *Server) signOutsWaiting() int {
	if s.revocations == nil {
		return 0
	}
	return s.revocations.Waiting()
}

func (m *metrics) bye(code wire.Code) {
	if !m.known[code] {
		code = hub.CodeOther
	}
	m.byes.WithLabelValues(string(code)).Inc()
}

// hubCollector makes metrics of what the hub, which knows no Prometheus, has counted.
type hubCollector struct {
	hub   *hub.Hub
	plain []hubMetric
	codes *prometheus.Desc
}

type hubMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(hub.Stats) float64
}

func newHubCollector(h *hub.Hub) *hubCollector {
	metric := func(kind prometheus.ValueType, name, help string, value func(hub.Stats) float64) hubMetric {
		return hubMetric{prometheus.NewDesc(name, help, nil, nil), kind, value}
	}
	gauge, counter := prometheus.GaugeValue, prometheus.CounterValue
	return &hubCollector{
		hub: h,
		plain: []hubMetric{
			metric(gauge, "mayfly_rooms", "Rooms open on this node.",
				func(s hub.Stats) float64 { return float64(s.Rooms) }),
			metric(gauge, "mayfly_live_messages", "Messages that live in the rooms open on this node.",
				func(s hub.Stats) float64 { return float64(s.Messages) }),
			metric(gauge, "mayfly_live_messages_bytes", "Encoded bytes of the messages that live in the rooms open on this node.",
				func(s hub.Stats) float64 { return float64(s.Bytes) }),
			metric(counter, "mayfly_posts_accepted_total", "Posts that were stored.",
				func(s hub.Stats) float64 { return float64(s.Accepted) }),
			metric(counter, "mayfly_posts_repeated_total", "Posts that repeated an earlier one and stored nothing.",
				func(s hub.Stats) float64 { return float64(s.Repeated) }),
			metric(counter, "mayfly_deliveries_total", "Frames of rooms handed to members: a message to a room of 50 is 50, and so is its expiry.",
				func(s hub.Stats) float64 { return float64(s.Deliveries) }),
			metric(counter, "mayfly_messages_expired_total", "Messages taken away because their time was up.",
				func(s hub.Stats) float64 { return float64(s.Expired) }),
		},
		codes: prometheus.NewDesc("mayfly_refusals_total", "Frames of clients that were refused, by code.", []string{"code"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *hubCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, m := range c.plain {
		descs <- m.desc
	}
	descs <- c.codes
}

// Collect implements prometheus.Collector.
func (c *hubCollector) Collect(metrics chan<- prometheus.Metric) {
	s := c.hub.Stats()
	for _, m := range c.plain {
		metrics <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(s))
	}
	for code, n := range s.Refused {
		metrics <- prometheus.MustNewConstMetric(c.codes, prometheus.CounterValue, float64(n), string(code))
	}
}
