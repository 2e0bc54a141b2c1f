package server

import (
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/hub"
)

// AdminConfig says what operators see.
type AdminConfig struct {
	Metrics prometheus.Gatherer
	// Ready returns an error if users cannot chat or sign in, and a warning if operators should look at something.
	Ready  func(context.Context) (warning string, err error)
	Tables func() []AdminTable // more tables for the page; nil: none
}

// AdminTable is one table of the page for operators. It must hold no text of a user.
type AdminTable struct {
	Title string
	Head  []string
	Rows  [][]string
}

//go:embed adminpage.html
var adminHTML string

//go:embed adminpage.css
var adminCSS string

var adminTemplate = template.Must(template.New("admin").Parse(adminHTML))

// adminPolicy is the content security policy of the page: no scripts, nothing to load, and only the one inline style.
var adminPolicy = func() string {
	hash := sha256.Sum256([]byte(adminCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; base-uri 'none'; " +
		"form-action 'none'; frame-ancestors 'none'"
}()

// adminPage serves a page that shows the metrics to an operator without Prometheus. It has no script.
type adminPage struct {
	config AdminConfig // static

	mu     sync.Mutex // guards what follows
	before series     // the metrics of an earlier request, with which rates are computed
	at     time.Time  // when that request came
}

// rateSpan is how long the page keeps the metrics of a request at least, before those of a later request replace them.
const rateSpan = 5 * time.Second

// series has the values of all metrics: by the metric's name, and then by the value of its label, "" without a label.
type series map[string]map[string]float64

// gather reads the gauges and counters. If a metric has several labels, gather joins their values with spaces.
func gather(from prometheus.Gatherer) (series, error) {
	families, err := from.Gather()
	all := series{}
	for _, f := range families {
		values := map[string]float64{}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			values[strings.Join(labels, " ")] = cmp.Or(m.GetGauge().GetValue(), m.GetCounter().GetValue())
		}
		all[f.GetName()] = values
	}
	return all, err
}

// sum returns the sum of a metric's series.
func (s series) sum(name string) (sum float64) {
	for _, v := range s[name] {
		sum += v
	}
	return sum
}

func (p *adminPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now, err := gather(p.config.Metrics)
	if err != nil {
		plain(w, http.StatusInternalServerError, err.Error())
		return
	}
	before, span := p.earlier(now)
	tables := []AdminTable{nowTable(now), ratesTable(now, before, span), refusalsTable(now)}
	tables = append(tables, natsTable(now), certificatesTable(now))
	if p.config.Tables != nil {
		tables = append(tables, p.config.Tables()...)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", adminPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	_ = adminTemplate.Execute(w, map[string]any{"Style": template.CSS(adminCSS), "State": p.state(r.Context()),
		"Build":  strings.Join(slices.Collect(maps.Keys(now["mayfly_build_info"])), " "),
		"Since":  time.Unix(int64(now.sum("process_start_time_seconds")), 0).UTC().Format(time.RFC1123),
		"Tables": slices.DeleteFunc(tables, func(t AdminTable) bool { return len(t.Rows) == 0 })})
}

// state says whether users can chat and sign in.
func (p *adminPage) state(ctx context.Context) string {
	switch warning, err := p.config.Ready(ctx); {
	case err != nil:
		return "Not ready: " + err.Error()
	case warning != "":
		return "Ready, but " + warning
	}
	return "Ready"
}

// earlier returns the metrics of an earlier request and how long ago it came. before is nil if there was none. earlier
// keeps now for later requests if it keeps no metrics yet, or if those are older than rateSpan.
func (p *adminPage) earlier(now series) (before series, span time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, span = p.before, time.Since(p.at)
	if before == nil || span >= rateSpan {
		p.before, p.at = now, time.Now()
	}
	return before, span
}

// whole formats a number that counts things: without decimals.
func whole(v float64) string { return strconv.FormatFloat(v, 'f', 0, 64) }

// row returns a row of a table. Its first cell is name, and its second cell is the value of the metric in now.
func row(now series, name, metric string) []string { return []string{name, whole(now.sum(metric))} }

func nowTable(now series) AdminTable {
	return AdminTable{"Now", []string{"", ""}, [][]string{
		row(now, "connections", "mayfly_connections"),
		row(now, "of people who are signed in", "mayfly_connections_signed_in"),
		row(now, "polls", "mayfly_polls"), row(now, "people", "mayfly_users"), row(now, "rooms", "mayfly_rooms"),
		row(now, "live messages", "mayfly_live_messages"), row(now, "their bytes", "mayfly_live_messages_bytes"),
		row(now, "other nodes", "mayfly_nodes"), row(now, "open files", "process_open_fds"),
		row(now, "memory in bytes", "process_resident_memory_bytes"),
	}}
}

// ratesTable shows how often things happen. Without an earlier request it shows the totals alone.
func ratesTable(now, before series, span time.Duration) AdminTable {
	t := AdminTable{"Rates", []string{"", "since the start", "a second"}, nil}
	if before != nil {
		t.Title = "Rates of the last " + span.Round(time.Second).String()
	}
	for _, r := range [][2]string{
		{"WebSockets opened", "mayfly_connections_total"}, {"polls", "mayfly_polls_total"},
		{"messages accepted", "mayfly_posts_accepted_total"}, {"messages expired", "mayfly_messages_expired_total"},
		{"deliveries", "mayfly_deliveries_total"}, {"reactions", "mayfly_reactions_total"},
		{"messages taken back", "mayfly_removals_total"}, {"frames refused", "mayfly_refusals_total"},
	} {
		rate := "–"
		if before != nil && span > 0 {
			rate = strconv.FormatFloat((now.sum(r[1])-before.sum(r[1]))/span.Seconds(), 'f', 1, 64)
		}
		t.Rows = append(t.Rows, append(row(now, r[0], r[1]), rate))
	}
	return t
}

// refusalsTable shows what was refused or has failed since the start, by reason, and what is wrong with a proxy now.
func refusalsTable(now series) AdminTable {
	t := AdminTable{"Refused since the start", []string{"what", "reason", ""}, nil}
	for _, r := range [][2]string{
		{"a WebSocket", "mayfly_upgrades_refused_total"}, {"a poll", "mayfly_polls_refused_total"},
		{"a frame", "mayfly_refusals_total"}, {"a sign-in", "mayfly_signins_refused_total"},
		{"a connection ended", "mayfly_byes_total"}, {"a message not stored", "mayfly_stream_append_failures_total"},
		{"a proxy is set up wrong", "mayfly_proxy_problems"},
	} {
		for _, reason := range slices.Sorted(maps.Keys(now[r[1]])) {
			if n := now[r[1]][reason]; n > 0 {
				t.Rows = append(t.Rows, []string{r[0], reason, whole(n)})
			}
		}
	}
	return t
}

// natsTable is empty if NATS runs inside the process.
func natsTable(now series) AdminTable {
	t := AdminTable{"NATS", []string{"", ""}, nil}
	if _, ok := now["mayfly_nats_connections"]; !ok {
		return t
	}
	t.Rows = [][]string{
		row(now, "connections, of three", "mayfly_nats_connections"),
		row(now, "connections lost", "mayfly_nats_disconnects_total"),
		row(now, "servers with all messages", "mayfly_stream_replicas_current"),
		row(now, "operations that the slowest is behind", "mayfly_stream_replica_lag"),
		{"seconds that this node's clock is ahead", fmt.Sprintf("%.2f", now.sum("mayfly_stream_clock_offset_seconds"))},
	}
	return t
}

// certificatesTable is empty if a proxy has the certificates.
func certificatesTable(now series) AdminTable {
	t := AdminTable{"Certificates", []string{"host", "days left"}, nil}
	for _, host := range slices.Sorted(maps.Keys(now["mayfly_certificate_days_left"])) {
		t.Rows = append(t.Rows, []string{host, fmt.Sprintf("%.1f", now["mayfly_certificate_days_left"][host])})
	}
	return t
}

// mostRooms is how many rooms the page lists at most.
const mostRooms = 100

// AdminTables returns the tables of this server for the page for operators: its rooms, those with the most members
// first, mostRooms at most. If names is true, the table shows the names of the rooms, which may be secrets of their
// users. Otherwise it shows numbers.
func (s *Server) AdminTables(names bool) []AdminTable {
	rooms := s.hub.Stats().Each
	slices.SortFunc(rooms, func(a, b hub.RoomStats) int {
		return cmp.Or(b.Members-a.Members, b.Messages-a.Messages, strings.Compare(a.Name, b.Name))
	})
	t := AdminTable{"Rooms", []string{"room", "members", "live messages", "bytes"}, nil}
	for i, r := range rooms[:min(len(rooms), mostRooms)] {
		name := strconv.Itoa(i + 1)
		if names {
			name = "#" + r.Name
		}
		t.Rows = append(t.Rows, []string{name, strconv.Itoa(r.Members), strconv.Itoa(r.Messages), strconv.Itoa(r.Bytes)})
	}
	if len(rooms) > mostRooms {
		t.Title = fmt.Sprintf("Rooms: the first %d of %d", mostRooms, len(rooms))
	}
	return []AdminTable{t}
}
