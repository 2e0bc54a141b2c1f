package admission

import (
	"cmp"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// Origins are the web origins whose pages may use this server. When a page opens a WebSocket, the browser sends the page's
// origin in the Origin header. Only this header shows that a page is foreign. So scheme, host and port must be exactly those
// of an allowed origin, as browsers write them.
type Origins struct {
	public  string          // the origin at which users open this server
	more    []string        // the other origins that the operator allows
	allowed map[string]bool // the allowed origins
	hosts   map[string]bool // the hosts of the allowed origins; a host without a port is here also with the default port
	local   map[string]bool // the allowed origins on localhost; a browser on this machine opens them, without a proxy
}

// NewOrigins returns Origins that allow the origin of the URL public, the origins in others, and three origins on this
// machine: localhost, 127.0.0.1 and [::1], each with http and the port. The error names every value that is not an origin,
// and says which form to give instead.
func NewOrigins(public string, others []string, port string) (*Origins, error) {
	o := &Origins{allowed: map[string]bool{}, hosts: map[string]bool{}, local: map[string]bool{}}
	loopback := []string{"http://localhost:" + port, "http://127.0.0.1:" + port, "http://[::1]:" + port}
	var errs []error
	for i, s := range slices.Concat([]string{public}, others, loopback) {
		u, err := parseOrigin(s)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		origin := u.String()
		switch {
		case i == 0:
			o.public = origin
		case i <= len(others):
			o.more = append(o.more, origin)
		default:
			o.local[origin] = true
		}
		o.allowed[origin], o.hosts[u.Host] = true, true
		if u.Port() == "" {
			o.hosts[u.Host+":"+defaultPorts[u.Scheme]] = true
		}
	}
	return o, errors.Join(errs...)
}

// Public returns the origin at which users open this server, as browsers write it.
func (o *Origins) Public() string { return o.public }

// More returns the other origins that the operator allows, as browsers write them.
func (o *Origins) More() []string { return o.more }

// publicHost returns the host of the public origin.
func (o *Origins) publicHost() string {
	_, host, _ := strings.Cut(o.public, "://")
	return host
}

// secure reports whether users open this server by https.
func (o *Origins) secure() bool { return strings.HasPrefix(o.public, "https://") }

// defaultPorts has the default port of each scheme: the port of a URL that names no port.
var defaultPorts = map[string]string{"http": "80", "https": "443"}

// parseOrigin returns the origin in s as a URL in the form that browsers use: the host's name is in ASCII, and the default
// port is left out. The error says which form to give instead.
func parseOrigin(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("%q is no origin: want a scheme and a host like https://chat.example.com", s)
	}
	if _, ok := defaultPorts[u.Scheme]; !ok || u.Host == "" {
		_, rest, ok := strings.Cut(s, "://")
		if !ok {
			rest = s
		}
		host, _, _ := strings.Cut(rest, "/")
		return nil, fmt.Errorf("%q is no origin: want https:// or http:// and a host, such as https://%s", s,
			cmp.Or(host, "chat.example.com"))
	}
	host, err := browserHost(u.Hostname(), u.Port(), u.Scheme)
	if err != nil {
		return nil, fmt.Errorf("%q is no origin: %w", s, err)
	}
	origin := &url.URL{Scheme: u.Scheme, Host: host}
	switch {
	case strings.Trim(u.Path, "/") != "":
		return nil, fmt.Errorf("%q is no origin: want %s, without a path: Mayfly is served at the root of a host",
			s, origin)
	case u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return nil, fmt.Errorf("%q is no origin: want a scheme and a host alone, %s", s, origin)
	}
	return origin, nil
}

// hostNames turns the names of hosts into ASCII as browsers do: https://url.spec.whatwg.org/#concept-domain-to-ascii.
var hostNames = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(false),
	idna.CheckHyphens(false), idna.VerifyDNSLength(false))

// browserHost returns the host of a URL as browsers write it. The port follows, unless it is the default port of the scheme.
func browserHost(name, port, scheme string) (string, error) {
	host, err := hostNames.ToASCII(name)
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	last := labels[len(labels)-1]
	if address, e := netip.ParseAddr(name); e == nil && address.Zone() == "" {
		if host, err = address.String(), nil; address.Is6() {
			host = "[" + host + "]"
		}
	} else if name == "" || last == "" || strings.ContainsAny(name, ":% ") || strings.Trim(last, "0123456789") == "" {
		err = errors.New("want the name or the IP address of a host, such as chat.example.com or 192.0.2.1")
	} else if err != nil {
		err = fmt.Errorf("browsers do not accept the host %q: %w", name, err)
	}
	if err != nil {
		return "", err
	}
	if port == "" {
		return host, nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return "", fmt.Errorf("the port is %s: want a number from 1 to 65535", port)
	}
	if port = strconv.FormatUint(n, 10); port == defaultPorts[scheme] {
		return host, nil
	}
	return host + ":" + port, nil
}

// Allow reports whether r may use this server: the origin in r's Origin header is allowed, or r has no such header. A
// browser sends the header with each WebSocket handshake and each POST of a page. So a request without it comes from a
// client that is no browser, or it opens no WebSocket and posts nothing. Such a request is safe: no foreign page can chat by
// it.
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

// GuardHost passes a request on to next if its Host header names an allowed host. For another host it answers with a page
// that says what to do: under that host's name the chat could not connect, because Allow would refuse the page's origin.
// GuardHost also protects against a foreign name that resolves to this server: Mayfly's pages don't appear under it.
func (o *Origins) GuardHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o.serves(r.Host) {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusMisdirectedRequest)
		fmt.Fprintf(w, hostPage, html.EscapeString(r.Host), html.EscapeString(o.public), html.EscapeString(o.public),
			html.EscapeString("-public-url "+suggestion(r)))
	})
}

// serves reports whether host, the value of a Host header, is the host of an allowed origin. host may contain the
// scheme's default port or leave it out.
func (o *Origins) serves(host string) bool {
	if o.hosts[host] {
		return true
	}
	u := url.URL{Host: host}
	host, err := browserHost(u.Hostname(), u.Port(), "")
	return err == nil && o.hosts[host]
}

// suggestion returns the URL that the browser has probably asked for with r. If r came over TLS, the scheme is https.
// Otherwise a TLS proxy may be in front of this server, so suggestion guesses. It takes https if X-Forwarded-Proto is https,
// which such a proxy may set, if the port is 443, or if the Host header has no port.
func suggestion(r *http.Request) string {
	u := url.URL{Scheme: "http", Host: r.Host}
	port := u.Port()
	if r.TLS != nil || port == "" || port == "443" || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		u.Scheme = "https"
	}
	if host, err := browserHost(u.Hostname(), port, u.Scheme); err == nil {
		u.Host = host
	}
	return u.String()
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
