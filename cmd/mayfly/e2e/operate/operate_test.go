// Package operate_test looks at the server as its operator does: metrics, profiles, and what it needs of the machine.
package operate_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mayfly/app/session"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

func TestMain(m *testing.M) { rig.Main(m) }

// get returns the answer's status and body.
func get(t testing.TB, url string) (status int, body string) {
	t.Helper()
	client := http.Client{Timeout: rig.Timeout, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// scrape returns every metric of the server by its series, as written: name{label="value"}.
func scrape(t testing.TB, admin string) map[string]float64 {
	t.Helper()
	status, body := get(t, "http://"+admin+"/metrics")
	if status != http.StatusOK {
		t.Fatalf("/metrics = %d: %s", status, body)
	}
	all := map[string]float64{}
	for lines := bufio.NewScanner(strings.NewReader(body)); lines.Scan(); {
		series, value, ok := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(value, 64); ok && err == nil && !strings.HasPrefix(series, "#") {
			all[series] = v
		}
	}
	return all
}

func TestOperatorSeesAMessageBeStored(t *testing.T) {
	admin := rig.FreeAddr(t)
	server := rig.Serve(t, "-admin", admin)
	before := scrape(t, admin)
	ann := session.New(session.Config{Dial: session.DialWebSocket(server.SocketURL()), Guest: session.NewGuest(), Room: wire.DefaultRoom})
	sent := make(chan struct{}, 1)
	ann.Subscribe(func(v session.View) {
		if len(v.Messages) == 1 && v.Messages[0].State == session.Sent {
			select {
			case sent <- struct{}{}:
			default:
			}
		}
	})
	ctx, stop := context.WithTimeout(t.Context(), rig.Timeout)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- ann.Run(ctx) }()
	if problem := ann.Send("hello"); problem != "" {
		t.Fatal(problem)
	}
	select {
	case <-sent:
	case <-ctx.Done():
		t.Fatal("the message was never sent")
	}
	after := scrape(t, admin)
	for series, want := range map[string]float64{
		"mayfly_connections": 1, "mayfly_connections_total": 1, "mayfly_rooms": 1, "mayfly_live_messages": 1,
		"mayfly_posts_accepted_total": 1, "mayfly_stream_append_seconds_count": 1, "mayfly_stream_append_failures_total{kind=\"other\"}": 0,
		"mayfly_refusals_total{code=\"rate\"}": 0, "mayfly_byes_total{code=\"restart\"}": 0,
	} {
		if got, ok := after[series]; !ok || got-before[series] != want {
			t.Errorf("%s is %v (there: %v), before %v, want %v more", series, got, ok, before[series], want)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestOperationsNamesEveryMetric(t *testing.T) {
	docs, err := os.ReadFile("../../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	admin := rig.FreeAddr(t)
	rig.Serve(t, "-admin", admin, "-issuer", "http://"+rig.FreeAddr(t), "-client-id", "x") // which has metrics of its own
	_, body := get(t, "http://"+admin+"/metrics")
	served := map[string]bool{}
	for _, m := range regexp.MustCompile(`# TYPE (mayfly_\w+) `).FindAllStringSubmatch(body, -1) {
		served[m[1]] = true
		if !strings.Contains(string(docs), "| `"+m[1]+"` |") {
			t.Errorf("docs/operations.md has no line for %s", m[1])
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(mayfly_\\w+)` \\|").FindAllStringSubmatch(string(docs), -1) {
		if !served[m[1]] {
			t.Errorf("docs/operations.md names %s, which there is not", m[1])
		}
	}
}

func TestMetricsAndProfilesAreForTheAdminListenerAlone(t *testing.T) {
	admin := rig.FreeAddr(t)
	for name, server := range map[string]*rig.Server{"default": rig.Serve(t), "with -admin": rig.Serve(t, "-admin", admin)} {
		for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars"} {
			if status, _ := get(t, "http://"+server.Addr()+path); status != http.StatusNotFound && status != http.StatusMisdirectedRequest {
				t.Errorf("%s: the public listener answers %d for %s, want 404", name, status, path)
			}
			if status, _ := get(t, server.URL+path); status != http.StatusNotFound {
				t.Errorf("%s: the public listener answers %d for %s, want 404", name, status, path)
			}
		}
		if listening := strings.Contains(server.Log(), "metrics"); listening != (name != "default") {
			t.Errorf("%s: serves metrics = %v", name, listening)
		}
	}
	if status, body := get(t, "http://"+admin+"/debug/pprof/"); status != http.StatusOK || !strings.Contains(body, "goroutine") {
		t.Errorf("the admin listener answers %d for /debug/pprof/", status)
	}
	if status, _ := get(t, "http://"+admin+"/"); status != http.StatusNotFound {
		t.Errorf("the admin listener answers %d for /, want 404", status)
	}
}

func TestAdminStopsWithTheServer(t *testing.T) {
	admin := rig.FreeAddr(t)
	server := rig.Serve(t, "-admin", admin)
	scrape(t, admin)
	server.Stop()
	if conn, err := net.Dial("tcp", admin); err == nil {
		conn.Close()
		t.Errorf("%s still listens", admin)
	}
}

func TestTakenAdminPortNamesTheFlag(t *testing.T) {
	taken := rig.TakePort(t)
	out, code := rig.Run(t, "serve", "-listen", rig.FreeAddr(t), "-admin", taken)
	if code == 0 || !strings.Contains(out, taken+" is taken by another program") || !strings.Contains(out, "-admin") {
		t.Errorf("exit code %d: %s", code, out)
	}
}
