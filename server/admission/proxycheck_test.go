package admission_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server/admission"
)

// checked is a gate with its log.
type checked struct {
	*admission.Gate
	logs *bytes.Buffer
}

func newChecked(t *testing.T, public, trusted string) checked {
	t.Helper()
	origins, err := admission.NewOrigins(public, []string{"https://b.example"}, "8080")
	if err != nil {
		t.Fatal(err)
	}
	proxies, err := admission.ParseProxies(trusted)
	if err != nil {
		t.Fatal(err)
	}
	logs := &bytes.Buffer{}
	return checked{admission.NewGate(admission.Config{Origins: origins, Proxies: proxies, Conns: 1000, ConnsPer: 1000,
		Log: slog.New(slog.NewTextHandler(logs, nil))}), logs}
}

// TestOwnTLSNeedsNoProxy: a stranger who sends X-Forwarded-For to a server with TLS is no proxy.
func TestOwnTLSNeedsNoProxy(t *testing.T) {
	c := newChecked(t, page, "")
	r := httptest.NewRequest("GET", "/ws", nil)
	r.Host, r.RemoteAddr, r.TLS = "chat.example.com", "192.0.2.1:5000", &tls.ConnectionState{}
	r.Header = http.Header{"Origin": {page}, "X-Forwarded-For": {"10.9.9.9"}}
	c.admit(t, r)
	if found := c.found(); found != "" || c.lines() != 0 {
		t.Errorf("found %q, the log says %q", found, c.logs)
	}
}

// found returns the problems that stand.
func (c checked) found() string {
	var all []string
	for _, p := range admission.ProxyProblems {
		if c.Check.Found(p) {
			all = append(all, string(p))
		}
	}
	return strings.Join(all, " ")
}

// lines returns how many lines the log has.
func (c checked) lines() int { return strings.Count(c.logs.String(), "\n") }

// connect sends a request that wants to become a connection.
func (c checked) connect(t *testing.T, host, peer string, header http.Header) {
	t.Helper()
	r := httptest.NewRequest("GET", "/ws", nil)
	r.Host, r.RemoteAddr, r.Header = host, peer, header
	c.admit(t, r)
}

// admit has r admitted, and ends the connection.
func (c checked) admit(t *testing.T, r *http.Request) {
	t.Helper()
	slot, rejection := c.Admit(r)
	if rejection != nil {
		t.Fatalf("rejected as %s", rejection.Reason)
	}
	slot.Free()
}

const page = "https://chat.example.com"

func TestProxyThatHidesAddressesIsFound(t *testing.T) {
	for _, tt := range []struct {
		name, public, trusted, peer, origin string
		forwarded                           []string
		found                               string
	}{
		{"no header", page, "10.0.0.0/8", "10.0.0.1:5000", page, nil, "forwarded_for"},
		{"an empty header", page, "10.0.0.0/8", "10.0.0.1:5000", page, []string{""}, "forwarded_for"},
		{"no address in it", page, "10.0.0.0/8", "10.0.0.1:5000", page, []string{"unknown"}, "forwarded_for"},
		{"no address at its end", page, "10.0.0.0/8", "10.0.0.1:5000", page, []string{"192.0.2.1, _hidden"},
			"forwarded_for"},
		{"plain http", "http://chat.example.com", "10.0.0.1", "10.0.0.1:5000", "http://chat.example.com", nil,
			"forwarded_for"},
		{"a page of another origin", page, "10.0.0.1", "10.0.0.1:5000", "https://b.example", nil, "forwarded_for"},
		{"IPv6", page, "fd00::/8", "[fd00::1]:5000", page, nil, "forwarded_for"},
		{"a proxy that is not named", page, "127.0.0.1", "172.18.0.3:5000", page, []string{"192.0.2.1"}, "untrusted"},
		{"no proxy is named", page, "", "172.18.0.3:5000", page, []string{"192.0.2.1"}, "untrusted"},

		{"an address", page, "10.0.0.0/8", "10.0.0.1:5000", page, []string{"192.0.2.1"}, ""},
		{"an address with a port", page, "10.0.0.0/8", "10.0.0.1:5000", page, []string{"192.0.2.1:99"}, ""},
		{"a client within the network", page, "10.0.0.0/8", "10.0.0.1:5000", page, []string{"10.0.0.9"}, ""},
		{"two headers", page, "10.0.0.0/8", "10.0.0.1:5000", page, []string{"unknown", "192.0.2.1"}, ""},
		{"no proxy at all", page, "10.0.0.0/8", "192.0.2.1:5000", page, nil, ""},
		{"somebody's own proxy", "http://chat.example.com", "10.0.0.1", "192.0.2.1:5000", "http://chat.example.com",
			[]string{"10.9.9.9"}, ""},
		{"no browser", page, "127.0.0.1", "127.0.0.1:5000", "", nil, ""},
		{"a browser on this machine", page, "127.0.0.1", "127.0.0.1:5000", "http://localhost:8080", nil, ""},
		{"no address of the sender", page, "127.0.0.1", "@", page, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newChecked(t, tt.public, tt.trusted)
			header := http.Header{"X-Forwarded-For": tt.forwarded}
			if tt.origin != "" {
				header.Set("Origin", tt.origin)
			}
			for range 3 {
				c.connect(t, "chat.example.com", tt.peer, header)
			}
			if got := c.found(); got != tt.found {
				t.Errorf("found %q, want %q", got, tt.found)
			}
			if want := len(strings.Fields(tt.found)); c.lines() != want {
				t.Errorf("the log says %q, want %d lines", c.logs, want)
			}
		})
	}
}

func TestProxyThatReplacesTheHostIsFound(t *testing.T) {
	guarded := func(c checked, r *http.Request) {
		c.Check.Pages(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), r)
	}
	local := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 5), Port: 8080}
	for _, tt := range []struct {
		name, host, peer string
		header           http.Header
		found            bool
	}{
		{"the proxy says which it was", "mayfly:8080", "10.0.0.1:5000",
			http.Header{"X-Forwarded-Host": {"chat.example.com"}}, true},
		{"with its port, among others", "mayfly", "192.0.2.1:5000",
			http.Header{"X-Forwarded-Host": {"chat.example.com:443, inner"}}, true},
		{"the page is ours", "mayfly", "192.0.2.1:5000", http.Header{"Origin": {page}}, true},
		{"the page is ours, as the browser says", "mayfly", "192.0.2.1:5000",
			http.Header{"Origin": {page}, "Sec-Fetch-Site": {"same-origin"}}, true},
		{"our own port, through a trusted proxy", "mayfly:8080", "10.0.0.1:5000",
			http.Header{"X-Forwarded-For": {"192.0.2.1"}}, true},
		{"our own address", "10.0.0.5:8080", "10.0.0.1:5000", http.Header{"X-Forwarded-For": {"192.0.2.1"}}, true},

		{"right", "chat.example.com", "10.0.0.1:5000", http.Header{"X-Forwarded-Host": {"chat.example.com"}}, false},
		{"right, with the port", "chat.example.com:443", "10.0.0.1:5000", nil, false},
		{"a foreign name", "evil.example", "10.0.0.1:5000", http.Header{"X-Forwarded-For": {"192.0.2.1"}}, false},
		{"a foreign name, forwarded", "evil.example", "10.0.0.1:5000", http.Header{"X-Forwarded-Host": {"evil.example"}},
			false},
		{"an address from outside", "203.0.113.9", "10.0.0.1:5000", http.Header{"X-Forwarded-For": {"192.0.2.1"}}, false},
		{"a look from the network", "10.0.0.5:8080", "10.0.0.1:5000", nil, false},
		{"a visitor without a proxy", "10.0.0.5:8080", "192.0.2.1:5000", http.Header{"X-Forwarded-For": {"192.0.2.9"}},
			false},
		{"a page of another server", "mayfly", "192.0.2.1:5000",
			http.Header{"Origin": {"https://b.example"}, "Sec-Fetch-Site": {"cross-site"}}, false},
		{"a foreign page", "mayfly", "192.0.2.1:5000", http.Header{"Origin": {"https://evil.example"}}, false},
		{"this machine", "localhost:8080", "127.0.0.1:5000", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newChecked(t, page, "10.0.0.0/8")
			r := httptest.NewRequest("GET", "/", nil)
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, local))
			r.Host, r.RemoteAddr, r.Header = tt.host, tt.peer, tt.header
			for range 3 {
				guarded(c, r)
			}
			if got := c.Check.Found(admission.ProblemHost); got != tt.found || (c.lines() == 1) != tt.found ||
				c.lines() > 1 {
				t.Errorf("found: %v, want %v; the log says %q", got, tt.found, c.logs)
			}
		})
	}
	t.Run("a page in the browser's cache connects", func(t *testing.T) {
		c := newChecked(t, page, "10.0.0.0/8")
		c.connect(t, "mayfly", "10.0.0.1:5000", http.Header{"Origin": {page}, "X-Forwarded-For": {"192.0.2.1"}})
		if got := c.found(); got != "host" ||
			!strings.Contains(c.logs.String(), "host=mayfly want=chat.example.com proxy=10.0.0.1") {
			t.Errorf("found %q; the log says %q", got, c.logs)
		}
	})
}

// TestProxyWithoutWebSocketsIsFound finds a proxy that drops the headers, and one that passes on nothing, and knows when
// WebSockets work.
func TestProxyWithoutWebSocketsIsFound(t *testing.T) {
	broken := httptest.NewRequest("GET", "/ws", nil)
	polls := func(c checked, n int, every time.Duration) {
		for range n {
			c.Check.Polled()
			time.Sleep(every)
		}
	}
	for _, tt := range []struct {
		name  string
		do    func(c checked)
		found string
	}{
		{"headers are dropped", func(c checked) {
			for range 3 {
				c.Check.NotUpgraded(broken, []string{"Upgrade", "Connection"})
			}
		}, "upgrade"},
		{"now and then, beside WebSockets", func(c checked) {
			for range 30 {
				c.Check.NotUpgraded(broken, []string{"Upgrade"})
				c.Check.Working()
			}
		}, ""},
		{"nothing arrives", func(c checked) { polls(c, 30, 25*time.Second) }, "websockets"},
		{"few polls", func(c checked) { polls(c, 9, time.Hour) }, ""},
		{"many polls after a restart", func(c checked) { polls(c, 1000, time.Second/2) }, ""},
		{"polls beside WebSockets", func(c checked) {
			for range 10 {
				polls(c, 10, 50*time.Second)
				c.Check.Working()
			}
		}, ""},
		{"the proxy is mended", func(c checked) {
			polls(c, 30, 25*time.Second)
			c.Check.NotUpgraded(broken, []string{"Upgrade"})
			c.Check.Working()
		}, ""},
		{"and broken again", func(c checked) {
			c.Check.Working()
			polls(c, 30, 25*time.Second)
		}, "websockets"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newChecked(t, page, "10.0.0.0/8")
				tt.do(c)
				if got := c.found(); got != tt.found {
					t.Errorf("found %q, want %q; the log says %q", got, tt.found, c.logs)
				}
			})
		})
	}
}

// TestProxyProblemIsSaidOnce says a problem again only when it was gone, and not within the hour.
func TestProxyProblemIsSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newChecked(t, page, "10.0.0.0/8")
		bad := func() { c.connect(t, "chat.example.com", "10.0.0.1:5000", http.Header{"Origin": {page}}) }
		good := func() {
			c.connect(t, "chat.example.com", "10.0.0.1:5000",
				http.Header{"Origin": {page}, "X-Forwarded-For": {"192.0.2.1"}})
		}
		var lines []int
		step := func(do ...func()) {
			for _, f := range do {
				f()
			}
			lines = append(lines, c.lines())
		}
		step(bad, bad)
		time.Sleep(2 * time.Hour)
		step(bad)
		step(good, bad)
		time.Sleep(30 * time.Minute)
		step(good, bad, good, bad)
		time.Sleep(time.Hour)
		step(good, bad)
		if want := []int{1, 1, 2, 2, 3}; !slices.Equal(lines, want) {
			t.Errorf("the log has %d lines after each step, want %d:\n%s", lines, want, c.logs)
		}
	})
}
