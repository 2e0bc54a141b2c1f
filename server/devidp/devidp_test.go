package devidp_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"mayfly/server/devidp"
)

var ada, grace = devidp.People[0], devidp.People[1]

func TestSignInRenewAndSignOut(t *testing.T) {
	p := start(t, nil)
	v := p.verifier(t)
	s := p.begin()
	back := s.choose(t, ada)
	if back.Get("iss") != p.url {
		t.Errorf("iss = %q, want %q", back.Get("iss"), p.url)
	}
	status, got := s.exchange(t, back.Get("code"))
	if status != 200 || got.Type != "Bearer" || got.ExpiresIn < 295 || got.ExpiresIn > 300 || got.Refresh == "" ||
		got.Scope != "openid profile email offline_access" {
		t.Fatalf("tokens = %d %+v", status, got)
	}
	who, err := v.Verify(t.Context(), got.Access, got.ID)
	if err != nil || who.Name != "Ada Lovelace" || who.Subject != ada.ID || who.JTI == "" {
		t.Fatalf("Verify = %+v, %v", who, err)
	}
	sum := sha256.Sum256([]byte(got.Access))
	id := claims(t, got.ID)
	for name, want := range map[string]any{"iss": p.url, "aud": clientID, "azp": clientID, "nonce": s.nonce, "sub": ada.ID, "name": "Ada Lovelace",
		"email": ada.Email, "at_hash": base64.RawURLEncoding.EncodeToString(sum[:16])} {
		if !reflect.DeepEqual(id[name], want) {
			t.Errorf("the ID token's %s is %v, want %v", name, id[name], want)
		}
	}
	access := claims(t, got.Access)
	for name, want := range map[string]any{"iss": p.url, "aud": []any{audience}, "client_id": clientID, "sub": ada.ID, "scope": got.Scope, "nonce": nil} {
		if !reflect.DeepEqual(access[name], want) {
			t.Errorf("the access token's %s is %v, want %v", name, access[name], want)
		}
	}
	r := request(t, "GET", p.url+"/userinfo", nil)
	r.Header.Set("Authorization", "Bearer "+got.Access)
	if resp, body := p.do(t, r); resp.StatusCode != 200 || !strings.Contains(body, `"sub":"`+ada.ID+`"`) || !strings.Contains(body, `"name":"Ada Lovelace"`) {
		t.Errorf("/userinfo = %d %s", resp.StatusCode, body)
	}

	status, renewed := p.renew(t, got.Refresh)
	if status != 200 || renewed.Refresh == "" || renewed.Refresh == got.Refresh || claims(t, renewed.ID)["sub"] != ada.ID || claims(t, renewed.ID)["nonce"] != nil {
		t.Fatalf("renewed = %d %+v", status, renewed)
	}
	if again, err := v.Verify(t.Context(), renewed.Access, renewed.ID); err != nil || again.ID != who.ID || again.JTI == who.JTI {
		t.Errorf("Verify = %+v, %v, want the same person with another token", again, err)
	}

	resp, body := p.post(t, "/end_session", "id_token_hint", renewed.ID, "post_logout_redirect_uri", app+"/", "state", "s", "client_id", clientID)
	if to := resp.Header.Get("Location"); resp.StatusCode != 302 || to != app+"/?state=s" {
		t.Errorf("/end_session = %d to %q %s", resp.StatusCode, to, body)
	}
	if status, got := p.renew(t, renewed.Refresh); status != 400 || got.Error != "invalid_grant" {
		t.Errorf("renewing after signing out = %d %s, want invalid_grant", status, got.Error)
	}
	if resp, _ := p.do(t, r); resp.StatusCode == 200 {
		t.Error("userinfo still knows who signed out")
	}
}

func TestTwoPeopleShareOneName(t *testing.T) {
	p := start(t, nil)
	v := p.verifier(t)
	ids := map[string]bool{}
	for _, who := range devidp.People {
		got := p.signIn(t, who)
		id, err := v.Verify(t.Context(), got.Access, got.ID)
		// the server adds a suffix, because two people have this name
		if err != nil || !strings.HasPrefix(id.Name, who.Name()) {
			t.Errorf("%s is %+v, %v", who.ID, id, err)
		}
		ids[id.ID] = true
	}
	if len(ids) != len(devidp.People) || devidp.People[0].Name() != devidp.People[3].Name() {
		t.Errorf("%d people have %d ids", len(devidp.People), len(ids))
	}
}

// TestOneOfThePeopleIsAModerator: both tokens of Grace have the claim, those of others have none.
func TestOneOfThePeopleIsAModerator(t *testing.T) {
	p := start(t, nil)
	for _, who := range devidp.People {
		s := p.begin()
		status, got := s.exchange(t, s.choose(t, who).Get("code"))
		if status != 200 {
			t.Fatalf("tokens = %d %+v", status, got)
		}
		for name, token := range map[string]string{"access": got.Access, "ID": got.ID} {
			groups := claims(t, token)[devidp.GroupsClaim]
			if is := reflect.DeepEqual(groups, []any{devidp.Moderators}); is != (who.Given == "Grace") {
				t.Errorf("the %s token of %s has the groups %v", name, who.Name(), groups)
			}
		}
	}
}

func TestCancel(t *testing.T) {
	s := start(t, nil).begin()
	id := s.form(t)
	resp, body := s.post(t, "/login", "id", id, "cancel", "1")
	if got := s.back(t, resp, body); got.Get("error") != "access_denied" || got.Get("iss") != s.url || got.Has("code") || strings.Contains(got.Get("error_description"), "olicy") {
		t.Errorf("back with %v, want access_denied", got)
	}
	if resp, body := s.post(t, "/login", "id", id, "person", ada.ID); resp.StatusCode != http.StatusGone || !strings.Contains(body, "sign in again") {
		t.Errorf("signing in after that = %d %s, want that it is over", resp.StatusCode, body)
	}
}

func TestAuthorizeRefuses(t *testing.T) {
	p := start(t, nil)
	for _, tt := range []struct {
		name  string
		more  []string
		error string // error that the app gets; empty: no redirect
	}{
		{"no challenge", []string{"code_challenge", ""}, "invalid_request"},
		{"a plain challenge", []string{"code_challenge_method", "plain"}, "invalid_request"},
		{"no method, which means plain", []string{"code_challenge_method", ""}, "invalid_request"},
		{"an answer in a form", []string{"response_mode", "form_post"}, "invalid_request"},
		{"nobody to ask", []string{"prompt", "none"}, "login_required"},
		{"another app", []string{"client_id", "other"}, ""},
		{"another site", []string{"redirect_uri", "https://evil.example/login/callback"}, ""},
		{"another path", []string{"redirect_uri", app + "/evil"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := p.begin()
			resp, body := s.authorize(t, tt.more...)
			if tt.error == "" {
				if resp.Header.Get("Location") != "" {
					t.Errorf("/authorize = %d to %s, want to stay", resp.StatusCode, resp.Header.Get("Location"))
				}
			} else if got := s.back(t, resp, body); got.Get("error") != tt.error || got.Get("iss") != p.url {
				t.Errorf("back with %v, want %s", got, tt.error)
			}
		})
	}
}

func TestNoTokensWithoutACode(t *testing.T) {
	resp, _ := start(t, nil).begin().authorize(t, "response_type", "id_token token")
	if to := resp.Header.Get("Location"); !strings.HasPrefix(to, callback+"#error=unauthorized_client&") {
		t.Errorf("/authorize leads to %s, want an error", to)
	}
}

func TestCodeIsForOneUseWithItsVerifier(t *testing.T) {
	p := start(t, nil)
	s := p.begin()
	code := s.choose(t, ada).Get("code")
	if status, got := p.begin().exchange(t, code); status != 400 || got.Error != "invalid_grant" {
		t.Errorf("with another verifier = %d %s, want invalid_grant", status, got.Error)
	}
	s = p.begin()
	code = s.choose(t, ada).Get("code")
	_, first := s.exchange(t, code)
	if status, got := s.exchange(t, code); status != 400 || got.Error != "invalid_grant" {
		t.Errorf("a second time = %d %s, want invalid_grant", status, got.Error)
	}
	if status, got := p.renew(t, first.Refresh); status != 400 || got.Error != "invalid_grant" {
		t.Errorf("renewing what the first use gave = %d %s, want invalid_grant", status, got.Error)
	}
}

func TestRefreshTokensRotate(t *testing.T) {
	for _, tt := range []struct {
		name  string
		grace time.Duration
		again int // the status of the answer to a second use
	}{
		{"with a grace period", time.Hour, 200},
		{"without", 0, 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := start(t, func(c *devidp.Config) { c.RefreshGrace = tt.grace })
			first := p.signIn(t, ada)
			other := p.signIn(t, ada)
			_, second := p.renew(t, first.Refresh)
			if status, got := p.renew(t, first.Refresh); status != tt.again {
				t.Fatalf("the second use = %d %s, want %d", status, got.Error, tt.again)
			}
			if status, got := p.renew(t, second.Refresh); status != tt.again {
				t.Errorf("the one that followed = %d %s, want %d: reuse ends the sign-in", status, got.Error, tt.again)
			}
			if status, got := p.renew(t, other.Refresh); status != 200 {
				t.Errorf("another sign-in = %d %s, want 200", status, got.Error)
			}
		})
	}
}

// TestOnlyOneOfManyRenews: without a grace period, one of many renewals at the same time succeeds. A client that renews
// without a lock between its tabs would run into that.
func TestOnlyOneOfManyRenews(t *testing.T) {
	p := start(t, func(c *devidp.Config) { c.RefreshGrace = 0 })
	got := p.signIn(t, ada)
	statuses := make(chan int)
	for range 20 {
		r := request(t, "POST", p.url+"/token", values([]string{"client_id", clientID, "grant_type", "refresh_token", "refresh_token", got.Refresh}))
		go func() {
			resp, err := p.client.Do(r)
			if err != nil {
				statuses <- 0
				return
			}
			resp.Body.Close()
			statuses <- resp.StatusCode
		}()
	}
	count := map[int]int{}
	for range 20 {
		count[<-statuses]++
	}
	if count[200] != 1 || count[400] != 19 {
		t.Errorf("answers by status are %v, want one 200 and 19 times 400", count)
	}
}

func TestRevoke(t *testing.T) {
	p := start(t, nil)
	got := p.signIn(t, ada)
	for name, token := range map[string]string{"nonsense": "nonsense", "a refresh token": got.Refresh, "one that was revoked": got.Refresh} {
		if resp, body := p.post(t, "/revoke", "client_id", clientID, "token", token, "token_type_hint", "refresh_token"); resp.StatusCode != 200 {
			t.Errorf("revoking %s = %d %s", name, resp.StatusCode, body)
		}
	}
	if status, got := p.renew(t, got.Refresh); status != 400 || got.Error != "invalid_grant" {
		t.Errorf("renewing after it = %d %s, want invalid_grant", status, got.Error)
	}
}

func TestSignOutLeadsNowhereElse(t *testing.T) {
	p := start(t, nil)
	got := p.signIn(t, ada)
	if resp, _ := p.get(t, "/end_session?client_id=mayfly&post_logout_redirect_uri=https://evil.example/"); resp.Header.Get("Location") != "" {
		t.Errorf("/end_session leads to %s", resp.Header.Get("Location"))
	}
	if resp, _ := p.post(t, "/end_session", "id_token_hint", got.ID[:len(got.ID)-4]); resp.Header.Get("Location") != "" {
		t.Errorf("/end_session with a bad hint leads to %s", resp.Header.Get("Location"))
	}
	if resp, _ := p.get(t, "/end_session"); resp.Header.Get("Location") != "/" {
		t.Errorf("/end_session without anything leads to %q, want its own page", resp.Header.Get("Location"))
	}
	if resp, body := p.get(t, "/"); resp.StatusCode != 200 || !strings.Contains(body, "Nobody is signed in here") {
		t.Errorf("its own page = %d %s", resp.StatusCode, body)
	}
}

func TestDiscoveryNamesWhatThereIs(t *testing.T) {
	p := start(t, nil)
	_, body := p.get(t, "/.well-known/openid-configuration")
	var d map[string]any
	if err := json.Unmarshal([]byte(body), &d); err != nil {
		t.Fatal(err)
	}
	endpoints := 0
	for name, value := range d {
		if at, ok := value.(string); ok && (strings.HasSuffix(name, "_endpoint") || name == "jwks_uri") {
			endpoints++
			if !strings.HasPrefix(at, p.url+"/") {
				t.Errorf("%s is %s, want it at %s", name, at, p.url)
			}
			if resp, body := p.get(t, strings.TrimPrefix(at, p.url)); resp.StatusCode == http.StatusNotFound {
				t.Errorf("%s = 404 %s", at, body)
			}
		}
	}
	if endpoints != 6 {
		t.Errorf("discovery has %d endpoints, want 6: %s", endpoints, body)
	}
	for name, want := range map[string]any{"issuer": p.url, "code_challenge_methods_supported": []any{"S256"}, "response_types_supported": []any{"code"},
		"authorization_response_iss_parameter_supported": true, "id_token_signing_alg_values_supported": []any{"RS256"}} {
		if !reflect.DeepEqual(d[name], want) {
			t.Errorf("%s is %v, want %v", name, d[name], want)
		}
	}
	if got := p.verifier(t).Endpoints(); !reflect.DeepEqual(got, []string{p.url}) {
		t.Errorf("a browser calls %q, want %s alone", got, p.url)
	}
}

func TestOnlyTheAppsPagesMayRead(t *testing.T) {
	p := start(t, nil)
	for _, path := range []string{"/.well-known/openid-configuration", "/keys", "/token", "/userinfo", "/revoke"} {
		for origin, want := range map[string]string{app: app, "https://evil.example": "", "null": ""} {
			for _, method := range []string{"POST", "OPTIONS"} {
				r := request(t, method, p.url+path, nil)
				r.Header.Set("Origin", origin)
				resp, _ := p.do(t, r)
				if got := resp.Header.Get("Access-Control-Allow-Origin"); got != want || resp.Header.Get("Vary") != "Origin" ||
					resp.Header.Get("Access-Control-Allow-Credentials") != "" || resp.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s %s from %s allows %q: %v", method, path, origin, got, resp.Header)
				}
			}
		}
	}
	for _, path := range []string{"/faults", "/login", "/authorize", "/api/v1/users/" + ada.ID} {
		r := request(t, "GET", p.url+path, nil)
		r.Header.Set("Origin", app)
		if resp, _ := p.do(t, r); resp.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s may be read by pages", path)
		}
	}
}

func TestForm(t *testing.T) {
	s := start(t, nil).begin()
	resp, _ := s.authorize(t)
	resp, body := s.get(t, resp.Header.Get("Location"))
	policy := resp.Header.Get("Content-Security-Policy")
	_, style, _ := strings.Cut(body, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	sum := sha256.Sum256([]byte(style))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action 'self' " + app + "; base-uri 'none'; frame-ancestors 'none'"
	if policy != want {
		t.Errorf("the form's policy is %q, want %q", policy, want)
	}
	for _, want := range append([]string{"anybody can sign in as anybody", `lang="en"`, "width=device-width", "Cancel"}, ada.ID, grace.ID) {
		if !strings.Contains(body, want) {
			t.Errorf("the form lacks %q:\n%s", want, body)
		}
	}
	if strings.Contains(body, "<script") || strings.Count(body, `name="person"`) != len(devidp.People) {
		t.Errorf("the form is %s", body)
	}
	if resp, body := s.get(t, "/login?id=nonsense"); resp.StatusCode != http.StatusGone || strings.Contains(body, "nonsense") {
		t.Errorf("the form of nothing = %d %s", resp.StatusCode, body)
	}
}

func TestThisMachineAlone(t *testing.T) {
	for addr, want := range map[string]bool{"localhost": true, "LocalHost:80": true, "127.0.0.1:8081": true, "127.9.9.9": true, "[::1]:80": true, "[::1]": true, "::1": true,
		"": false, ":8081": false, "0.0.0.0:80": false, "[::]:80": false, "192.168.1.2:80": false, "evil.example:80": false, "localhost.evil.example": false,
		"127.0.0.1.evil.example:80": false, "localhost@evil.example:80": false} {
		if got := devidp.Loopback(addr) == nil; got != want {
			t.Errorf("Loopback(%q) = %v, want %v", addr, got, want)
		}
	}
	p := start(t, nil)
	for _, host := range []string{"evil.example", "evil.example:8081", "localhost.evil.example", "192.168.1.2"} {
		r := request(t, "GET", p.url+"/faults", nil)
		r.Host = host
		if resp, body := p.do(t, r); resp.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("as %s = %d %s, want 421", host, resp.StatusCode, body)
		}
	}
}

func TestServeRefusesAListenerForOthers(t *testing.T) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	p, err := devidp.New(config("http://localhost:8081"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Serve(t.Context(), l); err == nil || !strings.Contains(err.Error(), "is not this machine alone") {
		t.Errorf("Serve(%s) = %v", l.Addr(), err)
	}
	if conn, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", l.Addr().(*net.TCPAddr).Port)); err == nil {
		conn.Close()
		t.Error("it still listens")
	}
}

func TestNewRefuses(t *testing.T) {
	for name, change := range map[string]func(*devidp.Config){
		"an issuer elsewhere":       func(c *devidp.Config) { c.Issuer = "http://id.example" },
		"an issuer with a path":     func(c *devidp.Config) { c.Issuer += "/" },
		"an app elsewhere":          func(c *devidp.Config) { c.Redirects = []string{"https://chat.example/login/callback"} },
		"a way out elsewhere":       func(c *devidp.Config) { c.SignedOut = []string{"http://192.168.1.2/"} },
		"no app":                    func(c *devidp.Config) { c.ClientID = "" },
		"nowhere to go back":        func(c *devidp.Config) { c.Redirects = nil },
		"tokens that never live":    func(c *devidp.Config) { c.AccessTTL = 0 },
		"a grace period before use": func(c *devidp.Config) { c.RefreshGrace = -1 },
	} {
		c := config("http://localhost:8081")
		change(&c)
		if _, err := devidp.New(c, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("New took %s", name)
		}
	}
}
