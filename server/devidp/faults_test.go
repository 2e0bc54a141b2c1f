package devidp_test

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server/auth"
	"mayfly/server/devidp"
	"mayfly/shared/wire"
)

func TestWrongTokens(t *testing.T) {
	p := start(t, nil)
	v := p.verifier(t)
	for _, tt := range []struct {
		do   devidp.Kind
		want wire.Reason
	}{
		{devidp.WrongAudience, wire.ReasonTokenAudience},
		{devidp.WrongIssuer, wire.ReasonTokenIssuer},
		{devidp.WrongClient, wire.ReasonTokenClient},
		{devidp.Expired, wire.ReasonTokenExpired},
		{devidp.Future, wire.ReasonTokenTooEarly},
		{devidp.OtherKey, wire.ReasonTokenSignature},
	} {
		t.Run(string(tt.do), func(t *testing.T) {
			p.fault(t, devidp.Faults{Faults: []devidp.Fault{{At: devidp.Tokens, Do: tt.do, Times: 1}}})
			got := p.signIn(t, ada)
			var refusal *auth.Error
			if _, err := v.Verify(t.Context(), got.Access, ""); !errors.As(err, &refusal) || refusal.Reason != tt.want {
				t.Errorf("Verify = %v, want %s", err, tt.want)
			}
			got = p.signIn(t, ada)
			if _, err := v.Verify(t.Context(), got.Access, ""); err != nil {
				t.Errorf("the next token: %v", err)
			}
		})
	}
}

func TestWrongIDToken(t *testing.T) {
	p := start(t, nil)
	v := p.verifier(t)
	for do, wrong := range map[devidp.Kind]func(id map[string]any) bool{
		devidp.WrongAudience: func(id map[string]any) bool { return id["aud"] != clientID },
		devidp.WrongNonce:    func(id map[string]any) bool { return id["nonce"] == "other" },
		devidp.WrongIssuer:   func(id map[string]any) bool { return id["iss"] != p.url },
		devidp.WrongClient:   func(id map[string]any) bool { return id["azp"] == "other" },
		devidp.Expired:       func(id map[string]any) bool { return id["exp"].(float64) < float64(time.Now().Unix()) },
	} {
		p.fault(t, devidp.Faults{Faults: []devidp.Fault{{At: devidp.Tokens, Do: do, Token: devidp.IDToken}}})
		got := p.signIn(t, ada)
		if id := claims(t, got.ID); !wrong(id) {
			t.Errorf("with %s the ID token is %v", do, id)
		}
		if _, err := v.Verify(t.Context(), got.Access, ""); err != nil {
			t.Errorf("with %s in the ID token the access token is wrong, too: %v", do, err)
		}
	}
}

func TestKeysRotate(t *testing.T) {
	p := start(t, nil)
	v := p.verifier(t)
	before := p.signIn(t, ada)
	p.fault(t, devidp.Faults{Rotate: devidp.Overlap})
	after := p.signIn(t, ada)
	for name, token := range map[string]string{"before": before.Access, "after": after.Access} {
		if _, err := v.Verify(t.Context(), token, ""); err != nil {
			t.Errorf("the token from %s: %v", name, err)
		}
	}
	if calls := p.state(t).Calls[devidp.JWKS]; calls != 2 {
		t.Errorf("the keys were asked for %d times, want 2", calls)
	}
	p.fault(t, devidp.Faults{Rotate: devidp.Replace})
	_, body := p.get(t, "/keys")
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal([]byte(body), &set); err != nil || len(set.Keys) != 1 || set.Keys[0]["alg"] != "RS256" || set.Keys[0]["d"] != nil {
		t.Errorf("keys = %s, %v, want the public half of one", body, err)
	}
	replaced := p.signIn(t, ada)
	if _, err := p.verifier(t).Verify(t.Context(), before.Access, ""); err == nil {
		t.Error("a token is still good whose key is gone")
	}
	if _, err := p.verifier(t).Verify(t.Context(), replaced.Access, ""); err != nil {
		t.Errorf("the token of the key that replaced it: %v", err)
	}
}

func TestAnswersGoWrong(t *testing.T) {
	p := start(t, nil)
	const path = "/.well-known/openid-configuration"
	fault := func(f devidp.Fault) {
		t.Helper()
		f.At, f.Times = devidp.Discovery, 1
		p.fault(t, devidp.Faults{Faults: []devidp.Fault{f}})
	}
	isWhole := func() {
		t.Helper()
		if resp, body := p.get(t, path); resp.StatusCode != 200 || !json.Valid([]byte(body)) {
			t.Errorf("the next answer = %d %s", resp.StatusCode, body)
		}
	}

	fault(devidp.Fault{Do: devidp.Refuse, Status: 429, RetryAfter: 7})
	r := request(t, "GET", p.url+path, nil)
	r.Header.Set("Origin", app)
	if resp, _ := p.do(t, r); resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "7" || resp.Header.Get("Access-Control-Allow-Origin") != app ||
		!strings.Contains(resp.Header.Get("Access-Control-Expose-Headers"), "Retry-After") {
		t.Errorf("refused with %d %v, want 429 that a page can read", resp.StatusCode, resp.Header)
	}
	isWhole()
	fault(devidp.Fault{Do: devidp.Refuse})
	if resp, _ := p.get(t, path); resp.StatusCode != 500 {
		t.Errorf("refused with %d, want 500", resp.StatusCode)
	}
	isWhole()
	fault(devidp.Fault{Do: devidp.Truncate})
	if resp, body := p.get(t, path); resp.StatusCode != 200 || json.Valid([]byte(body)) || !strings.HasPrefix(body, "{") {
		t.Errorf("truncated = %d %s", resp.StatusCode, body)
	}
	isWhole()
	fault(devidp.Fault{Do: devidp.Slow, Delay: 1})
	isWhole()
	fault(devidp.Fault{Do: devidp.WrongIssuer})
	if _, body := p.get(t, path); !strings.Contains(body, `"issuer":"`+p.url+`/other"`) {
		t.Errorf("wrong issuer = %s", body)
	}
	isWhole()
}

// TestSlowAnswers runs on virtual time.
func TestSlowAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := devidp.New(config("http://localhost:8081"), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		took := func(method, path, body string) time.Duration {
			t.Helper()
			r := httptest.NewRequest(method, "http://localhost:8081"+path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			w, began := httptest.NewRecorder(), time.Now()
			if p.Handler().ServeHTTP(w, r); w.Code != http.StatusOK || !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s %s = %d %s", method, path, w.Code, w.Body)
			}
			return time.Since(began)
		}
		took("POST", "/faults", `{"faults":[{"at":"discovery","do":"slow","delay_ms":50,"times":1}]}`)
		for _, want := range []time.Duration{50 * time.Millisecond, 0} {
			if got := took("GET", "/.well-known/openid-configuration", ""); got != want {
				t.Errorf("it took %s, want %s", got, want)
			}
		}
	})
}

func TestDown(t *testing.T) {
	p := start(t, nil)
	p.fault(t, devidp.Faults{Faults: []devidp.Fault{{Do: devidp.Drop}}})
	for _, path := range []string{"/keys", "/authorize", "/login", "/token", "/userinfo", "/api/v1/users/" + ada.ID} {
		if resp, err := p.client.Do(request(t, "GET", p.url+path, nil)); err == nil {
			resp.Body.Close()
			t.Errorf("%s = %d, want no answer", path, resp.StatusCode)
		}
	}
	p.fault(t, devidp.Faults{})
	p.signIn(t, ada)
}

func TestAnswerIsLostAfterRotation(t *testing.T) {
	for grace, want := range map[time.Duration]int{30 * time.Second: 200, 0: 400} {
		p := start(t, func(c *devidp.Config) { c.RefreshGrace = grace })
		got := p.signIn(t, ada)
		p.fault(t, devidp.Faults{Faults: []devidp.Fault{{At: devidp.Tokens, Do: devidp.Lose, Times: 1}}})
		resp, err := p.client.Do(request(t, "POST", p.url+"/token", values([]string{"client_id", clientID, "grant_type", "refresh_token", "refresh_token", got.Refresh})))
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		if err == nil {
			t.Error("the answer came")
		}
		if status, got := p.renew(t, got.Refresh); status != want {
			t.Errorf("with a grace period of %s a second try = %d %s, want %d", grace, status, got.Error, want)
		}
	}
}

func TestDenied(t *testing.T) {
	s := start(t, nil).begin()
	s.fault(t, devidp.Faults{Faults: []devidp.Fault{{At: devidp.Authorize, Do: devidp.Deny, Times: 1}}})
	resp, body := s.authorize(t)
	if got := s.back(t, resp, body); got.Get("error") != "access_denied" || !strings.Contains(got.Get("error_description"), "Policy evaluation failed") {
		t.Errorf("back with %v, want that a policy denies it", got)
	}
	s.choose(t, ada)
}

func TestConsentIsWanted(t *testing.T) {
	for prompt, refreshes := range map[string]bool{"": false, "login": false, "consent": true, "login consent": true} {
		p := start(t, nil)
		p.fault(t, devidp.Faults{Faults: []devidp.Fault{{At: devidp.Authorize, Do: devidp.WantConsent}}})
		var more []string
		if prompt != "" {
			more = []string{"prompt", prompt}
		}
		s := p.begin()
		code := s.choose(t, ada, more...).Get("code")
		if _, got := s.exchange(t, code); (got.Refresh != "") != refreshes || got.Access == "" {
			t.Errorf("prompt %q: the refresh token is %q", prompt, got.Refresh)
		}
	}
}

func TestAnswerNamesAnotherIssuer(t *testing.T) {
	s := start(t, nil).begin()
	s.fault(t, devidp.Faults{Faults: []devidp.Fault{{At: devidp.Authorize, Do: devidp.WrongIssuer}}})
	if got := s.choose(t, ada); got.Get("iss") != s.url+"/other" {
		t.Errorf("iss = %q", got.Get("iss"))
	}
}

func TestAccessTokensLiveAsLongAsATestWants(t *testing.T) {
	p := start(t, nil)
	const usual, wanted = 300, 3000 // seconds
	p.fault(t, devidp.Faults{AccessTTL: wanted * 1000})
	got := p.signIn(t, ada)
	if c := claims(t, got.Access); got.ExpiresIn <= usual || got.ExpiresIn > wanted || c["exp"].(float64)-c["iat"].(float64) > wanted {
		t.Errorf("it expires in %d s: %v, want %d s", got.ExpiresIn, c, wanted)
	}
	p.fault(t, devidp.Faults{})
	if _, got = p.renew(t, got.Refresh); got.ExpiresIn > usual {
		t.Errorf("the next expires in %d s, want %d", got.ExpiresIn, usual)
	}
}

func TestCallsAreCounted(t *testing.T) {
	p := start(t, nil)
	got := p.signIn(t, ada)
	p.renew(t, got.Refresh)
	r := request(t, "OPTIONS", p.url+"/token", nil)
	p.do(t, r)
	calls := p.state(t).Calls
	for at, want := range map[devidp.Endpoint]int{devidp.Authorize: 1, devidp.Login: 2, devidp.Callback: 1, devidp.Tokens: 2, devidp.JWKS: 0} {
		if calls[at] != want {
			t.Errorf("%s was called %d times, want %d", at, calls[at], want)
		}
	}
}

func TestFaultsAreForTests(t *testing.T) {
	p := start(t, nil)
	for name, tt := range map[string]struct {
		kind, body string
		status     int
	}{
		"what any page could send": {"text/plain", `{}`, 415},
		"a word that is unknown":   {"application/json", `{"nonsense":1}`, 400},
		"an unknown endpoint":      {"application/json", `{"faults":[{"at":"nowhere","do":"slow"}]}`, 400},
		"an unknown fault":         {"application/json", `{"faults":[{"at":"token","do":"dance"}]}`, 400},
		"a success for an error":   {"application/json", `{"faults":[{"at":"token","do":"refuse","status":200}]}`, 400},
		"no JSON":                  {"application/json", `nonsense`, 400},
		"what is right":            {"application/json; charset=utf-8", `{"access_ttl_ms":9000}`, 200},
	} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", p.url+"/faults", strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", tt.kind)
		if resp, body := p.do(t, r); resp.StatusCode != tt.status {
			t.Errorf("%s = %d %s, want %d", name, resp.StatusCode, body, tt.status)
		}
	}
	p.fault(t, devidp.Faults{Faults: []devidp.Fault{{At: devidp.JWKS, Do: devidp.Refuse, Times: 3}}})
	p.get(t, "/keys")
	if got := p.state(t).Faults.Faults; len(got) != 1 || got[0].Times != 2 {
		t.Errorf("left are %+v, want it twice more", got)
	}
}

func TestUsersAPI(t *testing.T) {
	p := start(t, nil)
	ask := func(id, authorization string) (int, string) {
		t.Helper()
		r := request(t, "GET", p.url+"/api/v1/users/"+id, nil)
		r.Header.Set("Authorization", authorization)
		resp, body := p.do(t, r)
		return resp.StatusCode, body
	}
	if status, body := ask(grace.ID, "SSWS x"); status != 200 || !strings.Contains(body, `"id":"`+grace.ID+`"`) || !strings.Contains(body, `"firstName":"Grace"`) {
		t.Errorf("Grace = %d %s", status, body)
	}
	if status, _ := ask(grace.ID, "Bearer x"); status != 401 {
		t.Errorf("without an API token = %d, want 401", status)
	}
	if status, _ := ask("me", "SSWS x"); status != 404 {
		t.Errorf("nobody = %d, want 404", status)
	}
	p.fault(t, devidp.Faults{Faults: []devidp.Fault{{At: devidp.Users, Do: devidp.WrongID}, {At: devidp.Users, Do: devidp.Huge}}})
	if status, body := ask(grace.ID, "SSWS x"); status != 200 || strings.Contains(body, grace.ID) || len(body) < 10<<20 {
		t.Errorf("wrong and huge = %d with %d bytes", status, len(body))
	}
}
