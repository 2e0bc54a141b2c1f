package operate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mayfly/app/client"
	"mayfly/app/client/transport"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/server/certs/certstest"
	"mayfly/server/stream/natstest"
	"mayfly/shared/wire"
)

func TestOperatorSeesAMessageBeStored(t *testing.T) {
	t.Parallel()
	admin := rig.FreeAddr(t)
	server := rig.Serve(t, "-admin", admin)
	before := rig.Scrape(t, admin)
	var connections atomic.Int64
	dial := transport.DialWebSocket(server.SocketURL())
	ann := rig.NewPersonBy(t, "Ann", func(ctx context.Context) (transport.Conn, error) {
		conn, err := dial(ctx)
		if err == nil {
			connections.Add(1)
		}
		return conn, err
	}, nil)
	ann.Say("hello")
	ann.Until("sees her message accepted", func(v client.View) bool { return rig.Sent(v) == 1 })

	// The server counts a message as live a moment after it has accepted it.
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(rig.Timeout); ; <-look.C {
		wrong := differences(before, rig.Scrape(t, admin), map[string]float64{
			"mayfly_connections": 1, "mayfly_connections_total": float64(connections.Load()), "mayfly_rooms": 1,
			"mayfly_live_messages": 1, "mayfly_posts_accepted_total": 1, "mayfly_stream_append_seconds_count": 1,
			"mayfly_stream_append_failures_total{kind=\"other\"}": 0,
			"mayfly_refusals_total{code=\"rate\"}":                0, "mayfly_byes_total{code=\"restart\"}": 0,
		})
		if len(wrong) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(strings.Join(wrong, "\n"))
		}
	}
}

// differences lists the series whose value in current is not its value in old plus its value in want.
func differences(old, current, want map[string]float64) (wrong []string) {
	for series, more := range want {
		if got, ok := current[series]; !ok || got-old[series] != more {
			wrong = append(wrong, fmt.Sprintf("%s is %v (there: %v), before %v, want %v more", series, got, ok,
				old[series], more))
		}
	}
	return wrong
}

func TestOperationsNamesEveryMetric(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../../../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	admin := rig.FreeAddr(t)
	// signing in, NATS servers of their own and TLS have metrics of their own
	cert, key := certstest.New(t).Sign(time.Now().Add(time.Hour), "localhost").Write(t, t.TempDir())
	rig.Serve(t, "-admin", admin, "-issuer", "http://"+rig.FreeAddr(t), "-client-id", "x", "-tls-cert", cert, "-tls-key",
		key,
		"-nats", natstest.Start(t, 1, "").URLs()[0], "-nats-replicas", "1")
	_, body := rig.Get(t, "http://"+admin+"/metrics")
	served := map[string]bool{}
	for _, m := range regexp.MustCompile(`# TYPE (mayfly_\w+) `).FindAllStringSubmatch(body, -1) {
		served[m[1]] = true
		if !strings.Contains(string(docs), "| `"+m[1]+"` |") {
			t.Errorf("docs/metrics.md has no line for %s", m[1])
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(mayfly_\\w+)` \\|").FindAllStringSubmatch(string(docs), -1) {
		if !served[m[1]] {
			t.Errorf("docs/metrics.md names %s, which is not served", m[1])
		}
	}
}

func TestMetricsAndProfilesAreForTheAdminListenerAlone(t *testing.T) {
	t.Parallel()
	admin := rig.FreeAddr(t)
	for name, server := range map[string]*rig.Server{"default": rig.Serve(t), "with -admin": rig.Serve(t, "-admin", admin)} {
		for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars"} {
			if status, _ := rig.Get(t, "http://"+server.Addr()+path); status != http.StatusNotFound && status != http.StatusMisdirectedRequest {
				t.Errorf("%s: the public listener answers %d for %s, want 404", name, status, path)
			}
			if status, _ := rig.Get(t, server.URL+path); status != http.StatusNotFound {
				t.Errorf("%s: the public listener answers %d for %s, want 404", name, status, path)
			}
		}
		if listening := strings.Contains(server.Log(), "metrics"); listening != (name != "default") {
			t.Errorf("%s: serves metrics = %v", name, listening)
		}
	}
	if status, body := rig.Get(t, "http://"+admin+"/debug/pprof/"); status != http.StatusOK || !strings.Contains(body, "goroutine") {
		t.Errorf("the admin listener answers %d for /debug/pprof/", status)
	}
	if status, body := rig.Get(t, "http://"+admin+"/"); status != http.StatusOK || !strings.Contains(body, "/metrics") {
		t.Errorf("the admin listener answers %d for /, want its page with a link to the metrics:\n%s", status, body)
	}
	if status, _ := rig.Get(t, "http://"+admin+"/r/lobby"); status != http.StatusNotFound {
		t.Errorf("the admin listener answers %d for a room, want 404", status)
	}
}

func TestAdminStopsWithTheServer(t *testing.T) {
	t.Parallel()
	admin := rig.FreeAddr(t)
	server := rig.Serve(t, "-admin", admin)
	rig.Scrape(t, admin)
	server.Stop()
	if conn, err := net.Dial("tcp", admin); err == nil {
		conn.Close()
		t.Errorf("%s still listens", admin)
	}
}

func TestTakenAdminPortNamesTheFlag(t *testing.T) {
	t.Parallel()
	taken := rig.TakePort(t)
	out, code := rig.Run(t, "serve", "-listen", rig.FreeAddr(t), "-admin", taken)
	if code == 0 || !strings.Contains(out, taken+" is taken by another program") || !strings.Contains(out, "-admin") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

func TestConfigJSONIsServed(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-ttl", "42s")
	status, body := rig.Get(t, server.URL+"/config.json")
	if status != http.StatusOK {
		t.Fatalf("/config.json = %d: %s", status, body)
	}
	var config struct {
		TTL wire.TTL `json:"ttl"`
	}
	if err := json.Unmarshal([]byte(body), &config); err != nil {
		t.Fatal(err)
	}
	if config.TTL.Default != 42_000 {
		t.Errorf("config says a message lives %d ms, want 42000", config.TTL.Default)
	}
}
