package server_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server"
)

// page returns the page for operators.
func page(t *testing.T, config server.AdminConfig) string {
	t.Helper()
	w := httptest.NewRecorder()
	server.Admin(config).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	policy := w.Header().Get("Content-Security-Policy")
	if w.Code != 200 || !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") ||
		strings.Contains(w.Body.String(), "<script") {
		t.Errorf("the page = %d, policy %q:\n%s", w.Code, policy, w.Body)
	}
	return w.Body.String()
}

// TestAdminPageShowsRoomsByNumber has a room with somebody in it: its name is on the page only if it is asked for.
func TestAdminPageShowsRoomsByNumber(t *testing.T) {
	n := start(t, 1)
	n.hello(t, testGuest, "secret-garden")
	ready := func(context.Context) (string, error) { return "", nil }
	for _, names := range []bool{false, true} {
		html := page(t, server.AdminConfig{Metrics: n.metrics, Ready: ready,
			Tables: func() []server.AdminTable { return n.server.AdminTables(names) }})
		if strings.Contains(html, "secret-garden") != names {
			t.Errorf("names %t: the page has the room's name, or lacks it:\n%s", names, html)
		}
		for _, want := range []string{"<h1>Ready</h1>", "<h2>Rooms</h2>", "<td>connections</td><td>1</td>",
			"<td>messages accepted</td>"} {
			if !strings.Contains(html, want) {
				t.Errorf("the page lacks %q:\n%s", want, html)
			}
		}
	}
}

// TestAdminPageShowsWhatIsThere checks the tables that are there only with refusals, NATS servers or certificates, and that
// nothing in a label becomes markup.
func TestAdminPageShowsWhatIsThere(t *testing.T) {
	metrics := prometheus.NewRegistry()
	gauge := func(name, label, value string, v float64) {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name}, []string{label})
		g.WithLabelValues(value).Set(v)
		metrics.MustRegister(g)
	}
	state := errors.New("the disk has no room <b>")
	config := server.AdminConfig{Metrics: metrics, Ready: func(context.Context) (string, error) { return "", state }}
	if html := page(t, config); strings.Contains(html, "NATS") || strings.Contains(html, "Certificates") ||
		strings.Contains(html, "Refused") ||
		!strings.Contains(html, "Not ready: the disk has no room &lt;b&gt;") {
		t.Errorf("the page has tables for nothing, or not the state:\n%s", html)
	}
	gauge("mayfly_refusals_total", "code", "<script>", 7)
	gauge("mayfly_certificate_days_left", "host", "chat.example.com", 12.34)
	metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "mayfly_nats_connections"},
		func() float64 { return 3 }))
	config.Tables = func() []server.AdminTable {
		return []server.AdminTable{{"Muted", []string{"who"}, [][]string{{"<i>"}}}}
	}
	html := page(t, config)
	for _, want := range []string{"<td>&lt;script&gt;</td><td>7</td>", "<td>chat.example.com</td><td>12.3</td>",
		"<td>connections, of three</td><td>3</td>",
		"<h2>Muted</h2>", "<td>&lt;i&gt;</td>"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q:\n%s", want, html)
		}
	}
}
