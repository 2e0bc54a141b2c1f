package rig

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"mayfly/app/pkce"
	"mayfly/server/devidp"
)

// SetFaults gives the sign-in provider of mayfly dev the faults f, and no others.
func (s *Server) SetFaults(f devidp.Faults) {
	s.t.Helper()
	b, err := json.Marshal(f)
	if err != nil {
		s.t.Fatal(err)
	}
	s.faults(http.MethodPost, b)
}

// Calls returns how often each endpoint of the sign-in provider of mayfly dev was asked since the start.
func (s *Server) Calls() map[devidp.Endpoint]int {
	s.t.Helper()
	var state devidp.State
	if err := json.Unmarshal(s.faults(http.MethodGet, nil), &state); err != nil {
		s.t.Fatal(err)
	}
	return state.Calls
}

// UntilAsked waits until an endpoint of the sign-in provider was asked more than n times since the start.
func (s *Server) UntilAsked(t *testing.T, at devidp.Endpoint, n int) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(Timeout); s.Calls()[at] <= n; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s was not asked more than %d times", at, n)
		}
	}
}

func (s *Server) faults(method string, body []byte) []byte {
	s.t.Helper()
	r, err := http.NewRequest(method, s.Provider+"/faults", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, answer := s.ask(r)
	if resp.StatusCode != http.StatusOK {
		s.t.Fatalf("%s /faults = %d %s", method, resp.StatusCode, answer)
	}
	return answer
}

// ask sends a request, follows redirects to the end of a sign-in but not into the chat, and returns the answer and its body.
func (s *Server) ask(r *http.Request) (*http.Response, []byte) {
	s.t.Helper()
	once := &http.Transport{DisableKeepAlives: true}
	client := http.Client{Timeout: Timeout, Transport: once, CheckRedirect: func(to *http.Request, _ []*http.Request) error {
		if to.URL.Path == pkce.CallbackPath {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	resp, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp, body
}

// Tokens are what the chat gets when somebody signs in.
type Tokens struct {
	Access  string `json:"access_token"`
	ID      string `json:"id_token"`
	Refresh string `json:"refresh_token"`
}

var formID = regexp.MustCompile(`name="id" value="([^"]+)"`)

// SignIn signs somebody in at mayfly dev without a browser, once the server is ready to let them in.
func (s *Server) SignIn(who *devidp.Person) (tokens Tokens) {
	s.t.Helper()
	s.untilReady()
	verifier := rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(verifier))
	app := url.Values{"client_id": {"mayfly-dev"}, "redirect_uri": {s.URL + pkce.CallbackPath}}
	wish := url.Values{
		"response_type": {"code"}, "scope": {"openid profile email offline_access"}, "state": {"s"}, "nonce": {"n"},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
	}
	_, form := s.post("/authorize", app, wish)
	id := formID.FindSubmatch(form)
	if id == nil {
		s.t.Fatalf("the form is %s", form)
	}
	resp, body := s.post("/login", url.Values{"id": {string(id[1])}, "person": {who.ID}})
	back, err := resp.Location()
	if err != nil || back.Query().Get("code") == "" {
		s.t.Fatalf("/login leads to %v: %s", back, body)
	}
	resp, body = s.post("/token", app, url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "code_verifier": {verifier},
	})
	if err := json.Unmarshal(body, &tokens); err != nil || resp.StatusCode != http.StatusOK {
		s.t.Fatalf("/token = %d %s", resp.StatusCode, body)
	}
	return tokens
}

// post sends a form of several parts to the provider.
func (s *Server) post(path string, parts ...url.Values) (*http.Response, []byte) {
	s.t.Helper()
	var form []string
	for _, part := range parts {
		form = append(form, part.Encode())
	}
	r, err := http.NewRequest(http.MethodPost, s.Provider+path, strings.NewReader(strings.Join(form, "&")))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.ask(r)
}

// untilReady waits until the server has the provider's keys.
func (s *Server) untilReady() {
	s.t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for deadline := time.After(Timeout); ; {
		r, err := http.NewRequest(http.MethodGet, s.URL+"/readyz", nil)
		if err != nil {
			s.t.Fatal(err)
		}
		resp, body := s.ask(r)
		if resp.StatusCode == http.StatusOK {
			return
		}
		select {
		case <-again.C:
		case <-deadline:
			s.t.Fatalf("the server is not ready: %s", body)
		}
	}
}
