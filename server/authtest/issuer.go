// Package authtest has two fakes for tests. Issuer is an OpenID Connect issuer like Okta, with its keys and tokens; a
// test can make it answer wrongly. Verifier is a session.Verifier without cryptography, for the tests of package server.
//
// An Issuer answers over a real socket (it is an http.Handler) or without a network (it is an http.RoundTripper), so that
// tests can run in virtual time. It answers only the requests that a server makes to an issuer. It signs nobody in:
// server/devidp does that. For the requests of a browser, the tests of app/pkce have a fake of their own, because app
// imports nothing from server.
package authtest

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"
)

// The paths at which an Issuer answers.
const (
	PathConfig   = "/oauth2/default/.well-known/openid-configuration"
	PathKeys     = "/oauth2/default/v1/keys"
	PathUserinfo = "/oauth2/default/v1/userinfo"
	PathUsers    = "/api/v1/users/"
)

// Issuer is a fake issuer together with Okta's Users API. Make it with NewIssuer: the zero value does not work.
type Issuer struct {
	Base     string        // the issuer's URL: IssuerURL, unless a test changes it before the first request
	MaxAge   string        // the header Cache-Control of the answer with the keys; set it before the first request
	APIToken string        // the token that the Users API wants; empty: any. Set it before the first request
	Slow     time.Duration // how long the Users API and userinfo take; set it while no request runs

	mu       sync.Mutex     // guards what follows
	asked    map[string]int // requests by path
	auths    []string       // the header Authorization of each request
	keys     []map[string]any
	override map[string]http.HandlerFunc // by path: the handlers that the method Says has set
	down     bool                        // true: RoundTrip fails
}

// NewIssuer returns an issuer that publishes one key: Key1, with the kid k1.
func NewIssuer() *Issuer {
	return &Issuer{
		Base: IssuerURL, MaxAge: "max-age=86400",
		asked: map[string]int{}, keys: []map[string]any{JWK("k1", Key1())}, override: map[string]http.HandlerFunc{},
	}
}

func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.asked[r.URL.Path]++
	i.auths = append(i.auths, r.Header.Get("Authorization"))
	override, keys := i.override[r.URL.Path], i.keys
	if override == nil {
		override = i.override[r.URL.Path[:strings.LastIndex(r.URL.Path, "/")+1]]
	}
	i.mu.Unlock()
	users := strings.HasPrefix(r.URL.Path, PathUsers)
	if i.Slow > 0 && (users || r.URL.Path == PathUserinfo) {
		time.Sleep(i.Slow)
	}
	switch {
	case override != nil:
		override(w, r)
	case r.URL.Path == PathConfig:
		WriteJSON(w, i.Config())
	case r.URL.Path == PathKeys:
		w.Header().Set("Cache-Control", i.MaxAge)
		WriteJSON(w, map[string]any{"keys": keys})
	case r.URL.Path == PathUserinfo:
		WriteJSON(w, map[string]any{"sub": Ada, "name": "Ada of Userinfo"})
	case users && i.APIToken != "" && r.Header.Get("Authorization") != "SSWS "+i.APIToken:
		w.WriteHeader(http.StatusUnauthorized)
	case users:
		WriteJSON(w, User(strings.TrimPrefix(r.URL.Path, PathUsers), "ACTIVE", "Ada", "Lovelace"))
	default:
		http.NotFound(w, r)
	}
}

// Config returns the configuration that the issuer publishes.
func (i *Issuer) Config() map[string]any {
	return map[string]any{
		"issuer": i.Base, "jwks_uri": i.Base + "/v1/keys", "authorization_endpoint": i.Base + "/v1/authorize",
		"token_endpoint": i.Base + "/v1/token", "userinfo_endpoint": i.Base + "/v1/userinfo",
		"end_session_endpoint": i.Base + "/v1/logout", "revocation_endpoint": i.Base + "/v1/revoke",
	}
}

// User returns what the Users API answers about a user.
func User(id, status, first, last string) map[string]any {
	profile := map[string]any{"firstName": first, "lastName": last, "login": "ada@example.com"}
	return map[string]any{"id": id, "status": status, "profile": profile}
}

// WriteJSON writes v as the answer, in JSON.
func WriteJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// Says makes h answer the requests for path. If path ends in a slash, h answers the requests for every path directly below
// it. If h is nil, the issuer itself answers these requests again.
func (i *Issuer) Says(path string, h http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.override[path] = h
}

// Publish makes the issuer publish these keys and no others.
func (i *Issuer) Publish(keys ...map[string]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = keys
}

// Keys returns the keys that the issuer publishes.
func (i *Issuer) Keys() []map[string]any {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys
}

// SetDown(true) makes every RoundTrip fail. SetDown(false) ends that.
func (i *Issuer) SetDown(down bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.down = down
}

// Count returns how many requests came for path. If path ends in a slash, Count adds up the requests for all paths that
// begin with it.
func (i *Issuer) Count(path string) (n int) {
	for asked, times := range i.Asked() {
		if asked == path || strings.HasSuffix(path, "/") && strings.HasPrefix(asked, path) {
			n += times
		}
	}
	return n
}

// Asked returns how many requests came for each path.
func (i *Issuer) Asked() map[string]int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return maps.Clone(i.asked)
}

// Authorizations returns the header Authorization of every request so far.
func (i *Issuer) Authorizations() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.auths)
}

// Token returns an access token with kid in its header, signed by key. Its claims are those of a good token of this issuer,
// with changes (see With).
func (i *Issuer) Token(kid string, key any, changes map[string]any) string {
	return Sign(Header(map[string]any{"kid": kid}), With(Claims(map[string]any{"iss": i.Base}), changes), key)
}

// RoundTrip implements http.RoundTripper. It uses no network, and calls ServeHTTP directly.
func (i *Issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	i.mu.Lock()
	down := i.down
	i.mu.Unlock()
	if down {
		return nil, errors.New("connection refused")
	}
	w := httptest.NewRecorder()
	done := make(chan struct{})
	go func() {
		defer close(done)
		i.ServeHTTP(w, r)
	}()
	select {
	case <-done:
		return w.Result(), nil
	case <-r.Context().Done():
		<-done // so a handler that a test has set with Says must return when the context of its request is done
		return nil, r.Context().Err()
	}
}

// Status returns a handler that answers with a status and a body.
func Status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

// Late returns a handler that waits for d and then calls handler. If the request ends first, handler is not called.
func Late(d time.Duration, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(d):
			handler(w, r)
		case <-r.Context().Done():
		}
	}
}
