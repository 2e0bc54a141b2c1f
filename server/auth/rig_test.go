package auth_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"mayfly/server/auth"
	"mayfly/shared/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	issuer   = "https://id.example/oauth2/default"
	client   = "0oaMayfly"
	audience = "api://default"
	ada      = "00u1adalovelace5d7" // her uid
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// The keys of the tests, made once.
var (
	key1    = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	key2    = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	key1024 = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 1024)) })
	keyEC   = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	keyP384 = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)) })
	keyEd   = sync.OnceValue(func() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) })
)

// jwk returns a key as the issuer publishes it.
func jwk(kid string, private crypto.Signer) map[string]any {
	var m map[string]any
	b := must(jose.JSONWebKey{Key: private.Public(), KeyID: kid, Use: "sig"}.MarshalJSON())
	if err := json.Unmarshal(b, &m); err != nil {
		panic(err)
	}
	return m
}

// with returns m with other members; nil takes one away.
func with(m map[string]any, changes map[string]any) map[string]any {
	m = maps.Clone(m)
	for name, value := range changes {
		if m[name] = value; value == nil {
			delete(m, name)
		}
	}
	return m
}

// idp is an issuer that needs no network, and Okta's Users API beside it.
type idp struct {
	mu       sync.Mutex
	asked    map[string]int // requests by path
	auths    []string       // Authorization of all of them
	keys     []map[string]any
	maxAge   string
	override map[string]http.HandlerFunc // by path
	down     bool
	base     string
	slow     time.Duration // how long Users API and userinfo take
}

func newIDP() *idp {
	return &idp{asked: map[string]int{}, keys: []map[string]any{jwk("k1", key1())}, override: map[string]http.HandlerFunc{},
		base: issuer, maxAge: "max-age=86400"}
}

const (
	pathConfig   = "/oauth2/default/.well-known/openid-configuration"
	pathKeys     = "/oauth2/default/v1/keys"
	pathUserinfo = "/oauth2/default/v1/userinfo"
	pathUsers    = "/api/v1/users/"
)

func (i *idp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.asked[r.URL.Path]++
	i.auths = append(i.auths, r.Header.Get("Authorization"))
	override, keys, maxAge := i.override[r.URL.Path], i.keys, i.maxAge
	if override == nil {
		override = i.override[r.URL.Path[:strings.LastIndex(r.URL.Path, "/")+1]]
	}
	slow := i.slow
	i.mu.Unlock()
	if r.URL.Path == pathUserinfo || strings.HasPrefix(r.URL.Path, pathUsers) {
		time.Sleep(slow)
	}
	switch {
	case override != nil:
		override(w, r)
	case r.URL.Path == pathConfig:
		writeJSON(w, i.config())
	case r.URL.Path == pathKeys:
		w.Header().Set("Cache-Control", maxAge)
		writeJSON(w, map[string]any{"keys": keys})
	case r.URL.Path == pathUserinfo:
		writeJSON(w, map[string]any{"sub": ada, "name": "Ada of Userinfo"})
	case strings.HasPrefix(r.URL.Path, pathUsers):
		writeJSON(w, user(strings.TrimPrefix(r.URL.Path, pathUsers), "ACTIVE", "Ada", "Lovelace"))
	default:
		http.NotFound(w, r)
	}
}

func (i *idp) config() map[string]any {
	return map[string]any{
		"issuer": i.base, "jwks_uri": i.base + "/v1/keys", "authorization_endpoint": i.base + "/v1/authorize",
		"token_endpoint": i.base + "/v1/token", "userinfo_endpoint": i.base + "/v1/userinfo",
		"end_session_endpoint": i.base + "/v1/logout", "revocation_endpoint": i.base + "/v1/revoke",
	}
}

func user(id, status, first, last string) map[string]any {
	return map[string]any{"id": id, "status": status, "profile": map[string]any{"firstName": first, "lastName": last, "login": "ada@example.com"}}
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// says makes the issuer answer to requests for path, or below it if it ends in a slash, as h does; nil: as ever.
func (i *idp) says(path string, h http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.override[path] = h
}

func (i *idp) publish(keys ...map[string]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = keys
}

func (i *idp) setDown(down bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.down = down
}

// count returns how often path was asked for.
func (i *idp) count(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked[path]
}

// RoundTrip answers without a network.
func (i *idp) RoundTrip(r *http.Request) (*http.Response, error) {
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
		<-done // a handler that waits looks at the context
		return nil, r.Context().Err()
	}
}

// status answers with a status and a body.
func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

// late answers as next does, but not before d has passed.
func late(d time.Duration, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(d):
			next(w, r)
		case <-r.Context().Done():
		}
	}
}

// rig is a verifier that runs, with its issuer.
type rig struct {
	*auth.Verifier
	idp     *idp
	logs    *safeBuffer
	metrics *prometheus.Registry
	stop    func()
	ready   *watcher // of real sockets: when the keys are loaded
}

// bubble runs test on virtual time, with a verifier whose configuration and issuer setup has changed.
func bubble(t *testing.T, setup func(*auth.Config, *idp), test func(*testing.T, *rig)) {
	t.Helper()
	key1() // outside: making keys takes real time
	synctest.Test(t, func(t *testing.T) {
		r := start(t, setup)
		defer r.stop()
		synctest.Wait()
		test(t, r)
	})
}

func start(t *testing.T, setup func(*auth.Config, *idp)) *rig {
	t.Helper()
	cfg := auth.Config{Issuer: issuer, ClientIDs: []string{client, "0oaOther"}, Audience: audience}
	r := &rig{idp: newIDP(), logs: &safeBuffer{}, metrics: prometheus.NewRegistry()}
	if setup != nil {
		setup(&cfg, r.idp)
	}
	v, err := auth.NewVerifier(cfg, r.idp, r.metrics, slog.New(slog.NewTextHandler(r.logs, nil)))
	if err != nil {
		t.Fatal(err)
	}
	r.Verifier = v
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- v.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	return r
}

// claims are those of a good access token of Okta's, changed.
func claims(changes map[string]any) map[string]any {
	now := time.Now().Unix()
	return with(map[string]any{
		"ver": 1, "jti": "AT.7f3a", "iss": issuer, "aud": audience, "iat": now, "exp": now + 3600, "cid": client, "uid": ada,
		"scp": []string{"openid", "profile"}, "auth_time": now, "sub": "ada@example.com",
	}, changes)
}

// standard are the claims of a good access token of any other provider (RFC 9068), changed.
func standard(changes map[string]any) map[string]any {
	return with(claims(map[string]any{"ver": nil, "cid": nil, "uid": nil, "scp": nil, "client_id": client, "sub": "5f0e-ada",
		"scope": "openid profile"}), changes)
}

// header is that of a good token.
func header(changes map[string]any) map[string]any {
	return with(map[string]any{"alg": "RS256", "kid": "k1"}, changes)
}

// good returns a good access token, with changed claims.
func good(changes map[string]any) string { return sign(header(nil), claims(changes), key1()) }

// sign returns the token of header and claims, which may be anything that JSON can say, or raw bytes.
func sign(header, claims any, key any) string {
	signed := encode(header) + "." + encode(claims)
	var h struct{ Alg string }
	_ = json.Unmarshal([]byte(decode(encode(header))), &h)
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature(h.Alg, key, []byte(signed)))
}

func encode(v any) string {
	raw, ok := v.([]byte)
	if !ok {
		raw = must(json.Marshal(v))
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func decode(s string) string { return string(must(base64.RawURLEncoding.DecodeString(s))) }

func signature(alg string, key any, signed []byte) []byte {
	sum := sha256.Sum256(signed)
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if alg == "RS512" {
			sum := sha512.Sum512(signed)
			return must(rsa.SignPKCS1v15(nil, k, crypto.SHA512, sum[:]))
		}
		if alg == "PS256" {
			return must(rsa.SignPSS(rand.Reader, k, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}))
		}
		return must(rsa.SignPKCS1v15(nil, k, crypto.SHA256, sum[:]))
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, k, sum[:])
		if err != nil {
			panic(err)
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	case ed25519.PrivateKey:
		return ed25519.Sign(k, signed)
	case []byte:
		mac := hmac.New(sha256.New, k)
		mac.Write(signed)
		return mac.Sum(nil)
	default:
		return nil
	}
}

// refusal returns why token is refused.
func (r *rig) refusal(t *testing.T, token string) *auth.Error {
	t.Helper()
	id, err := r.Verify(t.Context(), token, "")
	var refusal *auth.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("Verify = %+v, %v, want a refusal", id, err)
	}
	if id != (auth.Identity{}) {
		t.Errorf("a refused token has the identity %+v", id)
	}
	return refusal
}

// want checks a refusal against the protocol, and that it says nothing secret.
func (r *rig) want(t *testing.T, token string, reason wire.Reason) *auth.Error {
	t.Helper()
	e := r.refusal(t, token)
	if e.Reason != reason {
		t.Fatalf("refused as %v, want %s", e, reason)
	}
	if e.Code != reason.Code() {
		t.Errorf("code %q, want %q", e.Code, reason.Code())
	}
	if e.Message == "" {
		t.Error("no message")
	}
	switch reason {
	case wire.ReasonTokenMissing, wire.ReasonTokenExpired, wire.ReasonTokenTooEarly, wire.ReasonTokenFuture, wire.ReasonUserInactive:
		if e.Wrong {
			t.Errorf("%s counts as wrong for good", reason)
		}
	case wire.ReasonTokenKeyUnknown: // as it is: TestUnknownKeysThatAreWrong
	default:
		if !e.Wrong {
			t.Errorf("%s does not count as wrong", reason)
		}
	}
	if (e.Next == wire.NextLater) != (e.Retry > 0) {
		t.Errorf("next %q and retry %v do not go together", e.Next, e.Retry)
	}
	logs := &bytes.Buffer{}
	slog.New(slog.NewTextHandler(logs, nil)).Info("refused", "err", e)
	if said := fmt.Sprint(e, e.Message, logs); len(token) > 40 && strings.Contains(said, token[len(token)-40:]) {
		t.Errorf("the token is in %s", said)
	}
	return e
}

// identity returns who token says it is.
func (r *rig) identity(t *testing.T, token, idToken string) auth.Identity {
	t.Helper()
	id, err := r.Verify(t.Context(), token, idToken)
	if err != nil {
		t.Fatalf("Verify: %v", err)
	}
	return id
}

var discard = slog.New(slog.DiscardHandler)

func newRegistry() *prometheus.Registry { return prometheus.NewRegistry() }

func jsonOf(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// startNew runs a verifier as the server makes it, until the test ends. Its log goes to logs, too.
func startNew(t *testing.T, cfg auth.Config, logs io.Writer) *rig {
	t.Helper()
	v, err := auth.New(cfg, prometheus.NewRegistry(), slog.New(slog.NewTextHandler(logs, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- v.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return &rig{Verifier: v}
}

// safeBuffer is a log that may be read while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// watcher is a log that closes seen when text comes by.
type watcher struct {
	text string
	seen chan struct{}
	once sync.Once
}

func (w *watcher) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(w.text)) {
		w.once.Do(func() { close(w.seen) })
	}
	return len(line), nil
}

func (w *watcher) wait(t *testing.T) {
	t.Helper()
	select {
	case <-w.seen:
	case <-time.After(20 * time.Second):
		t.Fatalf("the log never said %q", w.text)
	}
}
