// Package devidp is the OpenID Connect provider of "mayfly dev". A user chooses a person on the provider's form and is
// signed in without a password. So only programs on the same machine may reach the provider: it refuses to listen on an
// address that other machines can reach, and it refuses requests whose Host header is not a name of this machine.
//
// The library zitadel/oidc implements the protocol. So Mayfly's client and server are tested against code that others wrote
// from the same standards. This package adds a store in memory, and some things that zitadel/oidc does not do:
//   - the form on which the user chooses a person
//   - a check that every sign-in uses PKCE with S256
//   - refresh tokens that work for a while after their first use
//   - the issuer's name in the redirect back to the app (RFC 9207)
//   - ID tokens whose only audience is the app; zitadel/oidc adds the audience of the access tokens
//   - CORS headers for the app's origins only
//
// Tests switch faults on over HTTP: see Faults.
package devidp

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"
)

// Config describes the provider and its only app.
type Config struct {
	Issuer    string   // the provider's URL: an origin on this machine, such as http://localhost:8081
	ClientID  string   // the app's client ID
	Audience  string   // the value of the claim aud in the access tokens: for which server they are made
	Redirects []string // allowed redirect URIs after a sign-in
	SignedOut []string // allowed redirect URIs after a sign-out

	AccessTTL    time.Duration // how long an access token lives
	IDTTL        time.Duration // how long an ID token lives
	RefreshGrace time.Duration // how long a refresh token works after its first use; a later use ends the sign-in
}

// Provider is the OpenID Connect provider. Any goroutine may call its methods.
type Provider struct {
	origins []string     // static; the app's origins, which CORS allows
	store   *store       // static
	faults  *faults      // static
	op      *op.Provider // static
	log     *slog.Logger // static
}

// New returns a provider with a new signing key. If c is wrong, the error names every problem of c.
func New(c Config, log *slog.Logger) (*Provider, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	p := &Provider{faults: &faults{calls: map[Endpoint]int{}}, log: log}
	for _, to := range c.Redirects {
		p.origins = append(p.origins, originOf(to))
	}
	var err error
	if p.store, err = newStore(c, p.faults, log); err != nil {
		return nil, err
	}
	config := &op.Config{CodeMethodS256: true, GrantTypeRefreshToken: true, DefaultLogoutRedirectURI: "/"}
	if _, err := rand.Read(config.CryptoKey[:]); err != nil {
		return nil, err
	}
	p.op, err = op.NewProvider(config, p.store, op.StaticIssuer(c.Issuer), op.WithAllowInsecure(), op.WithCORSOptions(nil),
		op.WithCustomEndpoints(op.NewEndpoint(authorizePath), op.NewEndpoint(tokenPath), op.NewEndpoint(userinfoPath),
			op.NewEndpoint(revokePath), op.NewEndpoint(endSessionPath), op.NewEndpoint(keysPath)))
	if err != nil {
		return nil, fmt.Errorf("make the sign-in provider: %w", err)
	}
	return p, nil
}

// check returns every problem of c in one error, or nil.
func (c Config) check() error {
	var errs []error
	for _, s := range slices.Concat([]string{c.Issuer}, c.Redirects, c.SignedOut) {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "http" || Loopback(u.Host) != nil {
			errs = append(errs, fmt.Errorf("%q is not an http URL on this machine", s))
		}
	}
	if c.Issuer != originOf(c.Issuer) {
		errs = append(errs, fmt.Errorf("the issuer is %q: want it without a path", c.Issuer))
	}
	if c.ClientID == "" || c.Audience == "" || len(c.Redirects) == 0 {
		errs = append(errs, errors.New("want a client ID, an audience and where to send people back"))
	}
	if c.AccessTTL < time.Second || c.IDTTL < time.Second || c.RefreshGrace < 0 {
		errs = append(errs, fmt.Errorf("access tokens live for %s, ID tokens for %s, used refresh tokens for %s: "+
			"want at least 1s, 1s, and 0s", c.AccessTTL, c.IDTTL, c.RefreshGrace))
	}
	return errors.Join(errs...)
}

// originOf returns the origin of the URL s: its scheme and host. It returns "" if s cannot be parsed.
func originOf(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// Loopback returns nil if addr (a host or host:port) belongs to this machine alone, so that no other machine can reach
// it. Otherwise it returns an error that the user can read.
func Loopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = strings.Trim(addr, "[]")
	}
	if strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback() {
		return nil
	}
	return fmt.Errorf("%q is not this machine alone: want localhost, 127.0.0.1 or [::1]", addr)
}

const (
	headerTimeout = 10 * time.Second // the longest time for a request's headers to arrive
	readTimeout   = 15 * time.Second // the longest time for a whole request to arrive
	maxHeader     = 32 << 10
	maxBody       = 64 << 10
)

// Serve answers requests on l until ctx is done, and then closes l. If other machines can reach l, Serve closes l at once
// and returns an error.
func (p *Provider) Serve(ctx context.Context, l net.Listener) error {
	if err := Loopback(l.Addr().String()); err != nil {
		return errors.Join(fmt.Errorf("serve the development sign-in: %w", err), l.Close())
	}
	s := &http.Server{Handler: p.Handler(), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(p.log.Handler(), slog.LevelDebug)}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve the development sign-in: %w", err)
	case <-ctx.Done():
	}
	err := s.Close() // no graceful stop: the store is in memory, so every sign-in ends with the process
	<-ended
	return err
}
