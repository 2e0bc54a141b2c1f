package devidp_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"mayfly/server/auth"
	"mayfly/server/devidp"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // zitadel logs there
	goleak.VerifyTestMain(m)
}

const testTimeout = 2 * time.Minute // only a hang reaches it

const (
	app      = "http://localhost:8080"
	callback = app + "/login/callback"
	clientID = "mayfly"
	audience = "api://default"
)

// provider is the URL of a running provider, and an HTTP client that follows no redirect.
type provider struct {
	url    string
	client *http.Client
}

func config(issuer string) devidp.Config {
	return devidp.Config{Issuer: issuer, ClientID: clientID, Audience: audience, Redirects: []string{callback},
		SignedOut: []string{app + "/"}, AccessTTL: 5 * time.Minute, IDTTL: time.Hour, RefreshGrace: time.Hour}
}

// start starts a provider on a free port and stops it at the end of the test.
func start(t *testing.T, change func(*devidp.Config)) *provider {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	c := config("http://localhost:" + port)
	if change != nil {
		change(&c)
	}
	p, err := devidp.New(c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Serve(ctx, l) }()
	client := &http.Client{Timeout: testTimeout, Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve = %v", err)
		}
	})
	return &provider{c.Issuer, client}
}

// do sends a request, and returns the answer and its whole body.
func (p *provider) do(t *testing.T, r *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := p.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func (p *provider) get(t *testing.T, path string) (*http.Response, string) {
	t.Helper()
	return p.do(t, request(t, "GET", p.url+path, nil))
}

func (p *provider) post(t *testing.T, path string, form ...string) (*http.Response, string) {
	t.Helper()
	return p.do(t, request(t, "POST", p.url+path, values(form)))
}

func request(t *testing.T, method, url string, form url.Values) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

// values makes a form of pairs: name, value, name, value. An empty value removes the name.
func values(pairs []string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			v.Del(pairs[i])
		}
	}
	return v
}

// fault switches on the faults in f, and no others.
func (p *provider) fault(t *testing.T, f devidp.Faults) {
	t.Helper()
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), "POST", p.url+"/faults", bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if resp, body := p.do(t, r); resp.StatusCode != 200 {
		t.Fatalf("POST /faults = %d %s", resp.StatusCode, body)
	}
}

func (p *provider) state(t *testing.T) (s devidp.State) {
	t.Helper()
	_, body := p.get(t, "/faults")
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// signIn is a sign-in that the app has begun.
type signIn struct {
	*provider
	verifier, state, nonce string
}

func (p *provider) begin() *signIn {
	return &signIn{p, rand.Text() + rand.Text(), rand.Text(), rand.Text()}
}

// authorize opens the authorization endpoint as a browser does; more replaces usual parameters.
func (s *signIn) authorize(t *testing.T, more ...string) (*http.Response, string) {
	t.Helper()
	sum := sha256.Sum256([]byte(s.verifier))
	return s.get(t, "/authorize?"+values(append([]string{"response_type", "code", "client_id", clientID, "redirect_uri", callback,
		"scope", "openid profile email offline_access", "state", s.state, "nonce", s.nonce, "code_challenge_method", "S256",
		"code_challenge", base64.RawURLEncoding.EncodeToString(sum[:])}, more...)).Encode())
}

var hidden = regexp.MustCompile(`name="id" value="([^"]+)"`)

// form opens the form and returns the id of the request in it.
func (s *signIn) form(t *testing.T, more ...string) string {
	t.Helper()
	resp, body := s.authorize(t, more...)
	to := resp.Header.Get("Location")
	if resp.StatusCode != 302 || !strings.HasPrefix(to, "/login?id=") {
		t.Fatalf("/authorize = %d to %q %s, want the form", resp.StatusCode, to, body)
	}
	_, body = s.get(t, to)
	found := hidden.FindStringSubmatch(body)
	if found == nil {
		t.Fatalf("the form is %s", body)
	}
	return found[1]
}

// choose chooses a person on the form and returns the parameters with which the browser comes back to the app.
func (s *signIn) choose(t *testing.T, who *devidp.Person, more ...string) url.Values {
	t.Helper()
	resp, body := s.post(t, "/login", "id", s.form(t, more...), "person", who.ID)
	if resp.StatusCode != 303 {
		t.Fatalf("/login = %d %s", resp.StatusCode, body)
	}
	resp, body = s.get(t, resp.Header.Get("Location"))
	return s.back(t, resp, body)
}

// back returns the parameters in a redirect back to the app.
func (s *signIn) back(t *testing.T, resp *http.Response, body string) url.Values {
	t.Helper()
	to, query, ok := strings.Cut(resp.Header.Get("Location"), "?")
	got, err := url.ParseQuery(query)
	if !ok || to != callback || err != nil || got.Get("state") != s.state {
		t.Fatalf("back = %d to %q %s, want %s with the state %s", resp.StatusCode, resp.Header.Get("Location"), body, callback, s.state)
	}
	return got
}

// tokens is an answer of the token endpoint.
type tokens struct {
	Access    string `json:"access_token"`
	ID        string `json:"id_token"`
	Refresh   string `json:"refresh_token"`
	Type      string `json:"token_type"`
	ExpiresIn int    `json:"expires_in"`
	Scope     string `json:"scope"`
	Error     string `json:"error"`
}

// give sends form to the token endpoint.
func (p *provider) give(t *testing.T, form ...string) (status int, got tokens) {
	t.Helper()
	resp, body := p.post(t, "/token", append([]string{"client_id", clientID}, form...)...)
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatalf("/token = %d %q: %v", resp.StatusCode, body, err)
	}
	return resp.StatusCode, got
}

func (s *signIn) exchange(t *testing.T, code string) (status int, got tokens) {
	t.Helper()
	return s.give(t, "grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", s.verifier)
}

func (p *provider) renew(t *testing.T, refresh string) (status int, got tokens) {
	t.Helper()
	return p.give(t, "grant_type", "refresh_token", "refresh_token", refresh)
}

// signIn signs a person in and returns the tokens.
func (p *provider) signIn(t *testing.T, who *devidp.Person) tokens {
	t.Helper()
	s := p.begin()
	status, got := s.exchange(t, s.choose(t, who).Get("code"))
	if status != 200 {
		t.Fatalf("/token = %d %s", status, got.Error)
	}
	return got
}

// verifier returns a Verifier of Mayfly's server that has loaded the provider's keys.
func (p *provider) verifier(t *testing.T) *auth.Verifier {
	t.Helper()
	v, err := auth.New(auth.Config{Issuer: p.url, ClientIDs: []string{clientID}, Audience: audience}, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- v.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(testTimeout)
	for v.Ready() != nil {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatal(v.Ready())
		}
	}
	return v
}

// claims returns the claims of a token, unverified.
func claims(t *testing.T, token string) (c map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no token", token)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}
