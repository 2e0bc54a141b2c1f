package pkce_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/app/pkce"
)

// takesID makes the server of d want ID tokens, which live as long as life.
func (d *device) takesID(life time.Duration) {
	d.p.config = strings.Replace(d.p.config, `"client_id"`, `"token":"id","client_id"`, 1)
	d.p.claims = func(c map[string]any) { c["exp"] = time.Now().Add(life).Unix() }
}

// issued returns the claims of a token, nil if it is opaque.
func issued(token string) (claims map[string]any) {
	if parts := strings.Split(token, "."); len(parts) == 3 {
		b, _ := base64.RawURLEncoding.DecodeString(parts[1])
		_ = json.Unmarshal(b, &claims)
	}
	return claims
}

// TestWhichTokenTheServerGets: the page sends the ID token only if the field token of /config.json is "id". With any other
// value, such as one that only newer servers know, it sends the access token.
func TestWhichTokenTheServerGets(t *testing.T) {
	for _, tt := range []struct {
		name, says string
		id         bool
	}{
		{"id", `"token":"id",`, true},
		{"access", `"token":"access",`, false},
		{"nothing", ``, false},
		{"another word", `"token":"dpop",`, false},
		{"no text", `"token":true,`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				d.p.config = strings.Replace(d.p.config, `"client_id"`, tt.says+`"client_id"`, 1)
				pg := d.tab().signIn("ada")
				c, err := pg.Token(t.Context(), "")
				if err != nil {
					t.Fatal(err)
				}
				if claims := issued(c.Token); (claims != nil) != tt.id || tt.id &&
					(claims["aud"] != clientID || claims["sub"] != "ada") {
					t.Errorf("the server gets %v", claims)
				}
				if (c.ID == "") != tt.id {
					t.Errorf("beside it the server gets %q", c.ID)
				}
			})
		})
	}
}

// TestIDTokenIsRenewedBeforeItsEnd counts the life of the ID token, whatever that of the access token is: all tabs have a
// good one, and a reload gets another one.
func TestIDTokenIsRenewedBeforeItsEnd(t *testing.T) {
	for _, access := range []time.Duration{time.Minute, 24 * time.Hour} {
		t.Run(access.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				d.takesID(5 * time.Minute)
				d.p.life = access
				pages := openTabs(d, 2)
				for range 30 {
					wait(time.Minute)
					for _, pg := range pages {
						exp, _ := issued(pg.token())["exp"].(float64)
						if left := time.Until(time.Unix(int64(exp), 0)); left <= 0 {
							t.Fatalf("the server gets a token that ended %s ago", -left)
						}
					}
				}
				if n := d.p.count("/v1/token"); n < 6 || n > 10 {
					t.Errorf("%d requests to the token endpoint in six lives", n)
				}
				pages[1].close()
				pages[0].close()
				wait(10 * time.Minute)
				pg := pages[0].tab.load()
				wait(time.Second)
				pg.want(pkce.SignedIn)
				refused := pg.token()
				if c, err := pg.Token(t.Context(), refused); err != nil || c.Token == refused || issued(c.Token) == nil {
					t.Errorf("after a refused token: %+v, %v", c, err)
				}
			})
		})
	}
}

// TestRenewalWithoutAnIDToken ends the sign-in if the server needs that token, and says why; no renewal follows.
func TestRenewalWithoutAnIDToken(t *testing.T) {
	for _, id := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			d := newDevice(t)
			if d.p.life = 5 * time.Minute; id {
				d.takesID(5 * time.Minute)
			}
			pg := d.tab().signIn("ada")
			d.p.mu.Lock()
			d.p.answer = func(a map[string]any) { delete(a, "id_token") }
			d.p.mu.Unlock()
			wait(time.Hour)
			if !id {
				pg.want(pkce.SignedIn)
				return
			}
			if s := pg.want(pkce.Ended); s.Problem.Cause != pkce.Unverified ||
				!strings.Contains(s.Problem.Detail, "no ID token") {
				t.Errorf("the user reads %+v", s.Problem)
			}
			if n := d.p.count("/v1/token"); n != 2 {
				t.Errorf("%d requests to the token endpoint", n)
			}
		})
	}
}

// TestIDTokenWhoseKeysCannotBeReadIsUsed, as the server checks it, too. The older one, which the record has, is not sent.
func TestIDTokenWhoseKeysCannotBeReadIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		d.takesID(5 * time.Minute)
		tb := d.tab()
		tb.signIn("ada").close()
		d.p.setNetwork(func(path string, _ url.Values, serve func() answer) answer {
			if path == "/v1/keys" {
				return answer{err: errDropped}
			}
			return serve()
		})
		wait(time.Hour)
		pg := tb.load()
		wait(time.Minute)
		if c, err := pg.Token(t.Context(), ""); err != nil || issued(c.Token) == nil || c.ID != "" {
			t.Errorf("the server gets %+v, %v", c, err)
		}
		pg.want(pkce.SignedIn)
	})
}
