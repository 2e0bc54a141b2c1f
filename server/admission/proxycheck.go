package admission

import (
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// ProxyProblem is a mistake in the setup of a proxy that stands in front of this server. Its text is the value of a label
// of a metric.
type ProxyProblem string

// These are all problems.
const (
	ProblemUpgrade      ProxyProblem = "upgrade"       // requests for a WebSocket lack headers of the handshake
	ProblemWebSockets   ProxyProblem = "websockets"    // people poll, and no WebSocket works
	ProblemHost         ProxyProblem = "host"          // the proxy has replaced the Host header that the browser sent
	ProblemForwardedFor ProxyProblem = "forwarded_for" // a trusted proxy does not say where its requests come from
	ProblemUntrusted    ProxyProblem = "untrusted"     // requests come through a proxy that -trusted-proxies does not name
)

// ProxyProblems are all problems, in the order of their constants.
var ProxyProblems = []ProxyProblem{ProblemUpgrade, ProblemWebSockets, ProblemHost, ProblemForwardedFor, ProblemUntrusted}

const (
	// When brokenUpgrades requests for a WebSocket have come without headers of the handshake, ProxyCheck reports
	// ProblemUpgrade. A client makes three such requests before it polls. The count begins anew when some user's WebSocket
	// works: that shows that the proxy passes the headers on, and that only some users' own networks drop them.
	brokenUpgrades = 3
	// ProxyCheck reports ProblemWebSockets if at least manyPolls polls have come since a WebSocket last worked, and the
	// first of these polls came at least manyFor ago. Within manyFor, each client that polls has tried a WebSocket again.
	manyPolls = 10
	manyFor   = 10 * time.Minute

	sayAgain = time.Hour // the shortest time between two log lines about the same problem
	maxHost  = 100       // the most bytes of a Host header in the log
)

// ProxyCheck finds out from requests whether the proxies before this server are set up right. It logs a problem once. It
// logs the problem again only if the problem was gone in between and the last log line about it is at least sayAgain old.
// Any goroutine may call its methods.
type ProxyCheck struct {
	origins *Origins     // static
	proxies Proxies      // static
	log     *slog.Logger // static

	mu      sync.Mutex // guards what follows
	found   map[ProxyProblem]bool
	said    map[ProxyProblem]time.Time // when each problem was last logged
	broken  int                        // how many requests for a WebSocket lacked headers, since a WebSocket last worked
	polls   int                        // how many polls came since a WebSocket last worked
	polling time.Time                  // when the first poll came since a WebSocket last worked
}

// newProxyCheck returns a check that has found no problem.
func newProxyCheck(o *Origins, p Proxies, log *slog.Logger) *ProxyCheck {
	return &ProxyCheck{origins: o, proxies: p, log: log, found: map[ProxyProblem]bool{}, said: map[ProxyProblem]time.Time{}}
}

// Found reports whether the proxies have the problem p now: p was found, and no later request has shown that p is gone.
func (c *ProxyCheck) Found(p ProxyProblem) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.found[p]
}

// Pages checks the Host header of each request before next handles it.
func (c *ProxyCheck) Pages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.checkHost(r)
		next.ServeHTTP(w, r)
	})
}

// connects checks a request that wants to become a connection. Admit calls connects after the check of the origin. connects
// ignores requests without an origin and requests of a local origin: they may come from this machine, without a proxy.
func (c *ProxyCheck) connects(r *http.Request) {
	if origin := r.Header.Get("Origin"); origin == "" || c.origins.local[origin] {
		return
	}
	c.checkHost(r)
	c.checkForwarded(r)
}

// checkForwarded finds out whether all users of a proxy count as one address. That is so if the proxy does not set the
// X-Forwarded-For header, or if -trusted-proxies does not name the proxy.
func (c *ProxyCheck) checkForwarded(r *http.Request) {
	peer, err := parseHop(r.RemoteAddr)
	if err != nil {
		return
	}
	hops := forwarded(r)
	last := strings.TrimSpace(hops[len(hops)-1])
	_, err = parseHop(last)
	switch {
	// If users open this server by https, and the request came without TLS, it came through a proxy.
	case !c.proxies.Contain(peer) && last != "" && c.origins.secure() && r.TLS == nil:
		c.find(ProblemUntrusted, "requests come through a proxy that -trusted-proxies does not name: "+
			"its users all count as one address", "proxy", peer)
	case !c.proxies.Contain(peer):
	case err != nil:
		c.find(ProblemForwardedFor, "a proxy of -trusted-proxies sends no address in X-Forwarded-For: "+
			"its users all count as one address", "proxy", peer)
	default:
		c.gone(ProblemForwardedFor, ProblemUntrusted)
	}
}

// checkHost finds out whether a proxy has replaced the Host header. This server rejects such a proxy's requests for pages.
func (c *ProxyCheck) checkHost(r *http.Request) {
	switch {
	case !c.origins.serves(r.Host):
		if c.replaced(r) {
			c.find(ProblemHost, "a proxy does not pass on the browser's Host header: "+
				"people read that Mayfly is not served under that name",
				"host", clip(r.Host), "want", c.origins.publicHost(), "proxy", hostOf(r.RemoteAddr))
		}
	case r.Host == c.origins.publicHost():
		c.gone(ProblemHost)
	}
}

// replaced reports whether the browser has sent r to one of our hosts, and a proxy has then replaced the Host header of r.
// Any of three signs is enough: X-Forwarded-Host names one of our hosts; or a page of ours has sent r; or r comes through a
// trusted proxy and the Host header of r has the port on which this server listens.
func (c *ProxyCheck) replaced(r *http.Request) bool {
	if first, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Host"), ","); first != "" &&
		c.origins.serves(strings.TrimSpace(first)) {
		return true
	}
	if r.Header.Get("Origin") != "" && c.origins.Allow(r) {
		site := r.Header.Get("Sec-Fetch-Site")
		return site == "" || site == "same-origin"
	}
	peer, err := parseHop(r.RemoteAddr)
	if err != nil || !c.proxies.Contain(peer) || r.Header.Get("X-Forwarded-For") == "" {
		return false
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	_, port, err := net.SplitHostPort(local.String())
	return err == nil && (&url.URL{Host: r.Host}).Port() == port
}

// NotUpgraded runs when the request r for a WebSocket lacked the headers in missing.
func (c *ProxyCheck) NotUpgraded(r *http.Request, missing []string) {
	c.mu.Lock()
	c.broken++
	many := c.broken >= brokenUpgrades
	c.mu.Unlock()
	if many {
		c.find(ProblemUpgrade, "requests for a WebSocket lack headers that make them one: "+
			"a proxy on their way drops these, and people poll", "missing", strings.Join(missing, ", "),
			"proxy", hostOf(r.RemoteAddr))
	}
}

// Polled runs when a client polls.
func (c *ProxyCheck) Polled() {
	c.mu.Lock()
	if c.polls++; c.polls == 1 {
		c.polling = time.Now()
	}
	polls, span := c.polls, time.Since(c.polling)
	c.mu.Unlock()
	if polls >= manyPolls && span >= manyFor {
		c.find(ProblemWebSockets, "people poll, and no WebSocket works: "+
			"a proxy may not pass on /ws, or holds its frames back", "polls", polls, "for", span.Round(time.Second))
	}
}

// Working runs when a WebSocket works, which means that the client's hello has come through it.
func (c *ProxyCheck) Working() {
	c.mu.Lock()
	c.broken, c.polls = 0, 0
	c.mu.Unlock()
	c.gone(ProblemUpgrade, ProblemWebSockets)
}

// find records that the problem p was found. It logs sentence, with two exceptions: p was found before and is not gone yet,
// or p was last logged less than sayAgain ago.
func (c *ProxyCheck) find(p ProxyProblem, sentence string, args ...any) {
	c.mu.Lock()
	said, ok := c.said[p]
	news := !c.found[p] && (!ok || time.Since(said) >= sayAgain)
	c.found[p] = true
	if news {
		c.said[p] = time.Now()
	}
	c.mu.Unlock()
	if news {
		c.log.Warn(sentence, args...)
	}
}

// gone records that a request has shown that these problems are gone.
func (c *ProxyCheck) gone(problems ...ProxyProblem) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range problems {
		delete(c.found, p)
	}
}

// hostOf returns the host of an address host:port.
func hostOf(addr string) string {
	host, _, _ := net.SplitHostPort(addr)
	return host
}

// clip returns the first maxHost bytes of host, the value of a Host header.
func clip(host string) string { return host[:min(len(host), maxHost)] }
