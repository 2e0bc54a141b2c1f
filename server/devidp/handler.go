package devidp

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	discoveryPath  = "/.well-known/openid-configuration"
	keysPath       = "/keys"
	authorizePath  = "/authorize"
	callbackPath   = "/authorize/callback" // zitadel's: where somebody goes on who has said who they are
	tokenPath      = "/token"
	userinfoPath   = "/userinfo"
	revokePath     = "/revoke"
	endSessionPath = "/end_session"
	loginPath      = "/login"
)

// Handler returns all that the provider answers. It refuses names that are not this machine's: a page of anybody's could give
// its own name this machine's address.
func (p *Provider) Handler() http.Handler {
	mux := http.NewServeMux()
	for path, at := range map[string]Endpoint{authorizePath: Authorize, callbackPath: Callback, endSessionPath: EndSession} {
		mux.Handle(path, p.answer(at, p.op))
	}
	for path, at := range map[string]Endpoint{discoveryPath: Discovery, keysPath: JWKS, tokenPath: Tokens, userinfoPath: Userinfo, revokePath: Revoke} {
		mux.Handle(path, p.forApp(p.answer(at, p.op)))
	}
	mux.Handle("GET "+loginPath, p.answer(Login, http.HandlerFunc(p.showLogin)))
	mux.Handle("POST "+loginPath, p.answer(Login, http.HandlerFunc(p.takeLogin)))
	mux.Handle("GET /api/v1/users/{id}", p.answer(Users, http.HandlerFunc(p.serveUser)))
	mux.HandleFunc("GET /faults", p.serveFaults)
	mux.HandleFunc("POST /faults", p.serveFaults)
	mux.HandleFunc("GET /{$}", p.showHome)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if Loopback(r.Host) != nil {
			http.Error(w, "The development sign-in answers under this machine's own names alone.", http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

// forApp lets the app's pages read the answers of next, and no others'.
func (p *Provider) forApp(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Vary", "Origin")
		if origin := r.Header.Get("Origin"); slices.Contains(p.origins, origin) {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Expose-Headers", "Retry-After, Date")
		}
		if r.Method != http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Methods", "GET, POST")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
		w.WriteHeader(http.StatusNoContent)
	})
}

// reply keeps an answer until it may go.
type reply struct {
	http.ResponseWriter // for its headers
	status              int
	body                bytes.Buffer
}

func (r *reply) WriteHeader(status int)            { r.status = status }
func (r *reply) Write(b []byte) (n int, err error) { return r.body.Write(b) }

// answer counts, lets next answer, corrects the answer and has go wrong what a test wants to.
func (p *Provider) answer(at Endpoint, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.faults.count(at)
		if len(p.faults.take(at, Drop)) > 0 {
			panic(http.ErrAbortHandler)
		}
		for _, f := range p.faults.take(at, Slow) {
			if !wait(r, time.Duration(f.Delay)*time.Millisecond) {
				return
			}
		}
		if refusals := p.faults.take(at, Refuse); len(refusals) > 0 {
			refuse(w, refusals[0])
			return
		}
		made := &reply{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(made, r)
		body, err := p.correct(at, made)
		if err != nil {
			p.log.Error("the development sign-in cannot answer", "endpoint", string(at), "err", err)
			http.Error(w, "internal error", http.StatusInternalServerError)
			return
		}
		if len(p.faults.take(at, Truncate)) > 0 {
			body = body[:len(body)/2]
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(made.status)
		if len(p.faults.take(at, Lose)) > 0 {
			_ = http.NewResponseController(w).Flush() // or a browser would ask again by itself
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(body) // to somebody who has gone
	})
}

// wait reports whether there is still somebody to answer after d.
func wait(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func refuse(w http.ResponseWriter, f Fault) {
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	if f.Status == 0 {
		f.Status = http.StatusInternalServerError
	}
	writeJSON(w, f.Status, map[string]string{"error": "temporarily_unavailable", "error_description": "A test wants this."})
}

// correct returns the body of an answer as it should be, and then as a test wants it to be wrong.
func (p *Provider) correct(at Endpoint, made *reply) ([]byte, error) {
	if to := made.Header().Get("Location"); to != "" {
		made.Header().Set("Location", p.named(to))
	}
	body := made.body.Bytes()
	if made.status != http.StatusOK || at != Discovery && at != Tokens {
		return body, nil
	}
	var o map[string]any
	if err := json.Unmarshal(body, &o); err != nil {
		return nil, err
	}
	if at == Tokens {
		if err := p.correctTokens(o); err != nil {
			return nil, err
		}
	} else {
		p.correctDiscovery(o)
	}
	return json.Marshal(o)
}

// named adds the issuer's name where somebody is sent back to the app with the end of a sign-in.
func (p *Provider) named(to string) string {
	u, err := url.Parse(to)
	if err != nil || !slices.Contains(p.store.config.Redirects, strings.TrimSuffix(to, "?"+u.RawQuery)) {
		return to
	}
	q := u.Query()
	q.Set("iss", p.issuer(Authorize))
	u.RawQuery = q.Encode()
	return u.String()
}

// issuer returns the issuer's name, or another one if a test wants that of an endpoint.
func (p *Provider) issuer(at Endpoint) string {
	if len(p.faults.take(at, WrongIssuer)) > 0 {
		return p.store.config.Issuer + "/other"
	}
	return p.store.config.Issuer
}

// correctDiscovery leaves what there is, which is less than what zitadel could do.
func (p *Provider) correctDiscovery(o map[string]any) {
	for name := range o {
		if strings.Contains(name, "introspection_") || strings.Contains(name, "device_") || strings.HasPrefix(name, "request_") {
			delete(o, name)
		}
	}
	o["issuer"] = p.issuer(Discovery)
	o["authorization_response_iss_parameter_supported"] = true
	o["response_types_supported"] = []string{"code"}
	o["response_modes_supported"] = []string{"query"}
	o["grant_types_supported"] = []string{"authorization_code", "refresh_token"}
	o["token_endpoint_auth_methods_supported"] = []string{"none"}
	o["revocation_endpoint_auth_methods_supported"] = []string{"none"}
}
