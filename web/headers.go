package web

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Secure sets the security headers on every response of handler. Use it for endpoints that this package does not serve.
func (h *Handler) Secure(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.current().setHeaders(w)
		handler.ServeHTTP(w, r)
	})
}

func (e *edition) setHeaders(w http.ResponseWriter) {
	for name, values := range e.headers {
		w.Header()[name] = slices.Clone(values)
	}
}

// securityHeaders returns the security headers for every response. signIn contains the origins that a browser calls when a
// user signs in. scripts are the inline scripts of the page.
func securityHeaders(cfg Config, signIn []string, scripts [][]byte) (http.Header, error) {
	sockets, err := socketOrigins(append([]string{cfg.PublicURL}, cfg.Origins...))
	if err != nil {
		return nil, err
	}
	h := http.Header{}
	h.Set("Content-Security-Policy", contentSecurityPolicy(scripts, sockets, policyOrigins(signIn)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), "+
		"magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()")
	if strings.HasPrefix(cfg.PublicURL, "https://") {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	return h, nil
}

// contentSecurityPolicy returns a policy that allows Mayfly's own files and the inline scripts with these texts, which the
// policy names by their hashes. It allows no other inline script, and no inline style. Go's wasm needs 'wasm-unsafe-eval',
// which allows the browser to compile wasm and nothing else. The policy also allows connections to the origins in sockets
// and in signIn. The client fetches tokens from the origins in signIn.
func contentSecurityPolicy(scripts [][]byte, sockets, signIn []string) string {
	hashes := ""
	for _, s := range scripts {
		hash := sha256.Sum256(s)
		hashes += "'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "' "
	}
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self' " + hashes + "'wasm-unsafe-eval'",
		"style-src 'self'",
		"img-src 'self' data:",
		"font-src 'self'",
		strings.Join(slices.Concat([]string{"connect-src 'self'"}, sockets, signIn), " "),
		"manifest-src 'self'",
		"worker-src 'self'",
		"base-uri 'none'",
		"form-action 'self'",
		"frame-ancestors 'none'",
	}, "; ")
}

// policyOrigins returns the origins that a content security policy can name. It leaves out IPv6 addresses, for which a
// policy has no notation. It also leaves out origins with characters that have a meaning in a policy, such as the semicolon.
func policyOrigins(origins []string) []string {
	unnameable := func(o string) bool { return strings.ContainsAny(o, "[]*;, '\"\r\n") }
	return slices.DeleteFunc(slices.Clone(origins), unnameable)
}

// socketOrigins returns the ws and wss origins of Mayfly itself, sorted. The content security policy must name them, because
// for older versions of Safari 'self' does not include WebSockets. socketOrigins leaves out IPv6 addresses, because a policy
// has no notation for them: if users open Mayfly at such an address, only 'self' allows its WebSockets.
func socketOrigins(urls []string) ([]string, error) {
	var sockets []string
	for _, s := range urls {
		if s == "" {
			continue
		}
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.ContainsAny(u.Host, ";, '\"") {
			return nil, fmt.Errorf("%q is no origin: want one like https://chat.example.com", s)
		}
		if !strings.HasPrefix(u.Host, "[") {
			sockets = append(sockets, "ws"+strings.TrimPrefix(u.Scheme, "http")+"://"+u.Host)
		}
	}
	slices.Sort(sockets)
	return slices.Compact(sockets), nil
}
