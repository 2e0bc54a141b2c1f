package pkce_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	issuer   = "https://id.example/oauth2/default"
	origin   = "https://chat.example"
	clientID = "0oa1"
)

// Real keys, made once: the provider's, another one, one that is too small, and one for ES256, which only the browser
// checks.
var (
	theKey     = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(2048) })
	anotherKey = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(2048) })
	smallKey   = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(1024) })
	curveKey   = sync.OnceValue(func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		return k
	})
)

func newRSA(bits int) *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return k
}

// An answer is the answer to a request. err means that there is none.
type answer struct {
	status int
	header map[string]string
	body   string
	err    error
}

var errDropped = errors.New("TypeError: Failed to fetch")

// A grant is the sign-in to which a code or a refresh token belongs.
type grant struct {
	user, nonce, challenge, redirect string
	at                               time.Time
}

// A family is all refresh tokens of one sign-in.
type family struct {
	grant
	dead     bool
	current  string
	previous string
	rotated  time.Time
}

// A provider is a sign-in provider in memory. It follows the rules, with real keys, and fails when a test says so.
type provider struct {
	t *testing.T

	mu        sync.Mutex // guards what follows
	rotate    bool
	grace     time.Duration
	life      time.Duration
	noRefresh bool
	codes     map[string]grant
	families  []*family
	calls     map[string]int
	secrets   []string // every token, code and verifier so far

	discovery func(map[string]any) // changes the discovery document
	keys      func([]map[string]any) []map[string]any
	answer    func(map[string]any)                // changes an answer of the token endpoint
	claims    func(map[string]any)                // changes the claims of an ID token
	sign      func(payload map[string]any) string // replaces the provider's own signing
	network   func(path string, form url.Values, serve func() answer) answer
	config    string
}

func newProvider(t *testing.T) *provider {
	return &provider{
		t: t, rotate: true, grace: 30 * time.Second, life: time.Hour, codes: map[string]grant{}, calls: map[string]int{},
		config: `{"version":"0.1.0","issuer":"` + issuer + `","client_id":"` + clientID + `","scopes":["openid","profile","offline_access"],"authorize_params":"prompt=consent&audience=https%3A%2F%2Fapi.example"}`,
	}
}

// fetch simulates the network: it answers the requests of a page.
func (p *provider) fetch(ctx context.Context, address, form string) (int, func(string) string, []byte, error) {
	time.Sleep(20 * time.Millisecond)
	u, err := url.Parse(address)
	if err != nil {
		p.t.Errorf("fetch of %q: %v", address, err)
	}
	values, err := url.ParseQuery(form)
	if err != nil {
		p.t.Errorf("form %q: %v", form, err)
	}
	path := strings.TrimPrefix(u.Path, "/oauth2/default")
	p.mu.Lock()
	p.calls[path]++
	network := p.network
	p.mu.Unlock()
	done := make(chan answer, 1)
	go func() {
		serve := func() answer { return p.serve(path, values) }
		if network == nil {
			done <- serve()
			return
		}
		done <- network(path, values, serve)
	}()
	select {
	case a := <-done:
		if a.err == nil {
			time.Sleep(20 * time.Millisecond)
		}
		return a.status, func(name string) string { return a.header[name] }, []byte(a.body), a.err
	case <-ctx.Done():
		return 0, nil, nil, ctx.Err()
	}
}

// setNetwork sets the function that each request goes through. nil means that nothing happens to requests.
func (p *provider) setNetwork(network func(path string, form url.Values, serve func() answer) answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.network = network
}

// count returns the number of requests for path.
func (p *provider) count(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[path]
}

func document(v any) answer {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return answer{status: 200, body: string(b)}
}

func refusal(code string) answer {
	a := document(map[string]any{"error": code, "error_description": "because"})
	a.status = 400
	return a
}

func (p *provider) serve(path string, form url.Values) answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch path {
	case "/config.json":
		return answer{status: 200, body: p.config}
	case "/.well-known/openid-configuration":
		d := map[string]any{
			"issuer": issuer, "authorization_endpoint": issuer + "/v1/authorize", "token_endpoint": issuer + "/v1/token",
			"jwks_uri": issuer + "/v1/keys", "revocation_endpoint": issuer + "/v1/revoke", "end_session_endpoint": issuer + "/v1/logout",
			"code_challenge_methods_supported":               []string{"S256"},
			"authorization_response_iss_parameter_supported": true,
		}
		if p.discovery != nil {
			p.discovery(d)
		}
		return document(d)
	case "/v1/keys":
		point, err := curveKey().PublicKey.Bytes()
		if err != nil {
			panic(err)
		}
		keys := []map[string]any{jwk("k1", &theKey().PublicKey), {
			"kty": "EC", "crv": "P-256", "kid": "c1", "use": "sig", "alg": "ES256",
			"x": b64(point[1:33]), "y": b64(point[33:]),
		}}
		if p.keys != nil {
			keys = p.keys(keys)
		}
		return document(map[string]any{"keys": keys})
	case "/v1/revoke":
		if f := p.familyOf(form.Get("token")); f != nil {
			f.dead = true
		}
		return answer{status: 200}
	case "/v1/token":
		if form.Get("client_id") != clientID {
			return refusal("invalid_client")
		}
		switch form.Get("grant_type") {
		case "authorization_code":
			return p.redeem(form)
		case "refresh_token":
			return p.refresh(form.Get("refresh_token"))
		}
		return refusal("unsupported_grant_type")
	}
	return answer{status: 404}
}

func (p *provider) familyOf(refresh string) *family {
	for _, f := range p.families {
		if refresh != "" && (f.current == refresh || f.previous == refresh) {
			return f
		}
	}
	return nil
}

func (p *provider) redeem(form url.Values) answer {
	code := form.Get("code")
	g, ok := p.codes[code]
	delete(p.codes, code)
	challenge := sha256.Sum256([]byte(form.Get("code_verifier")))
	p.secrets = append(p.secrets, form.Get("code_verifier"))
	if !ok || time.Since(g.at) > time.Minute || b64(challenge[:]) != g.challenge || form.Get("redirect_uri") != g.redirect {
		return refusal("invalid_grant")
	}
	f := &family{grant: g}
	p.families = append(p.families, f)
	return p.tokens(f, true)
}

func (p *provider) refresh(token string) answer {
	f := p.familyOf(token)
	switch {
	case f == nil || f.dead:
		return refusal("invalid_grant")
	case token == f.current:
		return p.tokens(f, p.rotate)
	case time.Since(f.rotated) > p.grace || p.grace == 0:
		f.dead = true // a token that is used twice may be stolen
		return refusal("invalid_grant")
	}
	return p.tokens(f, false)
}

// tokens answers with a new access token and a new ID token, and with a new refresh token if rotate is true.
func (p *provider) tokens(f *family, rotate bool) answer {
	if rotate && !p.noRefresh {
		f.previous, f.current, f.rotated = f.current, "rt-"+unique(), time.Now()
	}
	access := "at-" + unique()
	hash := sha256.Sum256([]byte(access))
	claims := map[string]any{
		"iss": issuer, "aud": clientID, "sub": f.user, "name": strings.ToUpper(f.user), "nonce": f.nonce, "jti": unique(),
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(), "at_hash": b64(hash[:16]),
	}
	if p.claims != nil {
		p.claims(claims)
	}
	sign := p.sign
	if sign == nil {
		sign = func(payload map[string]any) string { return jws("RS256", "k1", theKey(), payload) }
	}
	a := map[string]any{
		"access_token": access, "token_type": "Bearer", "expires_in": int(p.life.Seconds()), "scope": "openid profile offline_access",
		"id_token": sign(claims),
	}
	if f.current != "" {
		a["refresh_token"] = f.current
		p.secrets = append(p.secrets, f.current)
	}
	p.secrets = append(p.secrets, access)
	if p.answer != nil {
		p.answer(a)
	}
	return document(a)
}

// authorize does what a user does at the provider's form. It returns the address to which the provider sends the user
// back.
func (p *provider) authorize(address, user string) string {
	p.t.Helper()
	u, err := url.Parse(address)
	if err != nil || u.Host != "id.example" {
		p.t.Fatalf("left for %q", address)
	}
	q := u.Query()
	for name, want := range map[string]string{"response_type": "code", "client_id": clientID, "redirect_uri": origin + "/login/callback", "code_challenge_method": "S256"} {
		if q.Get(name) != want {
			p.t.Errorf("authorize %s = %q, want %q", name, q.Get(name), want)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(q.Get(name)) != 43 {
			p.t.Errorf("authorize %s = %q, want 43 characters", name, q.Get(name))
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	code := "code-" + unique()
	p.secrets = append(p.secrets, code)
	p.codes[code] = grant{user: user, nonce: q.Get("nonce"), challenge: q.Get("code_challenge"), redirect: q.Get("redirect_uri"), at: time.Now()}
	return q.Get("redirect_uri") + "?code=" + code + "&state=" + q.Get("state") + "&iss=" + url.QueryEscape(issuer)
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func unique() string { return strings.ToLower(rand.Text()) }

func jwk(kid string, k *rsa.PublicKey) map[string]any {
	return map[string]any{"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())}
}

// jws signs payload with a real key.
func jws(alg, kid string, key any, payload any, more ...map[string]any) string {
	header := map[string]any{"alg": alg, "kid": kid}
	for _, m := range more {
		maps.Copy(header, m)
	}
	text := b64([]byte(document(header).body)) + "." + b64([]byte(document(payload).body))
	hash := sha256.Sum256([]byte(text))
	switch key := key.(type) {
	case *rsa.PrivateKey:
		signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, hash[:])
		if err != nil {
			panic(err)
		}
		return text + "." + b64(signature)
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, key, hash[:])
		if err != nil {
			panic(err)
		}
		return text + "." + b64(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
	}
	panic(fmt.Sprintf("no signature with %T", key))
}
