package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"mayfly/server"
	"mayfly/shared/wire"
)

// TestOperatorLearnsWhatAProxyDoesWrong: the metric and the log have what the requests show, until they show that it is
// mended.
func TestOperatorLearnsWhatAProxyDoesWrong(t *testing.T) {
	onVirtualTimeWith(t, func(c *server.Config) { c.Proxies = loopback(t) }, func(t *testing.T, n *node) {
		ask := func(method, path string, headers ...string) {
			t.Helper()
			r, err := http.NewRequestWithContext(t.Context(), method, n.url+path,
				strings.NewReader(`{"type":"hello","v":1,"wait_ms":0}`))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", pollType)
			for _, h := range headers {
				name, value, _ := strings.Cut(h, ": ")
				if r.Header.Set(name, value); name == "Host" {
					r.Host = value
				}
			}
			resp, err := n.http.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
		want := func(problem string, stands float64, lines int, says string) {
			t.Helper()
			if got := n.metric(t, "mayfly_proxy_problems", problem); got != stands {
				t.Errorf("%s is %v, want %v", problem, got, stands)
			}
			if got := strings.Count(n.Log.String(), says); got != lines {
				t.Errorf("the log says %q %d times, want %d: %s", says, got, lines, n.Log)
			}
		}
		const lacks, polled = `missing="Upgrade, Connection" proxy=127.0.0.1`, "people poll, and no WebSocket works"
		for range 5 {
			ask("GET", "/ws", "Sec-WebSocket-Protocol: "+wire.Subprotocol, "Sec-WebSocket-Key: x",
				"Sec-WebSocket-Version: 13")
		}
		want("upgrade", 1, 1, lacks)
		for range 13 {
			ask("POST", "/poll", "Origin: https://chat.example.com")
			time.Sleep(time.Minute)
		}
		want("websockets", 1, 1, polled)
		want("forwarded_for", 1, 1, "sends no address in X-Forwarded-For")
		ask("GET", "/", "Host: mayfly:8080", "X-Forwarded-Host: chat.example.com", "X-Forwarded-For: 192.0.2.1")
		want("host", 1, 1, "does not pass on the browser's Host")

		n.dial(t)
		time.Sleep(time.Second)
		want("websockets", 1, 1, polled) // it may hang on its way: it has said nothing yet
		n.hello(t, "", "lobby")
		time.Sleep(time.Second)
		want("upgrade", 0, 1, lacks)
		want("websockets", 0, 1, polled)
		ask("POST", "/poll", "Origin: https://chat.example.com", "X-Forwarded-For: 192.0.2.1")
		want("forwarded_for", 0, 1, "X-Forwarded-For")
	})
}
