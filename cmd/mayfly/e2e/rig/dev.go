package rig

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
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

// SetFaults replaces all faults of mayfly dev's sign-in provider by f.
func (s *Server) SetFaults(f devidp.Faults) {
	s.t.Helper()
	b, err := json.Marshal(f)
	if err != nil {
		s.t.Fatal(err)
	}
	s.faults(http.MethodPost, b)
}

// Calls returns how many requests each endpoint of mayfly dev's sign-in provider has had since its start.
func (s *Server) Calls() map[devidp.Endpoint]int {
	s.t.Helper()
	var state devidp.State
	if err := json.Unmarshal(s.faults(http.MethodGet, nil), &state); err != nil {
		s.t.Fatal(err)
	}
	return state.Calls
}

// UntilAsked waits until endpoint, at mayfly dev's sign-in provider, has had more than n requests since its start.
func (s *Server) UntilAsked(t *testing.T, endpoint devidp.Endpoint, n int) {
	t.Helper()
	Until(t, fmt.Sprintf("%s was not asked more than %d times", endpoint, n), func() bool { return s.Calls()[endpoint] > n })
}

// UntilLogs waits until the server's log has a line with text in it.
func (s *Server) UntilLogs(t *testing.T, text string) {
	t.Helper()
	Until(t, fmt.Sprintf("the log never says %q", text), func() bool { return strings.Contains(s.Log(), text) })
}

// Until waits until done returns true. The test fails with problem if that takes longer than Timeout.
func Until(t testing.TB, problem string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(Timeout); !done(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal(problem)
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

// ask sends a request, and returns the last answer and its body. It follows redirects, but not the redirect that sends the
// browser back to the chat at the end of a sign-in.
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

// Tokens are the tokens that the chat gets when a user signs in.
type Tokens struct {
	Access  string `json:"access_token"`
	ID      string `json:"id_token"`
	Refresh string `json:"refresh_token"`
}

var formID = regexp.MustCompile(`name="id" value="([^"]+)"`)

// SignIn signs in as person at mayfly dev, without a browser. It first waits until the server can check tokens.
func (s *Server) SignIn(person *devidp.Person) (tokens Tokens) {
	s.t.Helper()
	s.UntilReady()
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
	resp, body := s.post("/login", url.Values{"id": {string(id[1])}, "person": {person.ID}})
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

// post sends a form with the values of all parts to the provider.
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

// UntilReady waits until the server, or each node for which it stands, has the provider's keys, which it needs to check
// tokens.
func (s *Server) UntilReady() {
	s.t.Helper()
	for _, n := range s.nodes {
		n.UntilReady()
	}
	if s.nodes != nil {
		return
	}
	r, err := http.NewRequest(http.MethodGet, "http://"+s.addr+"/readyz", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	Until(s.t, "the server is not ready", func() bool {
		resp, body := s.ask(r)
		return resp.StatusCode == http.StatusOK && strings.TrimSpace(string(body)) == "ok" // users can sign in, too
	})
}
