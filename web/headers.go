package web

import (
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

// securityHeaders returns the headers for every response. signIn holds the origins that a browser calls to sign in.
func securityHeaders(cfg Config, signIn []string) (http.Header, error) {
	sockets, err := socketOrigins(append([]string{cfg.PublicURL}, cfg.Origins...))
	if err != nil {
		return nil, err
	}
	h := http.Header{}
	h.Set("Content-Security-Policy", contentSecurityPolicy(sockets, policyOrigins(signIn)))
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

// contentSecurityPolicy returns a policy that allows Mayfly's own files and no inline script or style. Go's wasm needs
// 'wasm-unsafe-eval', which allows the browser to compile wasm and nothing else. The policy allows the origins signIn,
// because the client fetches tokens from them.
func contentSecurityPolicy(sockets, signIn []string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self' 'wasm-unsafe-eval'",
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

// policyOrigins returns those of origins that a content security policy can name. It leaves out IPv6 addresses, for which a
// policy has no notation, and origins with characters that would end a directive of the policy.
func policyOrigins(origins []string) []string {
	unnameable := func(o string) bool { return strings.ContainsAny(o, "[]*;, '\"\r\n") }
	return slices.DeleteFunc(slices.Clone(origins), unnameable)
}

// socketOrigins returns the ws and wss origins of Mayfly itself, sorted. The content security policy must name them, because
// older versions of Safari don't count them as 'self'. socketOrigins leaves out IPv6 addresses, for which a policy has no
// notation, so at such an address the policy has only 'self'.
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
