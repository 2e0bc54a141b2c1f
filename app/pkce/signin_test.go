package pkce_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/app/browser"
	"mayfly/app/pkce"
)

func TestSignsInAndStaysSoAfterReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		tb := d.tab()
		pg := tb.load()
		pg.want(pkce.Unknown) // until the server has named the provider
		wait(time.Second)
		if s := pg.want(pkce.SignedOut); s.Off || s.Problem != (pkce.Problem{}) {
			t.Errorf("state = %+v", s)
		}
		if _, err := pg.Token(t.Context(), ""); err != pkce.ErrSignedOut {
			t.Errorf("Token = %v", err)
		}
		pg.close()

		pg = tb.signIn("ada")
		s := pg.want(pkce.SignedIn)
		if s.Name != "ADA" || len(s.SignInID) != 43 || s.Skew != 0 {
			t.Errorf("state = %+v", s)
		}
		if len(pg.replaced) != 1 || pg.replaced[0] != "/login/callback" {
			t.Errorf("replaced the address by %q", pg.replaced)
		}
		first := pg.token()
		pg.close()

		pg = tb.load()
		second := pg.token()
		if now := pg.want(pkce.SignedIn); first == second || now.SignInID != s.SignInID || now.Name != "ADA" {
			t.Errorf("after a reload: %+v, the same token: %v", now, first == second)
		}
		pg.close()

		all := d.written(tb)
		for _, secret := range d.p.secrets {
			if strings.HasPrefix(secret, "at-") && strings.Contains(all, secret) {
				t.Errorf("the access token %q was stored", secret)
			}
			if strings.HasPrefix(secret, "rt-") && strings.Contains(all, secret) {
				t.Errorf("the refresh token %q was stored unsealed", secret)
			}
			if strings.Contains(d.local.contents()+tb.own.contents(), secret) {
				t.Errorf("%q is still there after signing in", secret)
			}
		}
	})
}

// beginSignIn loads a page, leaves it for the provider, and returns the address to which the provider sends ada back.
func beginSignIn(tb *tab, returnTo string) (back string) {
	tb.d.t.Helper()
	pg := tb.load()
	pg.begin(returnTo)
	return tb.d.p.authorize(pg.leave(), "ada")
}

// with returns address with the parameter name set to value. If value is empty, it returns address without that
// parameter.
func with(address, name, value string) string {
	u, _ := url.Parse(address)
	q := u.Query()
	q.Set(name, value)
	if value == "" {
		q.Del(name)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func TestCallback(t *testing.T) {
	for _, tt := range []struct {
		name    string
		address func(back string) string
		status  pkce.Status
		problem pkce.Cause
		action  pkce.Action
	}{
		{"good", func(b string) string { return b }, pkce.SignedIn, pkce.NoCause, pkce.NoAction},
		{"with a fragment", func(b string) string { return b + "#x" }, pkce.SignedIn, pkce.NoCause, pkce.NoAction},
		{"unknown state", func(b string) string { return with(b, "state", "x") }, pkce.Failed, pkce.ExpiredLink, pkce.ActSignInAgain},
		{"no state", func(b string) string { return with(b, "state", "") }, pkce.Failed, pkce.ExpiredLink, pkce.ActSignInAgain},
		{"state twice", func(b string) string { return b + "&state=x" }, pkce.Failed, pkce.ExpiredLink, pkce.ActSignInAgain},
		{"code twice", func(b string) string { return b + "&code=x" }, pkce.Failed, pkce.ExpiredLink, pkce.ActSignInAgain},
		{"broken escape", func(b string) string { return b + "&x=%zz" }, pkce.Failed, pkce.ExpiredLink, pkce.ActSignInAgain},
		{"no code", func(b string) string { return with(b, "code", "") }, pkce.Failed, pkce.Unverified, pkce.ActSignInAgain},
		{"another code", func(b string) string { return with(b, "code", "x") }, pkce.Failed, pkce.TooSlow, pkce.ActSignInAgain},
		{"no parameters", func(string) string { return origin + "/login/callback" }, pkce.SignedOut, pkce.NoCause, pkce.NoAction},
		{"wrong iss", func(b string) string { return with(b, "iss", issuer+"/") }, pkce.Failed, pkce.Misconfigured, pkce.NoAction},
		{"no iss", func(b string) string { return with(b, "iss", "") }, pkce.Failed, pkce.Misconfigured, pkce.NoAction},
		{"wrong iss and an error", func(b string) string { return with(with(b, "iss", "x"), "error", "access_denied") }, pkce.Failed, pkce.Misconfigured, pkce.NoAction},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				tb := d.tab()
				back := tt.address(beginSignIn(tb, "/r/tea"))
				pg, _ := tb.back(back)
				wait(time.Second)
				s := pg.want(tt.status)
				if s.Problem.Cause != tt.problem || s.Problem.Action() != tt.action {
					t.Errorf("problem = %+v, want %v, %v", s.Problem, tt.problem, tt.action)
				}
				if len(pg.replaced) != 1 {
					t.Errorf("the address was replaced %d times", len(pg.replaced))
				}
				if tt.status != pkce.SignedIn && strings.Contains(d.local.contents(), "mayfly.session") {
					t.Error("something was stored")
				}
			})
		})
	}
}

func TestMissingIssIsFineWhereTheProviderNamesItselfNever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		d.p.discovery = func(m map[string]any) { delete(m, "authorization_response_iss_parameter_supported") }
		tb := d.tab()
		pg, _ := tb.back(with(beginSignIn(tb, "/"), "iss", ""))
		pg.want(pkce.SignedIn)
	})
}

func TestCallbackOnceOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		tb := d.tab()
		back := beginSignIn(tb, "/r/tea")
		pg, to := tb.back(back)
		if to != "/r/tea" {
			t.Errorf("returned to %q", to)
		}
		pg.close()
		exchanges := d.p.count("/v1/token")
		again, to := tb.back(back) // the back button
		wait(time.Second)
		if s := again.want(pkce.SignedIn); to != "/" || s.Problem != (pkce.Problem{}) {
			t.Errorf("back at the callback: to %q, %+v", to, s)
		}
		again.SignOut("/")
		again.close()
		late, _ := tb.back(back)
		if s := late.want(pkce.Failed); s.Problem.Cause != pkce.ExpiredLink {
			t.Errorf("state = %+v", s)
		}
		if n := d.p.count("/v1/token"); n > exchanges+1 { // the one renewal after the reload
			t.Errorf("%d requests to the token endpoint, want no code twice", n-exchanges)
		}
	})
}

func TestCodeIsNotTriedAgain(t *testing.T) {
	for name, network := range map[string]func(serve func() answer) answer{
		"dropped before": func(func() answer) answer { return answer{err: errDropped} },
		"dropped after":  func(serve func() answer) answer { serve(); return answer{err: errDropped} },
		"500":            func(func() answer) answer { return answer{status: 500} },
		"429":            func(func() answer) answer { return answer{status: 429, header: map[string]string{"Retry-After": "1"}} },
		"HTML":           func(func() answer) answer { return answer{status: 200, body: "<!DOCTYPE html><title>Hotel</title>"} },
		"half":           func(serve func() answer) answer { a := serve(); a.body = a.body[:len(a.body)/2]; return a },
		"10 MB":          func(func() answer) answer { return answer{status: 200, body: strings.Repeat(" ", 10<<20)} },
		"never":          func(func() answer) answer { time.Sleep(time.Minute); return answer{err: errDropped} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				tb := d.tab()
				back := beginSignIn(tb, "/r/tea")
				d.p.setNetwork(func(path string, _ url.Values, serve func() answer) answer {
					if path == "/v1/token" {
						return network(serve)
					}
					return serve()
				})
				pg, to := tb.back(back)
				if s := pg.want(pkce.Failed); s.Problem.Cause != pkce.Unreachable || s.Problem.Action() != pkce.ActTryAgain || to != "/r/tea" {
					t.Errorf("to %q, state = %+v", to, s)
				}
				wait(time.Hour)
				if n := d.p.count("/v1/token"); n != 1 {
					t.Errorf("the code was sent %d times", n)
				}
			})
		})
	}
}

func TestForeignCallbackSignsNobodyIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // an attacker's code and state in the victim's browser
		d := newDevice(t)
		attacker := newDevice(t)
		attacker.p = d.p
		back := beginSignIn(attacker.tab(), "/")
		pg, _ := d.tab().back(back)
		pg.want(pkce.Failed)
		if d.p.count("/v1/token") != 0 {
			t.Error("the attacker's code was redeemed")
		}
	})
}

func TestTwoTabsSignInCrosswise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		one, two := d.tab(), d.tab()
		first, second := beginSignIn(one, "/r/one"), beginSignIn(two, "/r/two")
		pg1, to1 := two.back(first)
		pg2, to2 := one.back(second)
		if to1 != "/r/one" || to2 != "/r/two" {
			t.Errorf("returned to %q and %q", to1, to2)
		}
		wait(time.Second)
		if a, b := pg1.want(pkce.SignedIn), pg2.want(pkce.SignedIn); a.SignInID != b.SignInID {
			t.Error("the second sign-in cut off the first")
		}
		wait(time.Hour)
		if !pg1.shares(pg2) {
			t.Error("the two tabs do not share the sign-in")
		}
	})
}

func TestReturnTo(t *testing.T) {
	for path, want := range map[string]string{
		"/r/tea": "/r/tea", "/r/tea?a=//b#c": "/r/tea?a=//b#c", "/": "/", "": "/", "r/tea": "/", "//evil.example": "/", `/\\evil.example`: "/", `/r\x`: "/",
		"javascript:alert(1)": "/", "https:evil.example": "/", "https://evil.example": "/", "/login/callback": "/", "/login/callback?code=x": "/",
		"/./login/callback": "/", "/..//evil.example": "/", "/r//x": "/", "/a\nb": "/", "/a\x00": "/", " /r": "/", "/\t/evil.example": "/",
		"/" + strings.Repeat("x", 5000): "/",
	} {
		t.Run(path, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tb := newDevice(t).tab()
				_, to := tb.back(beginSignIn(tb, path))
				if to != want {
					t.Errorf("returned to %q, want %q", to, want)
				}
			})
		})
	}
}

func TestProviderRefuses(t *testing.T) {
	const setup, down = pkce.Misconfigured, pkce.Unreachable
	for _, tt := range []struct {
		code, description string
		want              pkce.Cause
		status            pkce.Status
		action            pkce.Action
	}{
		{"access_denied", "The resource owner denied the request.", pkce.Cancelled, pkce.Failed, pkce.ActSignIn},
		{"access_denied", "Policy evaluation failed for this request", pkce.NotAssigned, pkce.Failed, pkce.NoAction},
		{"access_denied", "User is not assigned to the client application.", pkce.NotAssigned, pkce.Failed, pkce.NoAction},
		{"login_required", "", pkce.NoCause, pkce.SignedOut, pkce.NoAction},
		{"invalid_scope", "One or more scopes are not configured", setup, pkce.Failed, pkce.NoAction},
		{"unauthorized_client", "", setup, pkce.Failed, pkce.NoAction},
		{"invalid_request", "'redirect_uri' must be a Login redirect URI", setup, pkce.Failed, pkce.NoAction},
		{"temporarily_unavailable", "", down, pkce.Failed, pkce.ActTryAgain},
		{"x", "<img src=x onerror=alert(1)>\u202e\x00" + strings.Repeat("y", 5000), setup, pkce.Failed, pkce.NoAction},
	} {
		t.Run(tt.code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tb := newDevice(t).tab()
				back := with(with(with(beginSignIn(tb, "/"), "code", ""), "error", tt.code), "error_description", tt.description)
				pg, _ := tb.back(back)
				p := pg.want(tt.status).Problem
				if p.Cause != tt.want || p.Action() != tt.action || p.Detail == "" && tt.want == setup || len([]rune(p.Detail)) > 200 || strings.ContainsAny(p.Detail, "\u202e\x00") {
					t.Errorf("problem = %+v, want %v", p, tt.want)
				}
			})
		})
	}
}

func TestTokenAnswers(t *testing.T) {
	const unverified, setup, down = pkce.Unverified, pkce.Misconfigured, pkce.Unreachable
	for _, tt := range []struct {
		name   string
		change func(map[string]any)
		want   pkce.Cause
		life   time.Duration // if it is good
	}{
		{"error with 200", func(a map[string]any) { clear(a); a["error"] = "invalid_client" }, setup, 0},
		{"no access token", func(a map[string]any) { delete(a, "access_token") }, down, 0},
		{"no ID token", func(a map[string]any) { delete(a, "id_token") }, unverified, 0},
		{"DPoP", func(a map[string]any) { a["token_type"] = "DPoP" }, setup, 0},
		{"no type", func(a map[string]any) { delete(a, "token_type") }, setup, 0},
		{"small bearer", func(a map[string]any) { a["token_type"] = "bearer" }, pkce.NoCause, time.Hour},
		{"no refresh token", func(a map[string]any) { delete(a, "refresh_token") }, pkce.NoCause, time.Hour},
		{"fewer scopes", func(a map[string]any) { a["scope"] = "openid" }, pkce.NoCause, time.Hour},
		{"expires_in 0", func(a map[string]any) { a["expires_in"] = 0 }, pkce.NoCause, 5 * time.Minute},
		{"expires_in -1", func(a map[string]any) { a["expires_in"] = -1 }, pkce.NoCause, 5 * time.Minute},
		{"expires_in a string", func(a map[string]any) { a["expires_in"] = "300" }, pkce.NoCause, 5 * time.Minute},
		{"expires_in 1e9", func(a map[string]any) { a["expires_in"] = 1e9 }, pkce.NoCause, 24 * time.Hour},
		{"expires_in nonsense", func(a map[string]any) { a["expires_in"] = "soon" }, pkce.NoCause, 5 * time.Minute},
		{"expires_in missing", func(a map[string]any) { delete(a, "expires_in") }, pkce.NoCause, 5 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				d.p.answer = tt.change
				tb := d.tab()
				pg, _ := tb.back(beginSignIn(tb, "/"))
				if tt.want != pkce.NoCause {
					if s := pg.want(pkce.Failed); s.Problem.Cause != tt.want || strings.Contains(d.local.contents(), "mayfly.session") {
						t.Errorf("state = %+v, want %v; kept %s", s, tt.want, d.local.contents())
					}
					return
				}
				pg.want(pkce.SignedIn)
				d.p.setNetwork(func(string, url.Values, func() answer) answer { return answer{err: errDropped} })
				token := pg.token()
				wait(tt.life - time.Second)
				if c, err := pg.Token(t.Context(), ""); err != nil || c.Token != token {
					t.Errorf("a second before the end: %v, %+v", err, pg.state())
				}
				wait(time.Second)
				if c, err := pg.Token(t.Context(), ""); err == nil {
					t.Errorf("after the end: %+v", c)
				}
			})
		})
	}
}

func TestIDTokens(t *testing.T) {
	claims := func(change func(map[string]any)) func(map[string]any) string {
		return func(c map[string]any) string { change(c); return jws("RS256", "k1", theKey(), c) }
	}
	set := func(name string, value any) func(map[string]any) string {
		return claims(func(c map[string]any) { c[name] = value })
	}
	drop := func(name string) func(map[string]any) string {
		return claims(func(c map[string]any) { delete(c, name) })
	}
	for _, tt := range []struct {
		name string
		good bool
		sign func(map[string]any) string
	}{
		{"good", true, claims(func(map[string]any) {})},
		{"ES256", true, func(c map[string]any) string { return jws("ES256", "c1", curveKey(), c) }},
		{"no kid, one key that fits", true, func(c map[string]any) string { return jws("RS256", "", theKey(), c) }},
		{"no at_hash", true, drop("at_hash")},
		{"azp ours", true, set("azp", clientID)},
		{"aud a list with ours and azp", true, claims(func(c map[string]any) { c["aud"], c["azp"] = []string{"api", clientID}, clientID })},
		{"aud a list with ours alone", true, set("aud", []string{clientID})},
		{"a day old by our clock", true, claims(func(c map[string]any) {
			c["iat"], c["exp"] = time.Now().Add(-25*time.Hour).Unix(), time.Now().Add(-24*time.Hour).Unix()
		})},
		{"alg none", false, func(c map[string]any) string {
			return b64([]byte(`{"alg":"none"}`)) + "." + b64([]byte(document(c).body)) + "."
		}},
		{"HS256", false, func(c map[string]any) string { return jws("HS256", "k1", theKey(), c) }},
		{"alg in small letters", false, func(c map[string]any) string { return jws("rs256", "k1", theKey(), c) }},
		{"RS384 with an RS256 key", false, func(c map[string]any) string { return jws("RS384", "k1", theKey(), c) }},
		{"ES256 with the RSA key", false, func(c map[string]any) string { return jws("ES256", "k1", curveKey(), c) }},
		{"another key", false, func(c map[string]any) string { return jws("RS256", "k1", anotherKey(), c) }},
		{"another curve key", false, func(c map[string]any) string { s := jws("ES256", "c1", curveKey(), c); return s[:len(s)-4] + "AAAA" }},
		{"unknown kid", false, func(c map[string]any) string { return jws("RS256", "k2", theKey(), c) }},
		{"flipped bit", false, func(c map[string]any) string {
			s := []byte(jws("RS256", "k1", theKey(), c))
			s[len(s)-10] ^= 1
			return string(s)
		}},
		{"crit", false, func(c map[string]any) string {
			return jws("RS256", "k1", theKey(), c, map[string]any{"crit": []string{"x"}})
		}},
		{"four parts", false, func(c map[string]any) string { return jws("RS256", "k1", theKey(), c) + ".x" }},
		{"line end inside", false, func(c map[string]any) string { return jws("RS256", "k1", theKey(), c) + "\n" }},
		{"padding", false, func(c map[string]any) string { return jws("RS256", "k1", theKey(), c) + "=" }},
		{"payload a list", false, func(map[string]any) string { return jws("RS256", "k1", theKey(), []int{1}) }},
		{"issuer", false, set("iss", issuer+"/")},
		{"no issuer", false, drop("iss")},
		{"aud", false, set("aud", "other")},
		{"no aud", false, drop("aud")},
		{"aud under another name", false, claims(func(c map[string]any) { delete(c, "aud"); c["AUD"] = clientID })},
		{"aud a list of two without azp", false, set("aud", []string{"api", clientID})},
		{"azp", false, set("azp", "other")},
		{"azp no string", false, set("azp", 1)},
		{"nonce", false, set("nonce", "other")},
		{"no nonce", false, drop("nonce")},
		{"at_hash", false, set("at_hash", b64(make([]byte, 16)))},
		{"expired when issued", false, claims(func(c map[string]any) { c["exp"] = c["iat"] })},
		{"no exp", false, drop("exp")},
		{"exp a string", false, set("exp", "tomorrow")},
		{"no iat", false, drop("iat")},
		{"no sub", false, drop("sub")},
		{"empty sub", false, set("sub", "")},
		{"sub a number", false, set("sub", 7)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			theKey()
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				d.p.sign = tt.sign
				tb := d.tab()
				pg, _ := tb.back(beginSignIn(tb, "/"))
				if tt.good {
					pg.want(pkce.SignedIn)
					return
				}
				s := pg.want(pkce.Failed)
				if s.Problem.Cause != pkce.Unverified || s.Problem.Detail == "" {
					t.Errorf("state = %+v", s)
				}
				if strings.Contains(d.local.contents(), "mayfly.session") {
					t.Error("something was stored")
				}
			})
		})
	}
}

func TestProviderKeys(t *testing.T) {
	const unverified, down = pkce.Unverified, pkce.Unreachable
	only := func(k map[string]any) func([]map[string]any) []map[string]any {
		return func([]map[string]any) []map[string]any { return []map[string]any{k} }
	}
	encryption := jwk("k1", &theKey().PublicKey)
	encryption["use"] = "enc"
	even := jwk("k1", &theKey().PublicKey)
	even["e"] = b64([]byte{1, 0, 0})
	for _, tt := range []struct {
		name string
		keys func([]map[string]any) []map[string]any
		key  any
		want pkce.Cause
	}{
		{"use enc", only(encryption), theKey(), unverified},
		{"1024 bits", only(jwk("k1", &smallKey().PublicKey)), smallKey(), unverified},
		{"an even exponent", only(even), theKey(), unverified},
		{"two with one kid", func(k []map[string]any) []map[string]any {
			return append(k, jwk("k1", &anotherKey().PublicKey))
		}, theKey(), unverified},
		{"none", func([]map[string]any) []map[string]any { return nil }, theKey(), unverified},
		{"too many", func(k []map[string]any) []map[string]any {
			for range 30 {
				k = append(k, jwk(unique(), &anotherKey().PublicKey))
			}
			return k
		}, theKey(), down},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				d.p.keys = tt.keys
				d.p.sign = func(c map[string]any) string { return jws("RS256", "k1", tt.key, c) }
				tb := d.tab()
				pg, _ := tb.back(beginSignIn(tb, "/"))
				if s := pg.want(pkce.Failed); s.Problem.Cause != tt.want {
					t.Errorf("state = %+v, want %v", s, tt.want)
				}
			})
		})
	}
}

func TestStateSaysWhetherGuestsComeIn(t *testing.T) {
	for policy, want := range map[string]bool{"allow": false, "read": false, "deny": true, "": false} {
		synctest.Test(t, func(t *testing.T) {
			d := newDevice(t)
			d.p.config = `{"issuer":"` + issuer + `","client_id":"` + clientID + `","anonymous":"` + policy + `"}`
			pg := d.tab().load()
			wait(time.Second)
			if s := pg.state(); s.NoGuests != want {
				t.Errorf("anonymous %q: %+v", policy, s)
			}
		})
	}
}

// The operator's parameters follow the page's own parameters, for every form of the endpoint's address.
func TestAuthorizeParams(t *testing.T) {
	const own = "response_type=code&client_id="
	for _, tt := range []struct{ name, endpoint, params, prefix, suffix string }{
		{"none", issuer + "/authorize", "", issuer + "/authorize?" + own, "&code_challenge_method=S256"},
		{"one", issuer + "/authorize", "prompt=consent", issuer + "/authorize?" + own, "=S256&prompt=consent"},
		{"two", issuer + "/authorize", "audience=https%3A%2F%2Fa.example&x=a+b", issuer + "/authorize?" + own, "=S256&audience=https%3A%2F%2Fa.example&x=a+b"},
		{"an endpoint with a query", issuer + "/authorize?p=b2c", "prompt=consent", issuer + "/authorize?p=b2c&" + own, "=S256&prompt=consent"},
		{"an endpoint with a query, none", issuer + "/authorize?p=b2c", "", issuer + "/authorize?p=b2c&" + own, "=S256"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				d.p.discovery = func(m map[string]any) { m["authorization_endpoint"] = tt.endpoint }
				d.p.config = `{"issuer":"` + issuer + `","client_id":"` + clientID + `","authorize_params":"` + tt.params + `"}`
				pg := d.tab().load()
				pg.begin("/")
				if to := pg.leave(); !strings.HasPrefix(to, tt.prefix) || !strings.HasSuffix(to, tt.suffix) {
					t.Errorf("left for %s, want %s…%s", to, tt.prefix, tt.suffix)
				}
			})
		})
	}
}

// Each request that is not answered has a code of its own, which docs/signing-in.md explains.
func TestCodesOfAProviderThatDoesNotAnswer(t *testing.T) {
	docs, err := os.ReadFile("../../docs/signing-in.md")
	if err != nil {
		t.Fatal(err)
	}
	dropped := answer{err: errDropped} // as CORS does
	for _, tt := range []struct {
		path   string
		answer answer
		code   string
	}{
		{"/config.json", dropped, "no-config"},
		{"/.well-known/openid-configuration", dropped, "no-discovery"},
		{"/.well-known/openid-configuration", answer{status: 404}, "no-discovery"},
		{"/.well-known/openid-configuration", answer{status: 200, body: "<html>"}, "no-discovery"},
		{"/v1/token", dropped, "no-tokens"},
		{"/v1/token", answer{status: 200, body: "<html>"}, "no-tokens"},
		{"/v1/token", answer{status: 503}, "busy"},
		{"/v1/token", answer{status: 429}, "busy"},
		{"/v1/keys", dropped, "no-keys"},
	} {
		t.Run(tt.path+" "+tt.code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				d.p.setNetwork(func(path string, _ url.Values, serve func() answer) answer {
					if path == tt.path {
						return tt.answer
					}
					return serve()
				})
				tb := d.tab()
				pg := tb.load()
				pg.begin("/")
				if len(pg.left) > 0 {
					pg, _ = tb.back(d.p.authorize(pg.leave(), "ada"))
				}
				if s := pg.state(); s.Problem != (pkce.Problem{Cause: pkce.Unreachable, Detail: tt.code}) {
					t.Errorf("state = %+v, want %s", s, tt.code)
				}
			})
		})
		if !strings.Contains(string(docs), "| `"+tt.code+"` |") {
			t.Errorf("docs/signing-in.md does not explain %s", tt.code)
		}
	}
}

func TestDiscovery(t *testing.T) {
	const setup, down = pkce.Misconfigured, pkce.Unreachable
	set := func(name string, value any) func(map[string]any) { return func(d map[string]any) { d[name] = value } }
	for _, tt := range []struct {
		name   string
		change func(map[string]any)
		want   pkce.Cause
	}{
		{"another issuer", set("issuer", issuer+"/"), setup},
		{"no issuer", func(d map[string]any) { delete(d, "issuer") }, setup},
		{"http token endpoint", set("token_endpoint", "http://id.example/token"), setup},
		{"no authorize endpoint", func(d map[string]any) { delete(d, "authorization_endpoint") }, setup},
		{"javascript keys", set("jwks_uri", "javascript:1"), setup},
		{"a host that only begins like this one", set("token_endpoint", "http://localhost.evil.example/t"), setup},
		{"PKCE plain only", set("code_challenge_methods_supported", []string{"plain"}), setup},
		{"PKCE not mentioned", func(d map[string]any) { delete(d, "code_challenge_methods_supported") }, pkce.NoCause},
		{"loopback", set("token_endpoint", "http://127.0.0.1:9000/t"), pkce.NoCause},
		{"PKCE nonsense", set("code_challenge_methods_supported", 7), setup},
		{"not there", func(d map[string]any) { clear(d) }, setup},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				d.p.discovery = tt.change
				pg := d.tab().load()
				pg.begin("/")
				s := pg.state()
				if s.Problem.Cause != tt.want || (len(pg.left) > 0) != (tt.want == pkce.NoCause) {
					t.Errorf("left for %q, state = %+v, want %v", pg.left, s, tt.want)
				}
			})
		})
	}
}

func TestProviderIsDescribedOnceADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const path = "/.well-known/openid-configuration"
		d := newDevice(t)
		tb := d.tab()
		pg := tb.signIn("ada")
		pg.close()
		pg = tb.load()
		pg.token()
		pg.close()
		if n := d.p.count(path); n != 1 {
			t.Errorf("read %d times", n)
		}
		wait(25 * time.Hour)
		pg = tb.load()
		pg.token()
		if n := d.p.count(path); n != 2 {
			t.Errorf("read %d times within 25 hours", n)
		}
		other := strings.Replace(d.p.config, issuer, "https://other.example", 1)
		d.p.mu.Lock()
		d.p.config = other
		d.p.mu.Unlock()
		before := d.p.count("/v1/token")
		moved := d.tab().load()
		wait(time.Second)
		moved.want(pkce.SignedOut) // SignIn does not send a refresh token to another provider
		if d.p.count("/v1/token") != before {
			t.Error("it was used")
		}
	})
}

func TestColdStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // loading the page takes longer than the code's life
		tb := newDevice(t).tab()
		back := beginSignIn(tb, "/r/tea")
		wait(2 * time.Minute)
		pg, to := tb.back(back)
		if s := pg.want(pkce.Failed); s.Problem.Cause != pkce.TooSlow || s.Problem.Action() != pkce.ActSignInAgain || to != "/r/tea" {
			t.Errorf("to %q, state = %+v", to, s)
		}
	})
	synctest.Test(t, func(t *testing.T) { // longer than the stored transaction may be old
		d := newDevice(t)
		tb := d.tab()
		back := beginSignIn(tb, "/r/tea")
		wait(61 * time.Minute)
		pg, _ := tb.back(back)
		if s := pg.want(pkce.Failed); s.Problem.Cause != pkce.ExpiredLink || d.p.count("/v1/token") != 0 {
			t.Errorf("state = %+v", s)
		}
	})
}

func TestBeginningAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tb := newDevice(t).tab()
		for range 5 {
			beginSignIn(tb, "/")
		}
		pg := tb.load()
		pg.begin("/")
		if s := pg.want(pkce.Failed); len(pg.left) != 0 || s.Problem.Action() != pkce.ActTryAgain {
			t.Errorf("left for %q, state = %+v", pg.left, s)
		}
		wait(time.Minute)
		pg.begin("/")
		if len(pg.left) != 1 {
			t.Errorf("a minute later: %+v", pg.state())
		}
		pg.begin("/") // the browser's back button has brought the page back
		if len(pg.left) != 2 {
			t.Error("the button works only once")
		}
		pg.close()
	})
}

func TestOldTransactionsAreSwept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		beginSignIn(d.tab(), "/")
		wait(2 * time.Hour)
		d.tab().load()
		wait(time.Second)
		if strings.Contains(d.local.contents(), "mayfly.tx.") {
			t.Error(d.local.contents())
		}
	})
}

func TestStorage(t *testing.T) {
	const help = pkce.NoStorage
	synctest.Test(t, func(t *testing.T) { // blocked
		d := newDevice(t)
		d.local.blocked = true
		pg := d.tab().load()
		wait(time.Second)
		pg.want(pkce.SignedOut) // anonymous users can go on
		pg.begin("/")
		if s := pg.want(pkce.Failed); s.Problem.Cause != help || s.Problem.Action() != pkce.ActHelp || len(pg.left) != 0 {
			t.Errorf("state = %+v", s)
		}
		pg.SignOut("/")
	})
	synctest.Test(t, func(t *testing.T) { // full before
		d := newDevice(t)
		d.local.full = true
		pg := d.tab().load()
		pg.begin("/")
		if s := pg.want(pkce.Failed); s.Problem.Cause != help {
			t.Errorf("state = %+v", s)
		}
	})
	for name, breakIt := range map[string]func(*device){
		"full":  func(d *device) { d.local.mu.Lock(); d.local.full = true; d.local.mu.Unlock() },
		"vault": func(d *device) { d.vault.mu.Lock(); d.vault.down = true; d.vault.mu.Unlock() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // while signed in: the sign-in lives on in memory
				d := newDevice(t)
				pg := d.tab().signIn("ada")
				breakIt(d)
				for range 5 {
					wait(time.Hour)
					pg.token()
				}
				if strings.Contains(d.local.contents(), "mayfly.session") {
					t.Error("a used refresh token is still there")
				}
				other := d.tab().load()
				wait(time.Second)
				other.want(pkce.SignedOut)
				pg.want(pkce.SignedIn)
				pg.SignOut("/")
				pg.want(pkce.SignedOut)
			})
		})
	}
}

func TestRecords(t *testing.T) {
	for _, tt := range []struct {
		name, record string
		status       pkce.Status
		kept         bool
	}{
		{"nonsense", "x", pkce.SignedOut, false},
		{"null", "null", pkce.SignedOut, false},
		{"JSON", `{"v":1}`, pkce.SignedOut, false},
		{"nothing in it", "v=1", pkce.SignedOut, false},
		{"half", "v=1&sealed=AAAA", pkce.SignedOut, false},
		{"damaged", "v=1&sealed=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", pkce.SignedOut, false},
		{"a name twice", "v=1&sid=a&sid=b", pkce.SignedOut, false},
		{"newer", "v=2&what=ever", pkce.Failed, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				if err := d.local.Save("mayfly.session", tt.record); err != nil {
					t.Fatal(err)
				}
				tb := d.tab()
				pg := tb.load()
				wait(time.Minute)
				s := pg.want(tt.status)
				if kept, _ := d.local.Load("mayfly.session"); (kept != "") != tt.kept {
					t.Errorf("kept %q", kept)
				}
				if tt.kept && s.Problem.Action() != pkce.ActReload {
					t.Errorf("state = %+v", s)
				}
				pg.close()
				pg = tb.signIn("ada") // still possible
				pg.want(pkce.SignedIn)
				pg.close()
			})
		})
	}
}

func TestKeyIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		tb := d.tab()
		tb.signIn("ada").close()
		d.vault.Forget()
		pg := tb.load()
		wait(time.Second)
		pg.want(pkce.SignedOut)
		if strings.Contains(d.local.contents(), "mayfly.session") {
			t.Error("the record is still there")
		}
	})
	synctest.Test(t, func(t *testing.T) { // the vault fails only for a while
		d := newDevice(t)
		tb := d.tab()
		tb.signIn("ada").close()
		d.vault.down = true
		pg := tb.load()
		wait(time.Second)
		pg.want(pkce.SignedOut)
		d.vault.mu.Lock()
		d.vault.down = false
		d.vault.mu.Unlock()
		wait(time.Minute)
		pg.want(pkce.SignedIn)
	})
}

func TestWithoutProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		d.p.config = `{"version":"0.1.0","issuer":"","client_id":"","scopes":[]}`
		pg := d.tab().load()
		wait(time.Second)
		if s := pg.want(pkce.SignedOut); !s.Off {
			t.Errorf("state = %+v", s)
		}
		if _, err := pg.Token(t.Context(), ""); !errors.Is(err, pkce.ErrSignedOut) {
			t.Errorf("Token = %v", err)
		}
	})
}

func TestStartsWithoutNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		tb := d.tab()
		tb.signIn("ada").close()
		d.p.setNetwork(func(string, url.Values, func() answer) answer { return answer{err: errDropped} })
		pg := tb.load()
		wait(5 * time.Second)
		if s := pg.want(pkce.Offline); s.Name != "ADA" || s.Problem != (pkce.Problem{}) {
			t.Errorf("state = %+v", s)
		}
		if _, err := pg.Token(t.Context(), ""); err != pkce.ErrUnavailable {
			t.Errorf("Token = %v", err)
		}
		wait(10 * time.Minute)
		pg.want(pkce.Offline)
		d.p.setNetwork(nil)
		pg.Wake()
		wait(time.Second)
		pg.want(pkce.SignedIn)
		pg.token()
	})
	synctest.Test(t, func(t *testing.T) { // signed in, but the configuration is not in the browser
		d := newDevice(t)
		tb := d.tab()
		tb.signIn("ada").close()
		if err := d.local.Delete(browser.ConfigKey); err != nil {
			t.Fatal(err)
		}
		d.p.setNetwork(func(string, url.Values, func() answer) answer { return answer{status: 302} })
		pg := tb.load()
		wait(time.Minute)
		pg.want(pkce.Unknown)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := pg.Token(ctx, ""); err != context.DeadlineExceeded { // a user who is signed in is no guest
			t.Errorf("Token = %v, want it to wait", err)
		}
		d.p.setNetwork(nil)
		wait(2 * time.Minute)
		pg.want(pkce.SignedIn)
	})
	synctest.Test(t, func(t *testing.T) { // the very first time
		d := newDevice(t)
		d.p.setNetwork(func(string, url.Values, func() answer) answer { return answer{err: errDropped} })
		pg := d.tab().load()
		wait(10 * time.Minute)
		pg.want(pkce.Unknown)
		if _, err := pg.Token(t.Context(), ""); err != pkce.ErrSignedOut { // so that a guest can try to connect
			t.Errorf("Token = %v, want ErrSignedOut", err)
		}
		d.p.setNetwork(nil)
		wait(2 * time.Minute)
		pg.want(pkce.SignedOut)
	})
}

// TestSomethingElseAnswers has what proxies and captive portals answer instead of the server's configuration.
func TestSomethingElseAnswers(t *testing.T) {
	for _, tt := range []struct {
		name  string
		a     answer
		cause pkce.Cause
	}{
		{"a password is wanted", answer{status: 401}, pkce.Foreign},
		{"a redirect to a login page", answer{status: 302}, pkce.Foreign},
		{"a login page", answer{status: 200, body: "<!doctype html><title>Log in</title>"}, pkce.Foreign},
		{"a proxy without its server", answer{status: 502, body: "Bad Gateway"}, pkce.Foreign},
		{"nothing", answer{err: errDropped}, pkce.NoCause},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				d.p.setNetwork(func(string, url.Values, func() answer) answer { return tt.a })
				pg := d.tab().load()
				wait(time.Minute)
				if s := pg.state(); s.Problem.Cause != tt.cause || s.Off || (s.Problem.Action() == pkce.ActReload) != (tt.cause == pkce.Foreign) {
					t.Errorf("state = %+v, want cause %d", s, tt.cause)
				}
				if _, err := pg.Token(t.Context(), ""); err != pkce.ErrSignedOut {
					t.Errorf("Token = %v, want ErrSignedOut: a guest may connect all the same", err)
				}
				d.p.setNetwork(nil)
				wait(2 * time.Minute)
				if s := pg.want(pkce.SignedOut); s.Problem != (pkce.Problem{}) {
					t.Errorf("state = %+v once the server answers", s)
				}
			})
		})
	}
}
