package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/hub"
)

// hubCollector is a prometheus.Collector that makes metrics from hub.Stats. It is here because package hub must not
// import Prometheus.
type hubCollector struct {
	hub   *hub.Hub
	plain []hubMetric      // the metrics without labels
	codes *prometheus.Desc // the metric of the refused frames, with the label "code"
	acts  *prometheus.Desc // the metric of the acts of moderators, with the label "act"
}

// hubMetric is one metric without labels. The function in the field value takes the number to export from the statistics
// of the hub.
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
			metric(gauge, "mayfly_live_messages_bytes",
				"Encoded bytes of the messages that live in the rooms open on this node.",
				func(s hub.Stats) float64 { return float64(s.Bytes) }),
			metric(counter, "mayfly_posts_accepted_total", "Posts that were stored.",
				func(s hub.Stats) float64 { return float64(s.Accepted) }),
			metric(counter, "mayfly_posts_repeated_total", "Posts that repeated an earlier one and stored nothing.",
				func(s hub.Stats) float64 { return float64(s.Repeated) }),
			metric(counter, "mayfly_deliveries_total",
				"Frames of rooms handed to members: a message to a room of 50 is 50, and so is its expiry.",
				func(s hub.Stats) float64 { return float64(s.Deliveries) }),
			metric(counter, "mayfly_reactions_total", "Reactions that people gave or took away.",
				func(s hub.Stats) float64 { return float64(s.Reactions) }),
			metric(counter, "mayfly_removals_total", "Messages that people took back.",
				func(s hub.Stats) float64 { return float64(s.Removals) }),
			metric(counter, "mayfly_acts_repeated_total",
				"Reactions, removals and acts of moderators that changed nothing, because it was so already.",
				func(s hub.Stats) float64 { return float64(s.ActRepeats) }),
			metric(counter, "mayfly_messages_expired_total", "Messages taken away because their time was up.",
				func(s hub.Stats) float64 { return float64(s.Expired) }),
			metric(gauge, "mayfly_users", "Distinct users on this node.",
				func(s hub.Stats) float64 { return float64(s.Users) }),
			metric(gauge, "mayfly_nodes", "Other nodes that this node hears.",
				func(s hub.Stats) float64 { return float64(s.Nodes) }),
			metric(counter, "mayfly_presence_total", "How often the people in a room were told who came and went.",
				func(s hub.Stats) float64 { return float64(s.Presences) }),
			metric(counter, "mayfly_typing_total", "Signs of typing that were sent on.",
				func(s hub.Stats) float64 { return float64(s.Typing) }),
			metric(counter, "mayfly_typing_dropped_total", "Signs of typing that were dropped, because there were too many.",
				func(s hub.Stats) float64 { return float64(s.TypingDropped) }),
			metric(counter, "mayfly_renames_total", "Changes of a name that guests asked for.",
				func(s hub.Stats) float64 { return float64(s.Renames) }),
			metric(counter, "mayfly_banned_joins_total",
				"Joins that were refused because a moderator has banned the person.",
				func(s hub.Stats) float64 { return float64(s.Banned) }),
			metric(counter, "mayfly_signals_lost_total", "Signals between nodes that were lost.",
				func(s hub.Stats) float64 { return float64(s.SignalsLost) }),
		},
		codes: prometheus.NewDesc("mayfly_refusals_total", "Frames of clients that were refused, by code.",
			[]string{"code"}, nil),
		acts: prometheus.NewDesc("mayfly_moderations_total", "Acts of moderators that changed something, by act.",
			[]string{"act"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *hubCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, m := range c.plain {
		descs <- m.desc
	}
	descs <- c.codes
	descs <- c.acts
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
	for act, n := range s.Decisions {
		metrics <- prometheus.MustNewConstMetric(c.acts, prometheus.CounterValue, float64(n), act)
	}
}
