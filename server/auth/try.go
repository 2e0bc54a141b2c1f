package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Page says how the page signs users in, for Try.
type Page struct {
	Origins  []string // the origins at which users open the page, the public one first
	Callback string   // the path to which the provider sends users back
	Scopes   []string // the scopes that the page asks for
}

// Try asks the issuer what the server and the page will ask it. The error has every problem that keeps users from signing
// in, one in each line, and says which flag or which setting of the provider solves it. warnings are what an operator
// should know although users can sign in. cfg must be good (see Config.Check), and cfg.Algs must not be empty.
func Try(ctx context.Context, cfg Config, page Page) (warnings []string, err error) {
	client := newClient(http.DefaultTransport)
	defer client.CloseIdleConnections()
	t := &trial{cfg: cfg, page: page, client: client}
	p := &provider{issuer: cfg.Issuer, client: client, keys: newKeySet(cfg.Algs, cfg.KidOptional),
		metrics: newMetrics(prometheus.NewRegistry()), log: slog.New(slog.DiscardHandler)}
	d, err := p.discover(ctx)
	if err != nil {
		return nil, t.problem("%s: want the URL of an OpenID Connect provider that runs, exactly as its tokens "+
			"have it", oneLine(err))
	}
	t.discovery = d
	document := t.document(ctx)
	errs := []error{t.readDocument(document), t.keys(ctx, p), t.shares(ctx), t.knowsClient(ctx)}
	v := &Verifier{provider: p}
	if clock := v.Warning(); clock != "" {
		t.warnings = append(t.warnings, clock)
	}
	return t.warnings, errors.Join(errs...)
}

// trial is one call of Try.
type trial struct {
	cfg       Config
	page      Page
	client    *http.Client
	discovery *discovery
	warnings  []string
}

// problem returns an error about the issuer.
func (t *trial) problem(format string, args ...any) error {
	return fmt.Errorf("-issuer is %q: "+format, slices.Insert(args, 0, any(t.cfg.Issuer))...)
}

// oneLine returns the text of err in one line.
func oneLine(err error) string {
	return strings.Join(strings.Fields(clip(err.Error(), maxFailure)), " ")
}

// configURL returns the address of the issuer's configuration.
func (t *trial) configURL() string {
	return strings.TrimSuffix(t.cfg.Issuer, "/") + "/.well-known/openid-configuration"
}

// document is a part of the issuer's configuration that the type discovery lacks, because a Verifier does not need it.
type document struct {
	Methods []string `json:"code_challenge_methods_supported"`
	Scopes  []string `json:"scopes_supported"`
	Algs    []string `json:"id_token_signing_alg_values_supported"`
}

// document loads the issuer's configuration again. If that fails, d is empty: readDocument then checks only what discover
// has loaded.
func (t *trial) document(ctx context.Context) (d document) {
	if body, _, err := t.ask(ctx, t.configURL(), "", nil); err == nil {
		_ = json.Unmarshal(body, &d)
	}
	return d
}

// readDocument returns the problems with what the issuer says about itself, and adds warnings to t.warnings.
func (t *trial) readDocument(d document) error {
	var errs []error
	if t.discovery.Authorization == "" || t.discovery.Token == "" {
		errs = append(errs, t.problem("its configuration lacks an authorization or a token endpoint: want a provider that "+
			"signs people in with the authorization code flow"))
	}
	if d.Methods != nil && !slices.Contains(d.Methods, "S256") {
		errs = append(errs, t.problem("it has no PKCE with S256: switch that on at the provider"))
	}
	if t.cfg.Token == IDTokens && d.Algs != nil && !slices.ContainsFunc(t.cfg.Algs, func(alg string) bool {
		return slices.Contains(d.Algs, alg)
	}) {
		errs = append(errs, fmt.Errorf("-algs is %s, but the issuer signs with %s: want one of those",
			strings.Join(t.cfg.Algs, ","), strings.Join(d.Algs, ",")))
	}
	for _, scope := range t.page.Scopes {
		if d.Scopes != nil && !slices.Contains(d.Scopes, scope) {
			t.warnings = append(t.warnings, fmt.Sprintf("-scopes has %s, which the issuer does not list: it may refuse it",
				scope))
		}
	}
	return errors.Join(errs...)
}

// keys returns the problem with the issuer's keys, nil if there is none.
func (t *trial) keys(ctx context.Context, p *provider) error {
	keys, _, err := p.download(ctx, t.discovery.JWKS)
	if err != nil {
		return t.problem("its keys cannot be loaded: %s: want a jwks_uri that this machine can read", oneLine(err))
	}
	for _, alg := range t.cfg.Algs {
		for _, k := range keys {
			if k.problemWith(alg) == "" {
				return nil
			}
		}
	}
	return fmt.Errorf("-algs is %s, but none of the issuer's %d keys is for that: want the algorithm that signs its tokens",
		strings.Join(t.cfg.Algs, ","), len(keys))
}

// shares returns the problems with CORS: the provider must let pages of each origin read its answers.
func (t *trial) shares(ctx context.Context) error {
	var errs []error
	for _, origin := range t.page.Origins {
		var closed []string
		for _, endpoint := range []struct {
			name, url string
			form      url.Values
		}{
			{"configuration", t.configURL(), nil}, {"keys", t.discovery.JWKS, nil},
			{"token endpoint", t.discovery.Token, t.exchange(origin)},
		} {
			if endpoint.url == "" {
				continue
			}
			if _, header, err := t.ask(ctx, endpoint.url, origin, endpoint.form); err != nil || !letsRead(header, origin) {
				closed = append(closed, endpoint.name)
			}
		}
		if len(closed) > 0 {
			errs = append(errs, t.problem("it does not let pages of %s read its %s (CORS): allow that origin at the "+
				"provider (Okta: Security > API > Trusted Origins; Keycloak: Web origins)",
				origin, strings.Join(closed, ", ")))
		}
	}
	return errors.Join(errs...)
}

// letsRead reports whether an answer with this header can be read by a page of origin.
func letsRead(header http.Header, origin string) bool {
	allowed := header.Get("Access-Control-Allow-Origin")
	return allowed == "*" || allowed == origin
}

// exchange returns the form of a request for tokens. Its code is one that the provider never gave.
func (t *trial) exchange(origin string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {"mayfly-check"}, "client_id": {t.cfg.ClientIDs[0]},
		"redirect_uri": {origin + t.page.Callback}, "code_verifier": {strings.Repeat("mayfly-check-", 4)}}
}

// knowsClient returns the problem with the client ID. The provider must refuse the code of exchange, but not the client.
func (t *trial) knowsClient(ctx context.Context) error {
	if t.discovery.Token == "" || len(t.page.Origins) == 0 {
		return nil
	}
	body, _, err := t.ask(ctx, t.discovery.Token, t.page.Origins[0], t.exchange(t.page.Origins[0]))
	if err != nil {
		return t.problem("its token endpoint does not answer: %s: want one that browsers can reach", oneLine(err))
	}
	var refusal struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(body, &refusal)
	secret := strings.Contains(strings.ToLower(refusal.Description), "secret")
	if refusal.Code == "invalid_client" || refusal.Code == "unauthorized_client" || secret {
		said := strings.Join(strings.Fields(clip(cmp.Or(refusal.Description, refusal.Code), maxFailure)), " ")
		return fmt.Errorf("-client-id is %q, which the issuer refuses (%s): want the ID of an app of the issuer's without "+
			"a secret, a single-page app with PKCE", t.cfg.ClientIDs[0], said)
	}
	return nil
}

// ask sends form as a POST, or a GET if form is nil, and returns the body and the header of the answer. The request is that
// of a page of origin, or that of a server if origin is empty. An answer with a status such as 404 is no error.
func (t *trial) ask(ctx context.Context, address, origin string, form url.Values) ([]byte, http.Header, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, nil, err
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	resp, err := t.client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return answer, resp.Header, err
}
