package auth

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The limits of one request to the issuer.
const (
	requestTimeout = 5 * time.Second
	maxBody        = 256 << 10 // the longest body, in bytes after decompression
	maxHeader      = 64 << 10  // the longest header, in bytes
	maxRedirects   = 3         // the most redirects that one request follows; all must stay on the same scheme and host
)

var (
	errBodyTooLarge = fmt.Errorf("the answer has more than %d bytes", maxBody)
	errRedirect     = errors.New("the answer is a redirect to another place")
)

// newClient returns the HTTP client for all requests to the issuer.
func newClient(transport http.RoundTripper) *http.Client {
	return &http.Client{Timeout: requestTimeout, Transport: bounded{transport}, CheckRedirect: sameHost}
}

// sameHost allows up to maxRedirects redirects that stay on the same scheme and host. Otherwise it returns errRedirect.
func sameHost(r *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects || r.URL.Host != via[0].URL.Host || r.URL.Scheme != via[0].URL.Scheme {
		return errRedirect
	}
	return nil
}

// bounded is a RoundTripper that limits the body of each answer: after maxBody bytes, Read returns errBodyTooLarge. So
// io.ReadAll cannot use too much memory.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = &boundedBody{ReadCloser: resp.Body, left: maxBody}
	return resp, nil
}

// CloseIdleConnections closes the idle connections of next. http.Client.CloseIdleConnections calls it.
func (b bounded) CloseIdleConnections() {
	if next, ok := b.next.(interface{ CloseIdleConnections() }); ok {
		next.CloseIdleConnections()
	}
}

type boundedBody struct {
	io.ReadCloser
	left int // how many bytes may still be read; -1 if the body is longer than maxBody
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errBodyTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left+1)])
	if b.left -= n; b.left < 0 {
		return n - 1, errBodyTooLarge
	}
	return n, err
}

// trustedURL parses s, the URL of a place to which tokens are sent or from which keys come. It accepts a URL with https, or
// with http if the host is this machine. It returns an error for every other s, and for a URL without a host, with a user
// name, or with a character in the host that would change the Content-Security-Policy.
func trustedURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil ||
		strings.ContainsAny(u.Host, ";, '\"") { // such a host would change our Content-Security-Policy
		return nil, errors.New("want an https URL, such as https://id.example.com/oauth2/default")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, errors.New("want https: http is for this machine alone")
	}
	return u, nil
}

func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }
