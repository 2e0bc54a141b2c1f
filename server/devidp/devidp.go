// Package devidp is the sign-in provider of "mayfly dev": whoever opens its form may be anybody on it, so it is for the machine
// that it runs on and nobody else. It refuses to listen on any other address and to answer under any other name.
//
// The protocol is zitadel/oidc's, so that Mayfly's client and server are tried with what others made of the standards. Its store
// is ours, in memory, and so is what it lacks: people who choose themselves on a form, PKCE with S256 demanded instead of
// allowed, refresh tokens that work for a while after they were used, the issuer's name in the answer of a sign-in (RFC 9207),
// ID tokens for the app alone (zitadel names the API's audience in them too), and browsers of the app's origin alone.
//
// Tests turn faults on over HTTP: see Faults.
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

// Config says for which app people sign in, and where.
type Config struct {
	Issuer    string   // an origin of this machine, such as http://localhost:8081
	ClientID  string   // of the app
	Audience  string   // of the access tokens
	Redirects []string // where people may be sent when they have signed in
	SignedOut []string // and when they have signed out

	AccessTTL    time.Duration // how long an access token lives
	RefreshGrace time.Duration // how long a refresh token works after its first use; later its use ends the sign-in
}

// idTTL is how long an ID token lives.
const idTTL = time.Hour

// Provider signs people in. Call its methods from anywhere.
type Provider struct {
	origins []string     // static; of the app
	store   *store       // static
	faults  *faults      // static
	op      *op.Provider // static
	log     *slog.Logger // static
}

// New returns a provider with keys of its own. The error names all that is wrong with c.
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

// check returns all that is wrong with c.
func (c Config) check() error {
	var errs []error
	for _, s := range slices.Concat([]string{c.Issuer}, c.Redirects, c.SignedOut) {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "http" || Loopback(u.Host) != nil {
			errs = append(errs, fmt.Errorf("%q is no http URL of this machine", s))
		}
	}
	if c.Issuer != originOf(c.Issuer) {
		errs = append(errs, fmt.Errorf("the issuer is %q: want it without a path", c.Issuer))
	}
	if c.ClientID == "" || c.Audience == "" || len(c.Redirects) == 0 {
		errs = append(errs, errors.New("want a client ID, an audience and where to send people back"))
	}
	if c.AccessTTL < time.Second || c.RefreshGrace < 0 {
		errs = append(errs, fmt.Errorf("access tokens live for %s, used refresh tokens for %s: want at least 1s, and 0s", c.AccessTTL, c.RefreshGrace))
	}
	return errors.Join(errs...)
}

// originOf returns the origin of a URL, "" if it is none.
func originOf(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// Loopback returns why addr, a host or host:port, is not this machine's alone, nil if it is.
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
	headerTimeout = 10 * time.Second // to send a request's headers
	readTimeout   = 15 * time.Second // to send a whole request
	maxHeader     = 32 << 10
	maxBody       = 64 << 10
)

// Serve answers on l, which it closes, until ctx is done. It refuses a listener that others can reach.
func (p *Provider) Serve(ctx context.Context, l net.Listener) error {
	if err := Loopback(l.Addr().String()); err != nil {
		return errors.Join(fmt.Errorf("serve the development sign-in: %w", err), l.Close())
	}
	s := &http.Server{Handler: p.Handler(), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(p.log.Handler(), slog.LevelDebug)}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve the development sign-in: %w", err)
	case <-ctx.Done():
	}
	err := s.Close() // nobody is in the middle of anything that a restart would keep
	<-ended
	return err
}
