// Package auth checks tokens and returns the identity of the user that a token stands for.
//
// Any OIDC provider that issues signed JWTs as access tokens works. For other providers the package checks ID tokens, which
// are always signed JWTs. Config.Token says which kind is accepted; a token of the other kind is refused. Besides the
// standard claims the package reads Okta's own: cid, uid, scp. It makes all its checks each time that a token comes, and
// refuses a bad token with a reason of the protocol. A bad token never makes its user a guest.
//
// The library go-oidc checks each token a second time, as a cross-check. go-oidc alone is not enough. It gives no reasons.
// It accepts tokens without kid, subject or iat, tokens with a life of 30,000 years, ID tokens, tokens bound to a key that
// the client never proved to have, and keys of 1,024 bits. And it fetches the issuer's keys for every unknown kid.
//
// So the package has its own key set (keySet). It loads the keys in the background after the start, and refreshes them as
// the issuer's Cache-Control says. A token with an unknown kid (the id of a key) makes it fetch the keys, at most once in
// 30 s. It keeps the keys for a day while the issuer is down, and drops a key once the issuer no longer publishes the key.
// Every request to the issuer is bounded: 5 s, 256 KiB, 20 keys, no redirect to another host.
//
// A token identifies a user but rarely holds a display name: package names finds one.
//
// Package session decides the rest: what guests may do, how long a connection lives, which sign-ins were signed out, and how
// many failed sign-ins an address may make.
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

	"mayfly/server/names"
)

// Config says which tokens a Verifier accepts.
type Config struct {
	Issuer       string    // the issuer's URL, exactly as it is written in the claim iss of its tokens
	ClientIDs    []string  // the apps that users may sign in with
	Token        TokenKind // which tokens sign users in: access tokens or ID tokens
	Audience     string    // a value that the claim aud of an access token must contain
	Algs         []string  // allowed signature algorithms; empty: RS256 only
	RequireScope string    // a scope that tokens must have; empty: no scope is needed
	KidOptional  bool      // accept tokens without kid if exactly one key of the issuer fits
	Moderators   Claims    // a user whose token has one of these is a moderator

	OktaAPIToken  string // for names and, with RequireActive, for the status of users; empty: the Users API is not asked
	RequireActive bool   // refuse users whom the Users API reports as not active
}

// Verifier checks tokens of one issuer. Any goroutine may call its methods.
type Verifier struct {
	config   Config          // static
	keys     *keySet         // static
	provider *provider       // static
	profiles *names.Profiles // static
	metrics  *metrics        // static
}

// New returns a Verifier. The Verifier refuses every token with the code busy until Run has loaded the issuer's keys. New
// returns an error if cfg.Check returns one.
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
	v.profiles = names.New(names.Config{Okta: v.provider.okta(), OktaToken: cfg.OktaAPIToken,
		RequireActive: cfg.RequireActive, Userinfo: v.provider.userinfo, ReadUserinfo: readUserinfo}, client, reg, log)
	return v, nil
}

// crossCheck returns a verifier of go-oidc for tokens that were made for audience.
func (v *Verifier) crossCheck(audience string) *oidc.IDTokenVerifier {
	// go-oidc has no allowance for wrong clocks: it would refuse a token right after its exp. So its clock is set back by
	// Leeway, and by one more second, because go-oidc cuts exp to whole seconds.
	return oidc.NewVerifier(v.config.Issuer, v.keys, &oidc.Config{ClientID: audience, SupportedSigningAlgs: v.config.Algs,
		Now: func() time.Time { return time.Now().Add(-Leeway - time.Second) }})
}

// Run does the background work until ctx is done: it loads and refreshes the issuer's keys, and looks up users' names. It
// returns nil.
func (v *Verifier) Run(ctx context.Context) error {
	var running sync.WaitGroup
	running.Go(func() { v.provider.run(ctx) })
	v.profiles.Run(ctx)
	running.Wait()
	v.provider.client.CloseIdleConnections()
	return nil
}

// Ready returns nil if tokens can be checked now, else the reason why not. It doesn't block.
func (v *Verifier) Ready() error { return v.keys.ready() }

// Warning returns a sentence for the operator if the issuer's clock and this node's clock differ by more than Leeway, else
// "". The clocks are compared whenever the issuer's keys are loaded. The comparison does not show which clock is wrong.
func (v *Verifier) Warning() string {
	switch ahead := time.Duration(v.provider.ahead.Load()); {
	case ahead > 0:
		return fmt.Sprintf("the issuer's clock is %s ahead of this server's: one of the two is wrong", ahead)
	case ahead < 0:
		return fmt.Sprintf("the issuer's clock is %s behind this server's: one of the two is wrong", -ahead)
	}
	return ""
}

// Endpoints returns the origins that a browser calls to sign a user in and out, sorted. Until Run has loaded the issuer's
// configuration, it returns only the issuer's own origin, where the browser loads the configuration too. Afterwards it also
// returns the origins of the endpoints in the configuration. userinfo is not among them, because only the server calls it.
func (v *Verifier) Endpoints() []string { return v.provider.endpoints() }

// algs are the algorithms that Config.Algs may name. All of them use public keys.
var algs = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512,
	oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA}

// Check returns every problem of c in one error, or nil. The error names a field by its command-line flag: -issuer for the
// field Issuer.
func (c Config) Check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if u, err := trustedURL(c.Issuer); err != nil {
		wrong("-issuer is %q: %w", c.Issuer, err)
	} else if u.RawQuery != "" || u.Fragment != "" {
		wrong("-issuer is %q: want it without ? and #", c.Issuer)
	} else if isOktaOrg(u) {
		wrong("-issuer is %q, Okta's org server, whose access tokens only Okta can check: want an authorization server, "+
			"such as %s/oauth2/default", c.Issuer, strings.TrimSuffix(c.Issuer, "/"))
	}
	if len(c.ClientIDs) == 0 || slices.Contains(c.ClientIDs, "") {
		wrong("-client-id is missing: want the client ID of the app that people sign in with")
	}
	switch {
	case c.Token == IDTokens && c.RequireScope != "":
		wrong("-require-scope is %q, but -token is id: ID tokens have no scopes", c.RequireScope)
	case c.Token == IDTokens: // Audience is not needed: the audience of an ID token is one of ClientIDs
	case c.Audience == "":
		wrong("-audience is missing: want the audience of the access tokens, such as api://default")
	case slices.Contains(c.ClientIDs, c.Audience):
		wrong("-audience is %q, a client ID: want the audience of the access tokens, which ID tokens don't have; "+
			"if the provider's access tokens are made for the client, want -token id", c.Audience)
	}
	for _, alg := range c.Algs {
		if !slices.Contains(algs, alg) {
			wrong("-algs has %q: want some of %s", alg, strings.Join(algs, ","))
		}
	}
	for _, m := range c.Moderators {
		if fold := strings.ToLower(m.Name); slices.Contains(claimNames, fold) && fold != m.Name {
			wrong("-moderators has the claim %q: want it as %q, as it is in tokens", m.Name, fold)
		}
	}
	if strings.ContainsAny(c.RequireScope, " \t\r\n") {
		wrong("-require-scope is %q: want one scope", c.RequireScope)
	}
	if strings.ContainsFunc(c.OktaAPIToken, func(r rune) bool { return r <= ' ' || r > '~' }) {
		// The error doesn't show the token.
		wrong("the Okta API token holds a space or another character that no token has: want the token alone")
	}
	if c.RequireActive && c.OktaAPIToken == "" {
		wrong("-require-active is set: want an Okta API token too, with which to ask who is active")
	}
	return errors.Join(errs...)
}

// isOktaOrg reports whether u is the org server of an Okta customer: the authorization server whose access tokens only Okta
// can check.
func isOktaOrg(u *url.URL) bool {
	okta := slices.ContainsFunc([]string{".okta.com", ".oktapreview.com", ".okta-emea.com"}, func(domain string) bool {
		return strings.HasSuffix(strings.ToLower(u.Hostname()), domain)
	})
	return okta && strings.Trim(u.Path, "/") == ""
}
