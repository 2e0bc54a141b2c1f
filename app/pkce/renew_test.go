package pkce_test

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/app/pkce"
)

func TestRenewsBeforeTheEnd(t *testing.T) {
	for _, life := range []time.Duration{time.Minute, 90 * time.Second, 5 * time.Minute, time.Hour, 24 * time.Hour} {
		t.Run(life.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				d.p.life = life
				pg := d.tab().signIn("ada")
				session := pg.state().SignInID
				for range 100 {
					wait(life / 10)
					pg.token()
				}
				if s := pg.want(pkce.SignedIn); s.SignInID != session || s.Version < 10 {
					t.Errorf("state = %+v", s)
				}
				for _, s := range pg.states {
					if s.Version > 0 && s.Status != pkce.SignedIn && s.Status != pkce.Renewing && s.Status != pkce.Restoring {
						t.Fatalf("in between: %+v", s)
					}
				}
				if n := d.p.count("/v1/token"); n > 36 { // ten lives; a renewal comes after a third of the shortest
					t.Errorf("%d requests to the token endpoint", n)
				}
			})
		})
	}
}

// openTabs signs in with one tab and opens more tabs until there are n.
func openTabs(d *device, n int) []*page {
	pages := []*page{d.tab().signIn("ada")}
	for len(pages) < n {
		pages = append(pages, d.tab().load())
	}
	wait(10 * time.Second)
	return pages
}

func TestTwentyTabsRenewTogether(t *testing.T) {
	for _, grace := range []time.Duration{30 * time.Second, 0} {
		t.Run(grace.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				d.p.grace, d.p.life = grace, 5*time.Minute
				pages := openTabs(d, 20)
				allIn := func(when string) {
					t.Helper()
					for i, pg := range pages {
						s := pg.state()
						if s.Status != pkce.SignedIn && s.Status != pkce.Renewing || s.SignInID != pages[0].state().SignInID {
							t.Fatalf("%s: tab %d: %+v", when, i, s)
						}
						pg.token()
					}
				}
				allIn("opened")
				if n := d.p.count("/v1/token"); n != 1 {
					t.Errorf("19 tabs opened beside a signed-in one cost %d requests", n-1)
				}
				for range 20 {
					wait(4 * time.Minute)
					for _, pg := range pages {
						pg.Wake() // as when the network comes back
					}
					wait(10 * time.Second)
					allIn("renewed")
				}
				before := d.p.count("/v1/token")
				if before > 45 {
					t.Errorf("%d requests for 17 lives", before)
				}
				for _, pg := range pages { // the server refuses the token of all tabs at once
					c, err := pg.Token(t.Context(), "")
					if err != nil {
						t.Fatal(err)
					}
					go func() {
						if other, err := pg.Token(t.Context(), c.Token); err != nil || other.Token == c.Token {
							t.Errorf("Token = %v", err)
						}
					}()
				}
				wait(10 * time.Second)
				allIn("refused")
				if n := d.p.count("/v1/token") - before; n != 1 {
					t.Errorf("%d requests instead of one", n)
				}
				before = d.p.count("/v1/token")
				for _, pg := range pages { // the browser is closed, and restores all tabs
					pg.close()
				}
				for i, pg := range pages {
					pages[i] = pg.tab.load()
				}
				wait(10 * time.Second)
				allIn("restored")
				if n := d.p.count("/v1/token") - before; n != 1 {
					t.Errorf("%d requests instead of one", n)
				}
			})
		})
	}
}

func TestTwentyTabsWithoutLocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		d.noLocks, d.p.life = true, 5*time.Minute
		pages := openTabs(d, 20)
		for range 10 {
			wait(4 * time.Minute)
			for _, pg := range pages {
				pg.Wake()
			}
			wait(10 * time.Second)
			for i, pg := range pages {
				if s := pg.state(); s.Status != pkce.SignedIn && s.Status != pkce.Renewing {
					t.Fatalf("tab %d: %+v", i, s)
				}
			}
		}
	})
}

func TestTabDiesHoldingTheLock(t *testing.T) {
	for name, served := range map[string]bool{"before the provider heard of it": false, "after it has rotated": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				pages := openTabs(d, 3)
				dead := make(chan *page, 1)
				var once atomic.Bool
				d.p.setNetwork(func(path string, _ url.Values, serve func() answer) answer {
					if path != "/v1/token" || !once.CompareAndSwap(false, true) {
						return serve()
					}
					if served {
						serve()
					}
					holder := d.holder()
					go func() {
						holder.close()
						dead <- holder
					}()
					<-holder.ended
					return answer{err: errDropped}
				})
				wait(58 * time.Minute)
				gone := <-dead
				wait(30 * time.Second)
				for _, pg := range pages {
					if pg != gone {
						pg.want(pkce.SignedIn)
						pg.token()
					}
				}
			})
		})
	}
}

func TestAnswerLostAfterRotation(t *testing.T) {
	for _, tt := range []struct {
		name   string
		grace  time.Duration
		status pkce.Status
	}{
		{"inside the grace", 30 * time.Second, pkce.SignedIn},
		{"without one", 0, pkce.Ended},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				d.p.grace = tt.grace
				pages := openTabs(d, 3)
				var once atomic.Bool
				d.p.setNetwork(func(path string, _ url.Values, serve func() answer) answer {
					a := serve()
					if path == "/v1/token" && once.CompareAndSwap(false, true) {
						return answer{err: errDropped}
					}
					return a
				})
				wait(59 * time.Minute)
				for _, pg := range pages {
					s := pg.want(tt.status)
					if tt.status == pkce.Ended && (s.Problem.Cause != pkce.SignInEnded || s.Problem.Action() != pkce.ActSignInAgain || s.Name != "") {
						t.Errorf("state = %+v", s)
					}
				}
				before := d.p.count("/v1/token")
				wait(24 * time.Hour)
				if tt.status == pkce.Ended && d.p.count("/v1/token") != before {
					t.Error("it goes on asking")
				}
				d.p.setNetwork(nil)
				pages[0].close()
				pages[0] = pages[0].tab.signIn("ada") // after one new sign-in, all tabs are signed in again
				wait(time.Second)
				for _, pg := range pages {
					pg.want(pkce.SignedIn)
					pg.token()
				}
			})
		})
	}
}

func TestNetworkFailureSignsNobodyOut(t *testing.T) {
	for name, fault := range map[string]answer{
		"offline": {err: errDropped}, "500": {status: 500}, "502 and HTML": {status: 502, body: "<html>"}, "a hotel's page": {status: 200, body: "<html>"},
		"half an answer": {status: 200, body: `{"access_token":"at-`}, "empty": {status: 200, body: "{}"}, "403": {status: 403, body: "no"},
		"401 of a proxy": {status: 401}, "invalid_client": refusal("invalid_client"), "another token type": document(map[string]any{"access_token": "x", "token_type": "DPoP"}),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				pg := d.tab().signIn("ada")
				wait(50 * time.Minute)
				d.p.setNetwork(func(path string, _ url.Values, serve func() answer) answer {
					if path == "/v1/token" {
						return fault
					}
					return serve()
				})
				wait(9 * time.Minute)
				pg.token() // the old token is good until it expires
				pg.want(pkce.SignedIn)
				wait(10 * time.Minute)
				if s := pg.want(pkce.Offline); s.Name != "ADA" {
					t.Errorf("state = %+v", s)
				}
				if _, err := pg.Token(t.Context(), ""); err != pkce.ErrUnavailable {
					t.Errorf("Token = %v", err)
				}
				if n := d.p.count("/v1/token"); n < 5 || n > 60 {
					t.Errorf("%d attempts within a quarter of an hour", n)
				}
				d.p.setNetwork(nil)
				pg.Wake()
				wait(time.Second)
				if s := pg.want(pkce.SignedIn); s.Problem != (pkce.Problem{}) {
					t.Errorf("state = %+v", s)
				}
				pg.token()
			})
		})
	}
}

func TestWaitsAsLongAsTheProviderSays(t *testing.T) {
	for name, header := range map[string]map[string]string{
		"Retry-After": {"Retry-After": "300"},
		"Reset":       {"X-Rate-Limit-Reset": "1700000299", "Date": "Tue, 14 Nov 2023 22:13:20 GMT"}, // 1700000000
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				tb := d.tab()
				tb.signIn("ada").close()
				d.p.setNetwork(func(path string, _ url.Values, serve func() answer) answer {
					if path == "/v1/token" {
						return answer{status: 429, header: header}
					}
					return serve()
				})
				before := d.p.count("/v1/token")
				pg := tb.load()
				for range 29 {
					wait(10 * time.Second)
					pg.Wake()
				}
				if n := d.p.count("/v1/token") - before; n != 1 {
					t.Errorf("%d attempts within 290 s", n)
				}
				d.p.setNetwork(nil)
				wait(30 * time.Second)
				pg.want(pkce.SignedIn)
			})
		})
	}
	synctest.Test(t, func(t *testing.T) { // Retry-After is limited
		d := newDevice(t)
		tb := d.tab()
		tb.signIn("ada").close()
		var refused atomic.Bool
		d.p.setNetwork(func(path string, _ url.Values, serve func() answer) answer {
			if path == "/v1/token" && refused.CompareAndSwap(false, true) {
				return answer{status: 503, header: map[string]string{"Retry-After": strconv.Itoa(1 << 30)}}
			}
			return serve()
		})
		pg := tb.load()
		wait(11 * time.Minute)
		pg.want(pkce.SignedIn)
	})
}

func TestWrongIDTokenOnRenewal(t *testing.T) {
	for name, change := range map[string]func(map[string]any){
		"other sub":   func(c map[string]any) { c["sub"] = "eve" },
		"other nonce": func(c map[string]any) { c["nonce"] = "other" },
		"other aud":   func(c map[string]any) { c["aud"] = "other" },
		"at_hash":     func(c map[string]any) { c["at_hash"] = "AAAA" },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				tb := d.tab()
				tb.signIn("ada").close()
				d.p.claims = change
				pg := tb.load()
				wait(time.Second)
				if s := pg.want(pkce.Ended); s.Problem.Cause != pkce.Unverified {
					t.Errorf("state = %+v", s)
				}
				if _, err := pg.Token(t.Context(), ""); err != pkce.ErrSignedOut {
					t.Errorf("Token = %v", err)
				}
				if strings.Contains(d.local.contents(), "mayfly.session") || !d.p.families[0].dead {
					t.Error("something is left of it")
				}
			})
		})
	}
	for name, change := range map[string]func(map[string]any){
		"no nonce": func(c map[string]any) { delete(c, "nonce") },
		"no sub":   nil, // no ID token at all
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				tb := d.tab()
				tb.signIn("ada").close()
				if d.p.claims = change; change == nil {
					d.p.answer = func(a map[string]any) { delete(a, "id_token") }
				}
				pg := tb.load()
				wait(2 * time.Hour)
				pg.want(pkce.SignedIn)
				pg.token()
			})
		})
	}
}

func TestKeysRotateWhileSignedIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		pg := d.tab().signIn("ada")
		d.p.mu.Lock()
		d.p.keys = func([]map[string]any) []map[string]any { return []map[string]any{jwk("k2", &anotherKey().PublicKey)} }
		d.p.sign = func(c map[string]any) string { return jws("RS256", "k2", anotherKey(), c) }
		d.p.mu.Unlock()
		wait(2 * time.Hour)
		pg.want(pkce.SignedIn)
		pg.token()
	})
	synctest.Test(t, func(t *testing.T) { // the keys can't be read just then: the refresh token must not be lost
		d := newDevice(t)
		d.p.grace = 0
		tb := d.tab()
		tb.signIn("ada").close()
		d.p.setNetwork(func(path string, _ url.Values, serve func() answer) answer {
			if path == "/v1/keys" {
				return answer{err: errDropped}
			}
			return serve()
		})
		pg := tb.load()
		wait(5 * time.Hour)
		pg.want(pkce.SignedIn)
		pg.token()
	})
}

func TestClocks(t *testing.T) {
	for _, ahead := range []time.Duration{time.Hour, -time.Hour, 24 * time.Hour, -24 * time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // the clock is wrong from the start
				d := newDevice(t)
				d.ahead = ahead
				pg := d.tab().signIn("ada")
				if s := pg.want(pkce.SignedIn); s.Skew != ahead {
					t.Errorf("state = %+v, want a skew of %v", s, ahead)
				}
				for range 10 {
					wait(20 * time.Minute)
					pg.token()
				}
				if n := d.p.count("/v1/token"); n > 6 {
					t.Errorf("%d requests in 200 minutes", n)
				}
			})
			synctest.Test(t, func(t *testing.T) { // the user sets the clock while signed in
				d := newDevice(t)
				pages := openTabs(d, 3)
				for _, pg := range pages {
					pg.ahead(ahead)
				}
				for range 10 {
					wait(20 * time.Minute)
					for _, pg := range pages {
						pg.want(pkce.SignedIn)
						pg.token()
					}
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		d.ahead = 4 * time.Minute
		if s := d.tab().signIn("ada").want(pkce.SignedIn); s.Skew != 0 {
			t.Errorf("state = %+v", s)
		}
	})
}

// The page finds out whose clock is wrong by comparing three: the device's, the provider's and the server's.
func TestWhoseClockIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name                     string
		device, provider, server time.Duration // ahead of the right time
		silent                   bool          // the server tells no time
		skew, providers          time.Duration
	}{
		{"all agree", 0, 0, 0, false, 0, 0},
		{"the device is ahead", time.Hour, 0, 0, false, time.Hour, 0},
		{"the device is behind", -9 * time.Minute, 0, 0, false, -9 * time.Minute, 0},
		{"the provider is ahead", 0, 9 * time.Minute, 0, false, 0, 9 * time.Minute},
		{"the provider is behind", 0, -10 * time.Minute, 0, false, 0, -10 * time.Minute},
		{"the provider is behind, the device a little", 2 * time.Minute, -10 * time.Minute, 0, false, 0, -12 * time.Minute},
		{"the provider is off by less than is said", 0, 4 * time.Minute, 0, false, 0, 0},
		{"the server alone is ahead", 0, 0, time.Hour, false, 0, 0},
		{"three times", time.Hour, -time.Hour, 0, false, 2 * time.Hour, 0},
		{"the server tells no time", 0, 9 * time.Minute, 0, true, -9 * time.Minute, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t)
				d.ahead = tt.device
				d.p.claims = func(m map[string]any) {
					m["iat"], m["exp"] = time.Now().Add(tt.provider).Unix(), time.Now().Add(tt.provider+time.Hour).Unix()
				}
				d.p.setNetwork(func(path string, _ url.Values, serve func() answer) answer {
					a := serve()
					if path == "/config.json" && !tt.silent {
						a.header = map[string]string{"Date": time.Now().Add(tt.server).UTC().Format(http.TimeFormat)}
					}
					return a
				})
				s := d.tab().signIn("ada").want(pkce.SignedIn)
				if s.Skew.Round(time.Minute) != tt.skew || s.ProviderSkew.Round(time.Minute) != tt.providers {
					t.Errorf("the device is ahead by %v, the provider by %v, want %v, %v", s.Skew, s.ProviderSkew, tt.skew, tt.providers)
				}
			})
		})
	}
}

func TestSleepsAcrossTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		pg := d.tab().signIn("ada")
		old := pg.token()
		pg.ahead(8 * time.Hour) // a laptop slept: no timer ran and the monotonic clock stopped
		wait(21 * time.Second)  // after the longest tick, without any event
		pg.want(pkce.SignedIn)
		if pg.token() == old {
			t.Error("the old token is taken for good")
		}
		old = pg.token()
		pg.ahead(16 * time.Hour)
		if pg.token() == old { // Token was called before the tick
			t.Error("the old token is given out")
		}
	})
}

func TestLateMessageFromAnotherTab(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // a frozen tab reads it two hours later
		d := newDevice(t)
		pages := openTabs(d, 2)
		other := pages[1]
		other.mu.Lock()
		receive := other.receive
		other.receive = func(message string) { time.AfterFunc(2*time.Hour, func() { receive(message) }) }
		other.mu.Unlock()
		for range 40 {
			wait(6 * time.Minute)
			pages[0].token()
			other.token()
		}
		other.want(pkce.SignedIn)
	})
}

func TestWithoutRefreshToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		d.p.noRefresh = true
		pages := openTabs(d, 2)
		wait(57 * time.Minute)
		for _, pg := range pages {
			if s := pg.want(pkce.SignedIn); s.Problem != (pkce.Problem{}) {
				t.Errorf("state = %+v", s)
			}
		}
		wait(90 * time.Second)
		for _, pg := range pages {
			if s := pg.want(pkce.SignedIn); s.Problem.Cause != pkce.EndsSoon || s.Problem.Action() != pkce.ActSignInAgain {
				t.Errorf("state = %+v", s)
			}
		}
		session := pages[1].state().SignInID
		pages[0].close()
		pages[0] = pages[0].tab.signIn("ada")
		wait(time.Second)
		for _, pg := range pages { // the user signed in again in one tab, and the other tab keeps its sign-in
			if s := pg.want(pkce.SignedIn); s.Problem != (pkce.Problem{}) || s.SignInID != session {
				t.Errorf("state = %+v, want session %s", s, session)
			}
		}
		wait(61 * time.Minute)
		for _, pg := range pages {
			if s := pg.want(pkce.Ended); s.Problem.Cause != pkce.SignInEnded {
				t.Errorf("state = %+v", s)
			}
		}
		if n := d.p.count("/v1/token"); n != 2 {
			t.Errorf("%d requests to the token endpoint", n)
		}
	})
	synctest.Test(t, func(t *testing.T) { // after a reload, when no other tab has the access token
		d := newDevice(t)
		d.p.noRefresh = true
		tb := d.tab()
		tb.signIn("ada").close()
		pg := tb.load()
		wait(time.Second)
		pg.want(pkce.Ended)
	})
}

func TestWithoutRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		pages := openTabs(d, 5)
		d.p.mu.Lock()
		d.p.rotate, d.p.answer = false, func(a map[string]any) { delete(a, "refresh_token") }
		d.p.mu.Unlock()
		for range 20 {
			wait(20 * time.Minute)
			for _, pg := range pages {
				pg.token()
			}
		}
		if n := d.p.count("/v1/token"); n > 10 {
			t.Errorf("%d requests in 400 minutes", n)
		}
	})
}

func TestTabMode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		d.p.grace = 0
		tb := d.tab()
		tb.mode = pkce.Tab
		pg := tb.signIn("ada")
		stranger := &tab{d: d, own: newStorage(), mode: pkce.Tab}
		other := stranger.load()
		wait(time.Second)
		other.want(pkce.SignedOut)
		copied := (&tab{d: d, own: tb.own.copy(), mode: pkce.Tab}).load() // the user duplicates the tab
		for range 50 {
			wait(20 * time.Minute)
			if !pg.shares(copied) {
				t.Error("the duplicate has another token")
			}
		}
		pg.close()
		wait(2 * time.Hour)
		copied.token()
		copied.close()
		copied = copied.tab.load()
		copied.token()
		other.want(pkce.SignedOut)
		if strings.Contains(d.local.contents(), "mayfly.session") {
			t.Error(d.local.contents())
		}
	})
}

func TestMemoryMode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		tb := d.tab()
		tb.mode = pkce.Memory
		pg := tb.signIn("ada")
		for range 20 {
			wait(20 * time.Minute)
			pg.token()
		}
		if all := d.local.contents() + tb.own.contents(); strings.Contains(all, "mayfly.session") || strings.Contains(d.written(tb), "rt-") {
			t.Error(all)
		}
		pg.close()
		pg = tb.load()
		wait(time.Second)
		pg.want(pkce.SignedOut)
	})
}

func TestServerRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		pages := openTabs(d, 2)
		pages[0].Deny("Your account is not active.")
		if s := pages[0].want(pkce.SignedIn); s.Problem.Action() != pkce.ActSignOut || s.Problem.Detail != "Your account is not active." {
			t.Errorf("state = %+v", s)
		}
		pages[0].Unfit("Unreadable.")
		if s := pages[0].want(pkce.SignedIn); s.Problem != (pkce.Problem{Cause: pkce.Misconfigured, Detail: "Unreadable."}) {
			t.Errorf("state = %+v", s)
		}
		token := pages[0].token()
		if c, err := pages[0].Token(t.Context(), "an older one"); err != nil || c.Token != token {
			t.Errorf("Token in place of one that was replaced already = %v, %v", c, err)
		}
		pages[0].End(pages[0].state().SignInID, "You signed out elsewhere.")
		wait(time.Second)
		for i, pg := range pages {
			s := pg.want(pkce.Ended)
			if s.Problem.Action() != pkce.ActSignInAgain || i == 0 && s.Problem.Cause != pkce.WasSignedOut {
				t.Errorf("state = %+v", s)
			}
			if _, err := pg.Token(t.Context(), token); err != pkce.ErrSignedOut {
				t.Errorf("Token = %v", err)
			}
		}
	})
}

// The server's news of a sign-out may come before the message of the tab that signed out, or may be about an earlier
// sign-in.
func TestServerEndsWhatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		pages := openTabs(d, 2)
		old := pages[0].state().SignInID
		pages[1].deaf = true
		pages[0].SignOut("/")
		pages[1].End(old, "You signed out elsewhere.")
		if s := pages[1].want(pkce.SignedOut); s.Problem.Cause != pkce.NoCause {
			t.Errorf("the tab that heard nothing: %+v", s)
		}
		pages[0].close()
		pg := d.tab().signIn("ada")
		pg.End(old, "You signed out elsewhere.")
		if s := pg.want(pkce.SignedIn); s.SignInID == old {
			t.Errorf("state = %+v", s)
		}
	})
}

func TestWaitingEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		tb := d.tab()
		tb.signIn("ada").close()
		d.p.grace = 0
		d.p.setNetwork(func(path string, _ url.Values, serve func() answer) answer {
			a := serve()
			time.Sleep(10 * time.Second) // slow, but the answer comes
			return a
		})
		pg := tb.load()
		ctx, cancel := context.WithTimeout(t.Context(), 13*time.Second)
		defer cancel()
		if _, err := pg.Token(ctx, ""); err == nil {
			t.Error("Token returned in time")
		}
		wait(time.Minute) // Token no longer waits for the answer, but the answer still counts
		pg.want(pkce.SignedIn)
	})
}

// TestSlowTokens has a provider that answers late. At that time it has used up the code or the refresh token, so a page
// that gave up earlier would lose the sign-in.
func TestSlowTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		d.p.setNetwork(func(path string, _ url.Values, serve func() answer) answer {
			a := serve()
			if path == "/v1/token" {
				time.Sleep(40 * time.Second)
			}
			return a
		})
		tb := d.tab()
		pg, _ := tb.back(beginSignIn(tb, "/"))
		wait(time.Minute)
		pg.want(pkce.SignedIn)
		before := d.p.count("/v1/token")
		for d.p.count("/v1/token") == before {
			wait(time.Minute)
		}
		wait(10 * time.Minute)
		if s := pg.state(); s.SignInID == "" || s.Problem != (pkce.Problem{}) {
			t.Errorf("state = %+v after a slow renewal", s)
		}
	})
}
