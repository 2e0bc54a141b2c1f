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
	callbackPath   = "/authorize/callback" // set by zitadel/oidc; the browser goes there once the user has chosen a person
	tokenPath      = "/token"
	userinfoPath   = "/userinfo"
	revokePath     = "/revoke"
	endSessionPath = "/end_session"
	loginPath      = "/login"
)

// Handler returns the provider's HTTP handler. The handler refuses requests whose Host header is not a name of this machine.
// This prevents DNS rebinding: an attacker's page lets its own host name resolve to this machine's address, and then may
// read the answers.
func (p *Provider) Handler() http.Handler {
	mux := http.NewServeMux()
	for path, at := range map[string]Endpoint{authorizePath: Authorize, callbackPath: Callback, endSessionPath: EndSession} {
		mux.Handle(path, p.withFaults(at, p.op))
	}
	for path, at := range map[string]Endpoint{
		discoveryPath: Discovery, keysPath: JWKS, tokenPath: Tokens, userinfoPath: Userinfo, revokePath: Revoke,
	} {
		mux.Handle(path, p.forApp(p.withFaults(at, p.op)))
	}
	mux.Handle("GET "+loginPath, p.withFaults(Login, http.HandlerFunc(p.showLogin)))
	mux.Handle("POST "+loginPath, p.withFaults(Login, http.HandlerFunc(p.handleLogin)))
	mux.Handle("GET /api/v1/users/{id}", p.withFaults(Users, http.HandlerFunc(p.serveUser)))
	mux.HandleFunc("GET /faults", p.serveFaults)
	mux.HandleFunc("POST /faults", p.serveFaults)
	mux.HandleFunc("GET /{$}", p.showHome)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if Loopback(r.Host) != nil {
			http.Error(w, "The development sign-in answers only under this machine's own names.",
				http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

// forApp adds CORS headers to the answers of handler, so that pages of the app's origins can read them and pages of other
// origins cannot. It answers preflight requests itself.
func (p *Provider) forApp(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Vary", "Origin")
		if origin := r.Header.Get("Origin"); slices.Contains(p.origins, origin) {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Expose-Headers", "Retry-After, Date")
		}
		if r.Method != http.MethodOptions {
			handler.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Methods", "GET, POST")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
		w.WriteHeader(http.StatusNoContent)
	})
}

// reply is a ResponseWriter that buffers the status and the body, so that withFaults can change them before it sends them.
type reply struct {
	http.ResponseWriter // only its headers are used
	status              int
	body                bytes.Buffer
}

func (r *reply) WriteHeader(status int)            { r.status = status }
func (r *reply) Write(b []byte) (n int, err error) { return r.body.Write(b) }

// withFaults returns a handler that counts each request, calls handler, and corrects the answer (see correct). It also makes
// the faults happen that a test has switched on for endpoint.
func (p *Provider) withFaults(endpoint Endpoint, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.faults.count(endpoint)
		if len(p.faults.take(endpoint, Drop)) > 0 {
			panic(http.ErrAbortHandler)
		}
		for _, f := range p.faults.take(endpoint, Slow) {
			if !wait(r, time.Duration(f.Delay)*time.Millisecond) {
				return
			}
		}
		if refusals := p.faults.take(endpoint, Refuse); len(refusals) > 0 {
			refuse(w, refusals[0])
			return
		}
		buffered := &reply{ResponseWriter: w, status: http.StatusOK}
		handler.ServeHTTP(buffered, r)
		body, err := p.correct(endpoint, buffered)
		if err != nil {
			p.log.Error("the development sign-in cannot answer", "endpoint", string(endpoint), "err", err)
			http.Error(w, "internal error", http.StatusInternalServerError)
			return
		}
		if len(p.faults.take(endpoint, Truncate)) > 0 {
			body = body[:len(body)/2]
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(buffered.status)
		if len(p.faults.take(endpoint, Lose)) > 0 {
			// Send the headers first: if a connection breaks before them, a browser sends the request again by itself.
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(body) // fails only if the client has disconnected
	})
}

// wait blocks for d and returns true. It returns false earlier if the client disconnects.
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

// correct returns the body that is sent in place of the body in buffered. It corrects three things that zitadel/oidc has
// written: the header Location (addIssuer), the discovery document and the tokens. If a test has switched on a fault of
// one of these three, correct puts the fault in, too.
func (p *Provider) correct(endpoint Endpoint, buffered *reply) ([]byte, error) {
	if to := buffered.Header().Get("Location"); to != "" {
		buffered.Header().Set("Location", p.addIssuer(to))
	}
	body := buffered.body.Bytes()
	if buffered.status != http.StatusOK || endpoint != Discovery && endpoint != Tokens {
		return body, nil
	}
	var o map[string]any
	if err := json.Unmarshal(body, &o); err != nil {
		return nil, err
	}
	if endpoint == Tokens {
		if err := p.correctTokens(o); err != nil {
			return nil, err
		}
	} else {
		p.correctDiscovery(o)
	}
	return json.Marshal(o)
}

// addIssuer adds the parameter iss (RFC 9207) to location if location leads back to the app after a sign-in, that is, to one
// of Config.Redirects. It returns any other address unchanged.
func (p *Provider) addIssuer(location string) string {
	u, err := url.Parse(location)
	if err != nil || !slices.Contains(p.store.config.Redirects, strings.TrimSuffix(location, "?"+u.RawQuery)) {
		return location
	}
	q := u.Query()
	q.Set("iss", p.issuer(Authorize))
	u.RawQuery = q.Encode()
	return u.String()
}

// issuer returns the issuer's name. If endpoint has the fault WrongIssuer, it returns a wrong name.
func (p *Provider) issuer(endpoint Endpoint) string {
	if len(p.faults.take(endpoint, WrongIssuer)) > 0 {
		return p.store.config.Issuer + "/other"
	}
	return p.store.config.Issuer
}

// correctDiscovery removes from the discovery document o the features that zitadel/oidc announces but this provider does
// not support. It also announces RFC 9207, which addIssuer implements.
func (p *Provider) correctDiscovery(o map[string]any) {
	for name := range o {
		if strings.Contains(name, "introspection_") || strings.Contains(name, "device_") ||
			strings.HasPrefix(name, "request_") {
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
