package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Secure sets the security headers on all that next answers, for the endpoints that this package does not serve.
func (h *Handler) Secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.setHeaders(w)
		next.ServeHTTP(w, r)
	})
}

func (h *Handler) setHeaders(w http.ResponseWriter) {
	for name, values := range h.headers {
		w.Header()[name] = slices.Clone(values)
	}
}

// securityHeaders returns what every response carries. They are fixed at start, since the worker caches the page with them.
func securityHeaders(cfg Config) (http.Header, error) {
	sockets, err := socketOrigins(append([]string{cfg.PublicURL}, cfg.Origins...))
	if err != nil {
		return nil, err
	}
	h := http.Header{}
	h.Set("Content-Security-Policy", contentSecurityPolicy(sockets))
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

// contentSecurityPolicy allows Mayfly's own files and no inline script or style. Go's wasm needs 'wasm-unsafe-eval', which
// allows compiling wasm and nothing else.
func contentSecurityPolicy(sockets []string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self' 'wasm-unsafe-eval'",
		"style-src 'self'",
		"img-src 'self' data:",
		"font-src 'self'",
		strings.Join(append([]string{"connect-src 'self'"}, sockets...), " "),
		"manifest-src 'self'",
		"worker-src 'self'",
		"base-uri 'none'",
		"form-action 'self'",
		"frame-ancestors 'none'",
	}, "; ")
}

// socketOrigins returns the ws and wss origins of Mayfly's own, sorted, because older Safari does not count them as 'self'.
// It leaves out IPv6 addresses, for which a policy has no notation: there 'self' has to do.
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
