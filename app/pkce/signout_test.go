package pkce_test

import (
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/app/pkce"
)

func TestSignsOutEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		pages := openTabs(d, 3)
		pages = append(pages, d.tab().load())
		beginSignIn(d.tab(), "/") // and another sign-in has begun
		wait(time.Second)
		c, err := pages[0].Token(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		var wiped string
		d.p.setNetwork(func(path string, _ url.Values, serve func() answer) answer {
			if path == "/v1/revoke" { // by now nothing is stored and every subscriber knows
				wiped = d.local.contents()
				if s := pages[0].states[len(pages[0].states)-1]; s.Status != pkce.SignedOut {
					t.Errorf("while revoking: %+v", s)
				}
			}
			return serve()
		})
		pages[0].SignOut("/")
		for _, pg := range pages {
			if s := pg.want(pkce.SignedOut); s.Problem != (pkce.Problem{}) || s.Name != "" || s.SignInID != "" {
				t.Errorf("state = %+v", s)
			}
			if _, err := pg.Token(t.Context(), ""); err != pkce.ErrSignedOut {
				t.Errorf("Token = %v", err)
			}
		}
		if wiped == "" || strings.Contains(wiped, "mayfly.session") || strings.Contains(wiped, "mayfly.tx.") {
			t.Errorf("kept while revoking: %s", wiped)
		}
		if !d.p.families[0].dead || d.vault.key != nil {
			t.Error("the refresh token or its key is still good")
		}
		to, fields := pages[0].leftToSignOut()
		if to != issuer+"/v1/logout" || fields.Get("id_token_hint") != c.ID || fields.Get("post_logout_redirect_uri") != origin+"/" ||
			fields.Get("client_id") != clientID || len(fields.Get("state")) != 43 {
			t.Errorf("left for %q with %v", to, fields)
		}
		for _, pg := range pages[1:] {
			if len(pg.left) != 0 {
				t.Error("another tab left, too")
			}
		}
	})
}

// leftToSignOut fails the test if the page has not gone to another address yet. Otherwise it closes the page (see leave),
// and returns the endpoint to which the page went, and the query of that address.
func (pg *page) leftToSignOut() (endpoint string, query url.Values) {
	pg.tab.d.t.Helper()
	u, err := url.Parse(pg.leave())
	if err != nil {
		pg.tab.d.t.Fatal(err)
	}
	query, u.RawQuery = u.Query(), ""
	return u.String(), query
}

func TestSignOutAddress(t *testing.T) {
	for _, tt := range []struct {
		name, end, endpoint string
		pad                 int // bytes in the ID token beside the rest
		hint                bool
		more                string // a parameter of the endpoint itself
		lets                bool   // the ID token lets its owner in
	}{
		{"plain", issuer + "/v1/logout", issuer + "/v1/logout", 0, true, "", false},
		{"a query already", issuer + "/v1/logout?p=b2c", issuer + "/v1/logout", 0, true, "b2c", false},
		{"a long ID token", issuer + "/v1/logout", issuer + "/v1/logout", 2000, true, "", false},
		{"an ID token that is too long for an address", issuer + "/v1/logout", issuer + "/v1/logout", 4096, false, "",
			false},
		{"an ID token that signs in", issuer + "/v1/logout", issuer + "/v1/logout", 0, false, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				d.p.discovery = func(m map[string]any) { m["end_session_endpoint"] = tt.end }
				if tt.lets {
					d.takesID(time.Hour)
				}
				d.p.claims = func(m map[string]any) { m["groups"] = strings.Repeat("g", tt.pad) }
				pg := d.tab().signIn("ada")
				pg.SignOut("/")
				to, fields := pg.leftToSignOut()
				if to != tt.endpoint || fields.Has("id_token_hint") != tt.hint || fields.Get("client_id") != clientID || fields.Get("p") != tt.more {
					t.Errorf("left for %q with %v", to, fields)
				}
			})
		})
	}
}

// A page that is loaded after a sign-out at the provider finds out whether the provider has sent it back, and then goes on
// to the address at which the user signed out.
func TestReturnFromSigningOut(t *testing.T) {
	for _, tt := range []struct {
		name, from string
		back       func(state string) (path string)
		revisited  bool          // the browser comes by its history
		after      time.Duration // how long the user was at the provider
		to         string        // where the page goes on
		only       bool          // the user reads that the provider may still know them
	}{
		{"with the state", "/r/tea", func(s string) string { return "/?state=" + s }, false, 0, "/r/tea", false},
		{"with the state and more", "/", func(s string) string { return "/?x=1&state=" + s + "#top" }, false, 0, "/", false},
		{"with the state, a day later", "/r/tea", func(s string) string { return "/?state=" + s }, false, 24 * time.Hour,
			"/r/tea", false},
		{"without a state, from a room", "/r/tea", func(string) string { return "/" }, false, time.Minute, "/r/tea", false},
		{"without a state, from the lobby", "/", func(string) string { return "/" }, false, time.Minute, "/", false},
		{"without a state, with a query", "/r/tea?x=1", func(string) string { return "/?y" }, false, 0, "/r/tea?x=1", false},
		{"without a state, much later", "/r/tea", func(string) string { return "/" }, false, time.Hour, "", true},
		{"from the lobby, much later", "/", func(string) string { return "/" }, false, time.Hour, "", true},
		{"back to the room", "/r/tea", func(string) string { return "/r/tea" }, true, 0, "", true},
		{"by its address to the room", "/r/tea", func(string) string { return "/r/tea" }, false, 0, "", true},
		{"back to the lobby, where it was", "/", func(string) string { return "/" }, true, 0, "", true},
		{"back to the lobby, which was before the room", "/r/tea", func(string) string { return "/" }, true, 0, "", true},
		{"another state", "/r/tea", func(string) string { return "/?state=x" }, false, 0, "", true},
		{"to sign in", "/", func(string) string { return "/login/callback?code=x" }, false, 0, "", false},
		{"from another server", "//evil.example/r/tea", func(s string) string { return "/?state=" + s }, false, 0, "/",
			false},
		{"from another origin", "https://evil.example/", func(s string) string { return "/?state=" + s }, false, 0, "/",
			false},
		{"from a path that browsers read otherwise", `/\evil.example`, func(s string) string { return "/?state=" + s },
			false, 0, "/", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				tb := d.tab()
				pg := tb.signIn("ada")
				pg.SignOut(tt.from)
				_, fields := pg.leftToSignOut()
				wait(tt.after)
				tb.address, tb.revisited = origin+tt.back(fields.Get("state")), tt.revisited
				pg = tb.load()
				wait(time.Second)
				if s := pg.want(pkce.SignedOut); (s.Problem.Cause == pkce.OnlyHere) != tt.only ||
					strings.Join(pg.replaced, " ") != tt.to {
					t.Errorf("the page goes on to %q, and the state is %+v", pg.replaced, s)
				}
				pg.close()
				tb.address, tb.revisited = origin+"/", false
				pg = tb.load() // neither the sentence nor the address comes a second time
				wait(time.Second)
				if s := pg.want(pkce.SignedOut); s.Problem.Cause != pkce.NoCause || len(pg.replaced) > 0 {
					t.Errorf("the next page goes on to %q, and its state is %+v", pg.replaced, s)
				}
			})
		})
	}
}

// The browser may keep the page while the user is at the provider, and show it again.
func TestPageThatIsShownAgainAfterSigningOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		pg := d.tab().signIn("ada")
		pg.Wake()
		if s := pg.want(pkce.SignedIn); s.Problem.Cause != pkce.NoCause {
			t.Errorf("before: %+v", s)
		}
		pg.SignOut("/r/tea")
		if s := pg.want(pkce.SignedOut); s.Problem.Cause != pkce.NoCause {
			t.Errorf("on the way: %+v", s)
		}
		pg.Wake()
		if s := pg.want(pkce.SignedOut); s.Problem.Cause != pkce.OnlyHere {
			t.Errorf("shown again: %+v", s)
		}
		later := pg.tab.load() // the user types the address of the page into the same tab
		wait(time.Second)
		if s := later.want(pkce.SignedOut); s.Problem.Cause != pkce.NoCause || len(later.replaced) > 0 {
			t.Errorf("a later page goes on to %q, and its state is %+v", later.replaced, s)
		}
		d.tab().signIn("ben")
		wait(time.Second)
		pg.Wake()
		if s := pg.want(pkce.SignedIn); s.Problem.Cause != pkce.NoCause {
			t.Errorf("signed in again: %+v", s)
		}
	})
}

func TestSignOutDuringRenewal(t *testing.T) {
	for _, who := range []string{"the same tab", "another tab"} {
		t.Run(who, func(t *testing.T) {
			for after := 195 * time.Millisecond; after < 260*time.Millisecond; after += 2 * time.Millisecond {
				synctest.Test(t, func(t *testing.T) {
					d := newDevice(t)
					pages := openTabs(d, 3)
					pages[0].ahead(time.Hour) // a renewal begins at the next tick
					go func() { _, _ = pages[0].Token(t.Context(), "") }()
					time.Sleep(after)
					if who == "the same tab" {
						pages[0].SignOut("/")
					} else {
						pages[1].SignOut("/")
					}
					wait(time.Minute)
					for i, pg := range pages {
						if s := pg.state(); s.Status != pkce.SignedOut {
							t.Fatalf("signed out %v into the renewal: tab %d: %+v", after, i, s)
						}
					}
					if strings.Contains(d.local.contents(), "mayfly.session") || !d.p.families[0].dead {
						t.Fatalf("signed out %v into the renewal: a sign-in is left", after)
					}
					wait(24 * time.Hour)
					pages[2].want(pkce.SignedOut)
				})
			}
		})
	}
}

func TestSignOutWhereTabsHearNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		pages := openTabs(d, 2)
		pages[1].mu.Lock()
		pages[1].deaf = true
		pages[1].mu.Unlock()
		pages[0].SignOut("/")
		wait(21 * time.Second)
		pages[1].want(pkce.SignedOut)
	})
}

func TestSignOutThatFails(t *testing.T) {
	const notice = pkce.OnlyHere
	for _, tt := range []struct {
		name      string
		discovery func(map[string]any)
		answer    func(map[string]any)
		network   func(path string, serve func() answer) answer
		leaves    bool
	}{
		{"offline", nil, nil, func(string, func() answer) answer { return answer{err: errDropped} }, false},
		{"too slow", nil, nil, func(string, func() answer) answer { time.Sleep(10 * time.Second); return answer{err: errDropped} }, false},
		{"revoke 500", nil, nil, func(path string, serve func() answer) answer {
			if path == "/v1/revoke" {
				return answer{status: 500}
			}
			return serve()
		}, true},
		{"no revocation endpoint", func(d map[string]any) { delete(d, "revocation_endpoint") }, nil, nil, true},
		{"no end_session endpoint", func(d map[string]any) { delete(d, "end_session_endpoint") }, nil, nil, false},
		{"end_session endpoint without https", func(d map[string]any) { d["end_session_endpoint"] = "http://id.example/logout" }, nil, nil, false},
		{"no refresh token", nil, func(a map[string]any) { delete(a, "refresh_token") }, nil, true},
		{"no refresh token and offline", nil, func(a map[string]any) { delete(a, "refresh_token") }, func(string, func() answer) answer { return answer{err: errDropped} }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				d.p.discovery, d.p.answer = tt.discovery, tt.answer
				tb := d.tab()
				pg := tb.signIn("ada")
				if tt.network != nil {
					d.p.setNetwork(func(path string, _ url.Values, serve func() answer) answer { return tt.network(path, serve) })
				}
				began := time.Now()
				pg.SignOut("/")
				if took := time.Since(began); took > 3*time.Second {
					t.Errorf("it took %v", took)
				}
				s := pg.want(pkce.SignedOut)
				if left := len(pg.left) > 0; left != tt.leaves || (s.Problem.Cause == notice) == tt.leaves {
					t.Errorf("left: %v, state = %+v", left, s)
				}
				if strings.Contains(d.local.contents(), "mayfly.session") {
					t.Error("the record is still there")
				}
				wait(time.Minute)
				d.p.setNetwork(nil)
				pg.close()
				pg = tb.load()
				wait(time.Second)
				pg.want(pkce.SignedOut)
			})
		})
	}
}

func TestSignsInAfterSigningOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		pages := openTabs(d, 3)
		before := pages[0].state().SignInID
		pages[1].SignOut("/")
		wait(time.Second)
		pages[0].close()
		pages[0] = pages[0].tab.signIn("ben")
		wait(time.Second)
		for _, pg := range pages {
			if s := pg.want(pkce.SignedIn); s.Name != "BEN" || s.SignInID == before {
				t.Errorf("state = %+v", s)
			}
			pg.token()
		}
	})
}

func TestAnotherPersonSignsIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		pages := openTabs(d, 3)
		before := pages[0].state().SignInID
		pages[0].close()
		pages[0] = pages[0].tab.signIn("ben")
		wait(time.Second)
		for _, pg := range pages {
			if s := pg.want(pkce.SignedIn); s.Name != "BEN" || s.SignInID == before {
				t.Errorf("state = %+v", s)
			}
		}
		if !d.p.families[0].dead {
			t.Error("the first person's refresh token is still good")
		}
	})
}

// A user stays signed in while Callback checks the provider's answer, and even if that check fails.
func TestAnswerThatComesToNothingSignsNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		first := d.tab().signIn("ada")
		session := first.state().SignInID
		tb := d.tab()
		pg := tb.load()
		pg.begin("/")
		back := d.p.authorize(pg.leave(), "ada")
		d.p.setNetwork(func(path string, _ url.Values, serve func() answer) answer {
			if path == "/v1/token" {
				time.Sleep(5 * time.Second)
				return answer{err: errDropped}
			}
			return serve()
		})
		pg = tb.load()
		go pg.Callback(back)
		wait(time.Second)
		if s := pg.want(pkce.Restoring); s.SignInID != session {
			t.Errorf("state while the answer is judged = %+v", s)
		}
		wait(time.Minute)
		if s := pg.state(); s.SignInID != session || s.Problem.Action() != pkce.ActTryAgain {
			t.Errorf("state = %+v", s)
		}
	})
}

func TestNothingIsLeftAfterAFullSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		tb := d.tab()
		pg := tb.signIn("ada")
		wait(3 * time.Hour)
		pg.token()
		pg.SignOut("/")
		for _, secret := range d.p.secrets {
			if strings.Contains(d.local.contents()+tb.own.contents()+strings.Join(pg.left, " ")+strings.Join(pg.replaced, " "), secret) {
				t.Errorf("%q is left", secret)
			}
			if !strings.HasPrefix(secret, "at-") && !strings.HasPrefix(secret, "rt-") && !strings.HasPrefix(secret, "code-") {
				continue // the verifier was in the storage until Callback ran
			}
			if strings.Contains(d.written(tb), secret) {
				t.Errorf("%q was written down", secret)
			}
		}
	})
}
