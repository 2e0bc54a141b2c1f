package server_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"mayfly/server"
	"mayfly/server/hub"
	"mayfly/server/servertest"
	"mayfly/shared/wire"
)

// labels holds all values that the label of a metric may have, by metric.
var labels = map[string][]string{
	"mayfly_moderations_total":      {"mute", "ban", "lift", "clear", "slow", "ttl"},
	"mayfly_upgrades_refused_total": {"origin", "stopping", "conns", "address", "subprotocol", "handshake"},
	"mayfly_proxy_problems":         {"upgrade", "websockets", "host", "forwarded_for", "untrusted"},
	"mayfly_polls_refused_total":    {"origin", "stopping", "conns", "address", "type", "size"},
	"mayfly_byes_total":             {"restart", "busy", "slow", "timeout", "protocol", "rate", "auth", "forbidden", "other"},
	"mayfly_refusals_total": {"frame", "id", "room", "text", "gone", "emoji", "ttl", "rate", "full",
		"unavailable", "forbidden", "auth", "other"},
	"mayfly_frames_dropped_total": {"slow", "expired"},
	"mayfly_signins_refused_total": {"anonymous_off", "token_missing", "token_malformed", "token_alg", "token_type", "token_key_unknown",
		"token_signature", "token_issuer", "token_audience", "token_client", "token_expired", "token_lifetime", "token_not_yet_valid",
		"token_issued_in_future", "token_subject", "token_scope", "token_bound", "token_revoked", "identity_changed", "user_inactive", "busy"},
}

// gather returns every metric of Mayfly. The key is its name, followed by a space and the value of its label.
func (n *node) gather(t *testing.T) map[string]float64 {
	t.Helper()
	return servertest.Gather(t, n.metrics)
}

func (n *node) metric(t *testing.T, name, label string) float64 {
	t.Helper()
	return servertest.Metric(t, n.metrics, name, label)
}

// until waits until the metric has the value want.
func (n *node) until(t *testing.T, name string, want float64) {
	t.Helper()
	for deadline := time.Now().Add(testTimeout); n.metric(t, name, "") != want; {
		if time.Now().After(deadline) {
			t.Fatalf("%s never became %v", name, want)
		}
	}
}

// readAll reads until the connection ends.
func (c *client) readAll() {
	for {
		if _, err := c.read(); err != nil {
			return
		}
	}
}

// TestEveryMetricIsThereFromTheStart checks the names of the metrics and their labels, because dashboards and alerts use
// them.
func TestEveryMetricIsThereFromTheStart(t *testing.T) {
	var want []string
	for _, name := range []string{"connections", "connections_signed_in", "connections_total", "polls", "polls_total", "signouts_total", "signouts_waiting", "rooms", "live_messages", "live_messages_bytes", "posts_accepted_total",
		"posts_repeated_total", "deliveries_total", "messages_expired_total", "reactions_total", "removals_total",
		"acts_repeated_total", "users", "nodes", "presence_total", "typing_total", "typing_dropped_total", "renames_total",
		"signals_lost_total", "banned_joins_total"} {
		want = append(want, "mayfly_"+name)
	}
	for name, values := range labels {
		for _, v := range values {
			want = append(want, name+" "+v)
		}
	}
	all := start(t, 1).gather(t)
	for _, name := range want {
		if v, ok := all[name]; !ok || v != 0 {
			t.Errorf("%s is %v (there: %v), want 0", name, v, ok)
		}
	}
	if len(all) != len(want) {
		t.Errorf("%d metrics, want %d: %v", len(all), len(want), all)
	}
}

func TestMetricsMoveWithWhatHappens(t *testing.T) {
	n := startWith(t, func(c *server.Config) { c.Conns, c.Each, c.Proxies, c.Per = 3, 2, loopback(t), time.Hour })
	var ann, ben, cleo *client
	bytes := 0. // the bytes of the live messages
	posted := func(c *client) {
		t.Helper()
		bytes += float64(len(wire.EncodeMessage(expect[wire.Posted](c).Message)))
	}
	for _, tt := range []struct {
		name string
		do   func()
		want map[string]float64 // by how much each metric grows; all others stay the same
	}{
		{"two people come", func() { ann, ben = n.hello(t, testGuest, "lobby"), n.hello(t, "", "lobby") },
			map[string]float64{"mayfly_connections": 2, "mayfly_connections_total": 2, "mayfly_rooms": 1,
				"mayfly_users": 2}},
		{"a sign of typing", func() { ann.send(wire.Typing{Room: "lobby"}); expect[wire.Typing](ben) },
			map[string]float64{"mayfly_typing_total": 1, "mayfly_deliveries_total": 1}},
		{"another name", func() { ann.send(wire.Rename{Name: "Ann"}); expect[wire.Authed](ann) },
			map[string]float64{"mayfly_renames_total": 1}},
		{"another room", func() { ann.send(wire.Join{Room: "tea"}); expect[wire.Joined](ann) },
			map[string]float64{"mayfly_rooms": 1}},
		{"a post", func() { ann.send(post(1, "lobby")); expect[wire.Accepted](ann); expect[wire.Posted](ann); posted(ben) },
			map[string]float64{"mayfly_posts_accepted_total": 1, "mayfly_deliveries_total": 2, "mayfly_live_messages": 1}},
		{"a repeat", func() { ann.send(post(1, "lobby")); expect[wire.Accepted](ann) },
			map[string]float64{"mayfly_posts_repeated_total": 1}},
		{"a reaction, its repeat, and a removal with its repeat", func() {
			ann.send(wire.React{Room: "lobby", Seq: 1, Emoji: "👍"}, wire.React{Room: "lobby", Seq: 1, Emoji: "👍"})
			ann.send(post(9, "lobby"))
			expect[wire.Reacted](ann)
			expect[wire.Reacted](ann)
			bytes += float64(len(`{"emoji":"👍","by":["",]},` + expect[wire.Reacted](ben).User.ID))
			seq := expect[wire.Accepted](ann).Seq
			expect[wire.Posted](ann)
			expect[wire.Posted](ben)
			ann.send(wire.Remove{Room: "lobby", Seq: seq}, wire.Remove{Room: "lobby", Seq: seq})
			expect[wire.Removed](ann)
			expect[wire.Removed](ann)
			expect[wire.Removed](ben)
		}, map[string]float64{"mayfly_reactions_total": 1, "mayfly_removals_total": 1, "mayfly_acts_repeated_total": 2,
			"mayfly_posts_accepted_total": 1, "mayfly_deliveries_total": 6}},
		{"refusals", func() {
			ann.send(wire.Post{ID: "one", Room: "lobby", Text: "x"}, post(2, "attic"), wire.Join{Room: "No!"}, wire.Post{ID: post(3, "").ID, Room: "lobby"},
				wire.Post{ID: post(3, "").ID, Room: "lobby", Text: "x", TTL: 1})
			ann.write("{")
			for range 6 {
				expect[wire.Refused](ann)
			}
		}, map[string]float64{"mayfly_refusals_total id": 1, "mayfly_refusals_total room": 2, "mayfly_refusals_total text": 1,
			"mayfly_refusals_total ttl": 1, "mayfly_refusals_total frame": 1}},
		{"a stream that fails", func() {
			n.stream.FailAppends(hub.ErrFull)
			ann.send(post(4, "lobby"))
			expect[wire.Refused](ann)
			n.stream.FailAppends(fmt.Errorf("broken"))
			ann.send(post(4, "lobby"))
			expect[wire.Refused](ann)
			n.stream.FailAppends(nil)
		}, map[string]float64{"mayfly_refusals_total full": 1, "mayfly_refusals_total unavailable": 1}},
		{"too fast", func() {
			for i := range 19 { // two were posted
				ann.send(post(10+i, "tea"))
			}
			for range 18 {
				expect[wire.Accepted](ann)
				posted(ann)
			}
			expect[wire.Refused](ann)
		}, map[string]float64{"mayfly_posts_accepted_total": 18, "mayfly_deliveries_total": 18,
			"mayfly_refusals_total rate": 1,
			"mayfly_live_messages":       18}},
		{"a third, who misbehaves", func() {
			ws, _ := n.dialFrom(t, "192.0.2.1", "", wire.Subprotocol)
			c := &client{t: t, ws: ws}
			c.write("hello")
			c.expectEnd(wire.CodeProtocol)
			n.until(t, "mayfly_connections", 2)
		}, map[string]float64{"mayfly_byes_total protocol": 1, "mayfly_connections_total": 1}},
		{"requests turned away", func() {
			n.dialFrom(t, "127.0.0.1", "https://evil.example", wire.Subprotocol)
			n.dialFrom(t, "127.0.0.1", "", wire.Subprotocol)
			n.dialFrom(t, "192.0.2.1", "", "other")
			n.attempt(t, handshake("Sec-WebSocket-Version: 8\r\nX-Forwarded-For: 192.0.2.1"), false)
		}, map[string]float64{"mayfly_upgrades_refused_total origin": 1, "mayfly_upgrades_refused_total address": 1,
			"mayfly_upgrades_refused_total subprotocol": 1, "mayfly_upgrades_refused_total handshake": 1}},
		{"no more connections", func() {
			ws, _ := n.dialFrom(t, "192.0.2.1", "", wire.Subprotocol)
			cleo = &client{t: t, ws: ws}
			cleo.send(wire.Hello{})
			expect[wire.Welcome](cleo)
			n.dialFrom(t, "192.0.2.1", "", wire.Subprotocol)
		}, map[string]float64{"mayfly_connections": 1, "mayfly_connections_total": 1,
			"mayfly_upgrades_refused_total conns": 1,
			"mayfly_users":                        1}},
		{"an end", func() {
			closed := make(chan error, 1)
			go func() { closed <- n.server.Close(t.Context()) }()
			for _, c := range []*client{ann, ben, cleo} {
				c.readAll()
			}
			if err := <-closed; err != nil {
				t.Error(err)
			}
			n.dialFrom(t, "192.0.2.1", "", wire.Subprotocol)
		}, map[string]float64{"mayfly_connections": -3, "mayfly_byes_total restart": 3, "mayfly_upgrades_refused_total stopping": 1}},
	} {
		before := n.gather(t)
		tt.do()
		after := n.gather(t)
		for series, value := range after {
			if series == "mayfly_live_messages_bytes" {
				if value != bytes {
					t.Errorf("%s: %s is %v, want %v", tt.name, series, value, bytes)
				}
				continue
			}
			if got := value - before[series]; got != tt.want[series] {
				t.Errorf("%s: %s moved by %v, want %v", tt.name, series, got, tt.want[series])
			}
		}
	}
}

func TestASlowReaderIsCounted(t *testing.T) {
	onVirtualTime(t, func(t *testing.T, n *node) { // because a write that is stuck fails after a time
		slow := n.hello(t, "", "lobby")
		filled := 0
		for n.metric(t, "mayfly_frames_dropped_total", "slow") == 0 {
			if filled++; filled > 10_000 {
				t.Fatal("the queue never overflowed")
			}
			n.stream.AppendMessage("lobby", wire.Message{ID: fmt.Sprint(filled), Text: strings.Repeat("🪰", wire.MaxText), At: time.Now().UnixMilli(),
				Expires: time.Now().Add(time.Hour).UnixMilli()})
		}
		for { // the client reads again, and gets the bye
			f, err := slow.read()
			if err != nil {
				t.Fatal(err)
			}
			if b, ok := f.(wire.Bye); ok {
				if b.Code != wire.CodeSlow {
					t.Errorf("bye = %+v, want slow", b)
				}
				break
			}
		}
		if _, err := slow.read(); int(websocket.CloseStatus(err)) != wire.CloseFor(wire.CodeSlow) {
			t.Errorf("closed with %v, want %d", err, wire.CloseFor(wire.CodeSlow))
		}
		if dropped, byes := n.metric(t, "mayfly_frames_dropped_total", "slow"), n.metric(t, "mayfly_byes_total", "slow"); dropped != 1 || byes != 1 {
			t.Errorf("%v frames dropped, %v byes, want 1 of each", dropped, byes)
		}
	})
}

// TestClientsMakeNoLabels checks that nothing that a client sends becomes a label or a metric of its own.
func TestClientsMakeNoLabels(t *testing.T) {
	n := start(t, 100)
	before := n.gather(t)
	evil := `mayfly\"} 1\n# HELP x`
	for _, frames := range [][]string{
		{`{"type":"hello","client":"` + evil + `","guest":"` + testGuest + `","name":"` + evil + `","rooms":[{"room":"` + evil + `"},{"room":"x-1"}]}`,
			`{"type":"` + evil + `","code":"` + evil + `"}`, `{"type":"post","room":"` + evil + `","id":"` + evil + `","text":"x"}`,
			`{"type":"leave","room":"` + evil + `"}`, `{"type":"refused","code":"` + evil + `","message":"x"}`,
			`{"type":"post","room":1,"id":"` + evil + `"}`, `{"type":"bye","code":"` + evil + `"}`, `{"type":"hello"}`},
		{`{"type":"bye","code":"` + evil + `"}`},
		{`{"type":"hello","token":"` + evil + `"}`},
	} {
		c := n.dial(t)
		for _, f := range frames {
			c.write(f)
		}
		c.readAll()
	}
	n.dialFrom(t, "192.0.2.1", "https://"+strings.Repeat("evil.", 40)+"example", "evil")
	after := n.gather(t)
	if len(after) != len(before) {
		t.Errorf("%d metrics after hostile clients, %d before: %v", len(after), len(before), after)
	}
	for series := range after {
		name, label, labelled := strings.Cut(series, " ")
		if labelled && !slices.Contains(labels[name], label) {
			t.Errorf("%s has the label %q", name, label)
		}
	}
}

func TestAdmin(t *testing.T) {
	n := start(t, 1)
	warning, notReady := "", error(nil)
	admin := server.Admin(server.AdminConfig{Metrics: n.metrics,
		Ready: func(context.Context) (string, error) { return warning, notReady }})
	ready := func(want string) {
		t.Helper()
		w := httptest.NewRecorder()
		admin.ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
		if got := fmt.Sprint(w.Code, " ", strings.TrimSpace(w.Body.String())); got != want {
			t.Errorf("/readyz = %s, want %s", got, want)
		}
	}
	ready("200 ok")
	warning = "a clock is wrong"
	ready("200 ok, but a clock is wrong")
	notReady = errors.New("the server is starting")
	ready("503 the server is starting")
	for _, tt := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/metrics", 200, "\nmayfly_connections 0\n"},
		{"GET", "/debug/pprof/", 200, "goroutine"},
		{"GET", "/debug/pprof/heap?debug=1", 200, "heap profile"},
		{"GET", "/debug/pprof/cmdline", 200, ""},
		{"POST", "/metrics", 405, ""},
		{"GET", "/", 200, "<h1>Not ready: the server is starting</h1>"},
		{"GET", "/nowhere", 404, ""},
		{"GET", "/ws", 404, ""},
		{"GET", "/healthz", 404, ""},
	} {
		w := httptest.NewRecorder()
		req := httptest.NewRequest(tt.method, tt.path, nil)
		req.Host = "anything.example"
		admin.ServeHTTP(w, req)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) {
			t.Errorf("%s %s = %d %s, want %d with %q", tt.method, tt.path, w.Code, w.Body, tt.status, tt.body)
		}
	}
}
