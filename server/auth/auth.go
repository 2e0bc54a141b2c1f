// Package auth checks an access token and says who it is.
//
// Any OIDC provider that issues access tokens as signed JWTs will do; Okta's own claims (cid, uid, scp) are understood besides
// the standard's. Every token is checked whole, each time, and refused with a reason of the protocol: a bad token never makes
// anyone anonymous. go-oidc checks it too, as a second pair of eyes that has no reasons to give. Alone it would not do: it takes
// tokens with no kid, no subject, no iat, a life of 30,000 years, ID tokens, tokens bound to a key that nobody showed, and
// signatures by keys of 1,024 bits, and it asks the issuer for keys again for every unknown kid.
//
// So the keys are our own (keySet): loaded while the server runs already, kept fresh as the issuer's Cache-Control says, asked
// for again at most once in 30 s however many unknown kids come, kept when the issuer is down and dropped when it drops them.
// All that the issuer says is bounded: 5 s, 256 KiB, 20 keys, no redirect to another host.
//
// A token says who somebody is but seldom what they are called. Names come from the ID token, from Okta's Users API or from
// userinfo (profiles), cached, in the background: nobody waits for a name, a better one is handed on when it is found. Names are
// written by strangers, so they are cleaned.
//
// Left to package server: what anonymous people may do, the times of a connection, who has signed out, and how often somebody
// may fail.
package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/prometheus/client_golang/prometheus"
)

// Config says whose tokens are taken, and which.
type Config struct {
	Issuer       string   // to the letter as its tokens have it
	ClientIDs    []string // of the apps that people may sign in with
	Audience     string   // that tokens must be made for
	Algs         []string // that tokens may be signed with; none: RS256
	RequireScope string   // that tokens must have; empty: none
	KidOptional  bool     // take tokens that name no key, if the issuer has only one that fits

	OktaAPIToken  string // for the names of people and, with RequireActive, their status; empty: the Users API is not asked
	RequireActive bool   // refuse people whom the Users API says not to be active
}

// Verifier checks tokens of one issuer. Call its methods from anywhere.
type Verifier struct {
	config   Config                // static
	second   *oidc.IDTokenVerifier // static
	keys     *keySet               // static
	provider *provider             // static
	profiles *profiles             // static
	metrics  *metrics              // static
}

// New returns a verifier that refuses every token as busy until Run has loaded the issuer's keys. The error is cfg's
// Check's.
func New(cfg Config, reg prometheus.Registerer, log *slog.Logger) (*Verifier, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxResponseHeaderBytes = maxHeader
	return newVerifier(cfg, transport, reg, log)
}

func newVerifier(cfg Config, transport http.RoundTripper, reg prometheus.Registerer, log *slog.Logger) (*Verifier, error) {
	if len(cfg.Algs) == 0 {
		cfg.Algs = []string{oidc.RS256}
	}
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	v := &Verifier{config: cfg, metrics: newMetrics(reg)}
	client := newClient(transport)
	v.keys = newKeySet(cfg.Algs, cfg.KidOptional)
	v.provider = &provider{issuer: cfg.Issuer, client: client, keys: v.keys, metrics: v.metrics, log: log}
	v.profiles = newProfiles(cfg, v.provider, client, v.metrics, log)
	v.second = oidc.NewVerifier(cfg.Issuer, v.keys, &oidc.Config{ClientID: cfg.Audience, SupportedSigningAlgs: cfg.Algs,
		Now: func() time.Time { return time.Now().Add(-Leeway - time.Second) }}) // it cuts exp to whole seconds
	return v, nil
}

// Run loads the issuer's keys and keeps them fresh, and looks people's names up, until ctx is done.
func (v *Verifier) Run(ctx context.Context) error {
	var running sync.WaitGroup
	running.Go(func() { v.provider.run(ctx) })
	v.profiles.run(ctx)
	running.Wait()
	v.provider.client.CloseIdleConnections()
	return nil
}

// Ready returns why no token can be checked now, nil if they can.
func (v *Verifier) Ready() error { return v.keys.ready() }

// Endpoints returns the origins that a browser calls to sign somebody in and out, sorted: the issuer's own, from which it loads
// the configuration, and once that is loaded here those of the endpoints in it, but for userinfo.
func (v *Verifier) Endpoints() []string { return v.provider.endpoints() }

// algs are the algorithms that one may choose: all have public keys.
var algs = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512,
	oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA}

// Check returns all that is wrong with c, by the names of the server's flags.
func (c Config) Check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if u, err := trustedURL(c.Issuer); err != nil {
		wrong("-issuer is %q: %w", c.Issuer, err)
	} else if u.RawQuery != "" || u.Fragment != "" {
		wrong("-issuer is %q: want it without ? and #", c.Issuer)
	} else if isOktaOrg(u) {
		wrong("-issuer is %q, Okta's org server, whose access tokens are not for others to check: want an authorization server, "+
			"such as %s/oauth2/default", c.Issuer, strings.TrimSuffix(c.Issuer, "/"))
	}
	if len(c.ClientIDs) == 0 || slices.Contains(c.ClientIDs, "") {
		wrong("-client-id is missing: want the client ID of the app that people sign in with")
	}
	if c.Audience == "" {
		wrong("-audience is missing: want the audience of the access tokens, such as api://default")
	} else if slices.Contains(c.ClientIDs, c.Audience) {
		wrong("-audience is %q, a client ID: want the audience of the access tokens, which ID tokens don't have", c.Audience)
	}
	for _, alg := range c.Algs {
		if !slices.Contains(algs, alg) {
			wrong("-algs has %q: want some of %s", alg, strings.Join(algs, ","))
		}
	}
	if strings.ContainsAny(c.RequireScope, " \t\r\n") {
		wrong("-require-scope is %q: want one scope", c.RequireScope)
	}
	if strings.ContainsFunc(c.OktaAPIToken, func(r rune) bool { return r <= ' ' || r > '~' }) {
		wrong("the Okta API token holds what no token does: want the token alone") // and never the token in the error
	}
	if c.RequireActive && c.OktaAPIToken == "" {
		wrong("-require-active is set: want an Okta API token too, with which to ask who is active")
	}
	return errors.Join(errs...)
}

// isOktaOrg reports whether u is an Okta organisation's own authorization server.
func isOktaOrg(u *url.URL) bool {
	okta := slices.ContainsFunc([]string{".okta.com", ".oktapreview.com", ".okta-emea.com"}, func(domain string) bool {
		return strings.HasSuffix(strings.ToLower(u.Hostname()), domain)
	})
	return okta && strings.Trim(u.Path, "/") == ""
}
