package signin_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/server/authtest"
	"mayfly/shared/wire"
)

const (
	apiToken = "00SSWSTokenOfTheUsersAPI"
	phone    = "4JzcqN3vV0mB6o1pTtXy2w"
	laptop   = "Zk3xN3vV0mB6o1pTtXy2wQ"
)

// serve starts a server whose users sign in with the issuer i. When the test ends, it searches the log for secrets.
func serve(t *testing.T, i *issuer, args ...string) *rig.Server {
	t.Helper()
	s := rig.Serve(t, append([]string{"-issuer", i.Base, "-client-id", clientID}, args...)...)
	t.Cleanup(func() {
		for _, secret := range []string{apiToken, "eyJ", "c0deOfTheCallback"} {
			if strings.Contains(s.Log(), secret) {
				t.Errorf("the log holds %q", secret)
			}
		}
	})
	return s
}

// get returns the server's answer.
func get(t *testing.T, s *rig.Server, path string) (status int, body string, header http.Header) {
	t.Helper()
	resp, err := http.Get(s.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	return resp.StatusCode, strings.TrimSpace(string(b)), resp.Header
}

// hello connects and sends hello with a token. session is the id of the sign-in.
func hello(t *testing.T, s *rig.Server, token, session string) *rig.Raw {
	t.Helper()
	r := rig.Dial(t, s)
	r.Send(wire.Hello{Token: &token, SignInID: &session, Rooms: []wire.Join{{Room: "lobby"}}})
	return r
}

func TestIssuerThatIsDownAtTheStartAndComesUp(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	s := serve(t, i)
	if status, body, _ := get(t, s, "/readyz"); status != http.StatusOK || body != "ok for guests; sign-in does not work now" {
		t.Errorf("/readyz = %d %s, want 200 for guests", status, body)
	}
	rig.DialAnd(t, s, "lobby") // guests can connect
	token := i.token("1", time.Hour)
	if b := rig.Next[wire.Bye](hello(t, s, token, phone)); b.Code != wire.CodeBusy || b.RetryMS < 1000 {
		t.Errorf("bye = %+v, want busy", b)
	}
	i.up(t)
	s.UntilReady()
	w := rig.Next[wire.Welcome](hello(t, s, token, phone))
	if w.User.Anonymous || !strings.HasPrefix(w.User.ID, "u-") || w.AuthExpires/1000 != exp(t, token) {
		t.Errorf("welcome = %+v", w)
	}
	_, config, _ := get(t, s, "/config.json")
	if !strings.Contains(config, `"issuer":"`+i.Base+`","client_id":"`+clientID+`","scopes":["openid","profile","email","offline_access"],"audience":"`+audience) {
		t.Errorf("config.json = %s", config)
	}
	_, _, header := get(t, s, "/")
	if policy, origin := header.Get("Content-Security-Policy"), "http://"+i.addr; !strings.Contains(policy, " "+origin+"; manifest-src") ||
		!strings.Contains(policy, "form-action 'self';") || strings.Count(policy, origin) != 1 {
		t.Errorf("the policy is %s", policy)
	}
}

// exp returns the time at which a token expires.
func exp(t *testing.T, token string) int64 {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct{ Exp int64 }
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims.Exp
}

// renew sends the server a new token in the sign-in of the phone, and waits until an authed has the expiry of that token.
// An authed with the expiry of the old token only brings a name that the server has found meanwhile.
func renew(t *testing.T, r *rig.Raw, token string) {
	t.Helper()
	r.Send(wire.Auth{Token: token, SignInID: new(phone)})
	for rig.Next[wire.Authed](r).AuthExpires/1000 != exp(t, token) {
		if t.Failed() {
			t.FailNow() // the connection has ended
		}
	}
}

func TestKeysRotateWhilePeopleAreConnected(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	i.up(t)
	s := serve(t, i)
	s.UntilReady()
	old := i.token("old", time.Hour)
	r := hello(t, s, old, phone)
	rig.Next[wire.Joined](r)
	i.rotate()
	fresh := i.token("new", 2*time.Hour)
	renew(t, r, fresh)
	for range s.Nodes() { // each node learns of the new key by the first token that has it
		rig.Next[wire.Welcome](hello(t, s, fresh, phone))
	}
	if b := rig.Next[wire.Bye](hello(t, s, old, phone)); b.Reason != wire.ReasonTokenKeyUnknown || b.Next != wire.NextLater || b.RetryMS < 1000 {
		t.Errorf("bye = %+v, want token_key_unknown", b)
	}
	r.Send(wire.Post{ID: "0190a8f0-0000-7000-8000-000000000001", Room: "lobby", Text: "still here"})
	if p := rig.Next[wire.Posted](r); p.Text != "still here" {
		t.Errorf("posted = %+v", p)
	}
	if fetches := i.Count(authtest.PathKeys); fetches != 2*s.Nodes() {
		t.Errorf("the keys were fetched %d times, want twice by each of %d nodes", fetches, s.Nodes())
	}
}

// TestThousandReconnectsAskAHandfulOfTimes: one user connects a thousand times, and the server asks the Users API only a
// few times.
func TestThousandReconnectsAskAHandfulOfTimes(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	i.up(t)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(apiToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, i, "-okta-api-token-file", file)
	s.UntilReady()
	token := i.token("1", time.Hour)
	var name string
	for range 1000 {
		r := hello(t, s, token, phone)
		name = rig.Next[wire.Welcome](r).User.Name
		r.Close()
	}
	if lookups := i.Count(authtest.PathUsers); lookups < 1 || lookups > 3 || name != "Ada Lovelace" {
		t.Errorf("%d look-ups, the name is %q", lookups, name)
	}
}

func TestSignOutHoldsAfterARestart(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	i.up(t)
	s := serve(t, i, "-data", filepath.Join(t.TempDir(), "data"))
	s.UntilReady()
	token, next, other := i.token("1", time.Hour), i.token("2", 2*time.Hour), i.token("3", time.Hour)
	r, elsewhere := hello(t, s, token, phone), hello(t, s, other, laptop)
	rig.Next[wire.Joined](r)
	rig.Next[wire.Joined](elsewhere)
	renew(t, r, next)
	twin := hello(t, s, next, phone)
	rig.Next[wire.Joined](twin)
	twin.Send(wire.Signout{})
	for _, ended := range []*rig.Raw{r, twin} {
		if b := rig.Next[wire.Bye](ended); b.Reason != wire.ReasonTokenRevoked {
			t.Errorf("bye = %+v", b)
		}
	}
	elsewhere.Close()
	s.Stop()
	s.Start()
	s.UntilReady()
	for _, shown := range []string{token, next} {
		for _, session := range []string{phone, laptop} {
			if b := rig.Next[wire.Bye](hello(t, s, shown, session)); b.Reason != wire.ReasonTokenRevoked || b.Next != wire.NextLogin {
				t.Errorf("bye = %+v, want token_revoked", b)
			}
		}
	}
	rig.Next[wire.Welcome](hello(t, s, other, laptop))
}

// TestQueriesAreNotLogged sends a secret in a query; serve searches the log for it.
func TestQueriesAreNotLogged(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	i.up(t)
	s := serve(t, i)
	s.UntilReady()
	token := i.token("1", time.Hour)
	for _, path := range []string{"/login/callback?code=c0deOfTheCallback&state=x", "/ws?token=" + token, "/?access_token=" + token, "/login/callback?a;b=c0deOfTheCallback"} {
		_, _, header := get(t, s, path)
		if strings.HasPrefix(path, "/login/callback") && (header.Get("Cache-Control") != "no-store" || header.Get("Referrer-Policy") != "no-referrer") {
			t.Errorf("%s has %v", path, header)
		}
	}
	rig.Next[wire.Bye](hello(t, s, token+"x", phone))
	rig.Next[wire.Bye](hello(t, s, strings.Replace(token, "eyJ", "e yJ", 1), phone))
	if !strings.Contains(s.Log(), "sign-in refused") {
		t.Error("the log does not say that sign-ins were refused")
	}
}
