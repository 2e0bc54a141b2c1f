package admission

import (
	"errors"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Origins are the web origins whose pages may use this server. A browser sends the page's origin in the Origin header
// when the page opens a WebSocket. Only this header tells a foreign page from ours, so the comparison is exact: scheme,
// host and port must all be equal.
type Origins struct {
	public  string          // the origin at which users open this server
	allowed map[string]bool // the allowed origins
	hosts   map[string]bool // the hosts of the allowed origins, with their ports
}

// NewOrigins returns Origins that allow the origin of the URL public, the origins in more, and localhost, 127.0.0.1 and
// [::1] with the port. The error names every value that is not an origin.
func NewOrigins(public string, more []string, port string) (*Origins, error) {
	o := &Origins{allowed: map[string]bool{}, hosts: map[string]bool{}}
	loopback := []string{"http://localhost:" + port, "http://127.0.0.1:" + port, "http://[::1]:" + port}
	var errs []error
	for _, s := range append(append([]string{public}, more...), loopback...) {
		origin, host, err := parseOrigin(s)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if o.public == "" {
			o.public = origin
		}
		o.allowed[origin], o.hosts[host] = true, true
	}
	return o, errors.Join(errs...)
}

// Public returns the origin at which users open this server.
func (o *Origins) Public() string { return o.public }

// parseOrigin returns the origin in s as a browser writes it, and the host of the origin with its port. It leaves out
// port 80 for http and port 443 for https.
func parseOrigin(s string) (origin, host string, err error) {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil ||
		u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return "", "", fmt.Errorf("%q is no origin: want a scheme and a host like https://chat.example.com, without a path",
			s)
	}
	host = strings.ToLower(u.Host)
	if port := u.Port(); port == "" || u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return u.Scheme + "://" + host, host, nil
}

// Allow reports whether r may use this server: the origin in r's Origin header is allowed, or r has no such header. A
// request without the header comes from a native client. It is safe, because a native client sends no cookie or other
// credential that a foreign page could use.
func (o *Origins) Allow(r *http.Request) bool {
	switch origin := r.Header.Values("Origin"); len(origin) {
	case 0:
		return true
	case 1:
		return o.allowed[origin[0]]
	default:
		return false
	}
}

// Share adds the CORS headers that let a page of an allowed origin read the answer, even if the page comes from another
// server.
func (o *Origins) Share(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Origin")
	if origin := r.Header.Get("Origin"); origin != "" && o.Allow(r) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Expose-Headers", "Retry-After")
	}
}

// GuardHost passes a request on to next if its Host header names an allowed host. For another host it answers with a
// page that says what to do, because the chat could not connect there: Allow would refuse the page's origin. So our
// pages also never appear under a foreign name that resolves to this server.
func (o *Origins) GuardHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o.hosts[strings.ToLower(r.Host)] {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusMisdirectedRequest)
		_, port, err := net.SplitHostPort(r.Host)
		if err != nil {
			port = ""
		}
		fmt.Fprintf(w, hostPage, html.EscapeString(r.Host), html.EscapeString(o.public), html.EscapeString(o.public),
			html.EscapeString(suggestion(r.Host, port)))
	})
}

// suggestion returns the command-line flag with which the operator makes host the public address of the server.
func suggestion(host, port string) string {
	if port == "" {
		return "-public-url https://" + host
	}
	return "-public-url http://" + host
}

const hostPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Mayfly is not served here</title>
<h1>Mayfly is not served under this name</h1>
<p>You asked for <b>%s</b>. This server's chat is at <a href="%s">%s</a>.</p>
<p>If you run it and want people to come here, start it with <code>%s</code>, or add this origin with ` +
	`<code>-origins</code>.</p>
</html>
`
