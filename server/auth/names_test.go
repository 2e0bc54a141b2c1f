package auth_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server/auth"
	"mayfly/server/authtest"
	"mayfly/shared/wire"
)

const (
	apiToken = "00SecretOfTheUsersAPI"
	pathAda  = pathUsers + ada
)

func withOkta(c *auth.Config, _ *authtest.Issuer) { c.OktaAPIToken = apiToken }

func strict(c *auth.Config, _ *authtest.Issuer) { c.OktaAPIToken, c.RequireActive = apiToken, true }

// follow follows id. The function changes returns the changes that were reported.
func (r *rig) follow(id auth.Identity) (changes func() []auth.Change, stop func()) {
	var mu sync.Mutex
	var told []auth.Change
	stop = r.Follow(id, func(c auth.Change) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, c)
	})
	return func() []auth.Change {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(told)
	}, stop
}

func names(changes []auth.Change) string {
	var all []string
	for _, c := range changes {
		all = append(all, c.Name)
	}
	return strings.Join(all, ", ")
}

// TestBestNameWins: the name comes from the best source that has one, and no sign-in waits for a source.
func TestBestNameWins(t *testing.T) {
	nobody := status(404, "")
	for _, tt := range []struct {
		name            string
		setup           func(*auth.Config, *authtest.Issuer)
		access          object
		id              string
		first, then     string // the name at the sign-in, and the name that Follow reports later
		users, userinfo int    // the number of requests
	}{
		{"ID token alone: nobody else is asked", nil, nil, idToken(nil), "Ada Lovelace", "", 0, 0},
		{"claims of the access token", nil, object{"name": "Ada of Claims"}, "", "Ada of Claims", "", 0, 0},
		{"ID token before those", nil, object{"name": "Ada of Claims"}, idToken(nil), "Ada Lovelace", "", 0, 0},
		{"userinfo", nil, nil, "", "user-a361f7", "Ada of Userinfo", 0, 1},
		{"userinfo is not asked without openid", nil, object{"scp": []string{"profile"}}, "", "user-a361f7", "", 0, 0},
		{"userinfo about somebody else", func(_ *auth.Config, i *authtest.Issuer) {
			i.Says(pathUserinfo, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, object{"sub": "eve", "name": "Eve"}) })
		}, nil, "", "user-a361f7", "", 0, 2},
		{"userinfo refuses the token", func(_ *auth.Config, i *authtest.Issuer) { i.Says(pathUserinfo, status(401, "")) }, nil, "", "user-a361f7", "", 0, 1},
		{"Users API before the ID token", withOkta, nil, idToken(object{"name": "Ada of ID"}), "Ada of ID", "Ada Lovelace", 1, 0},
		{"Users API says the same", withOkta, nil, idToken(nil), "Ada Lovelace", "", 1, 0},
		{"Users API knows nobody: the ID token", func(c *auth.Config, i *authtest.Issuer) { withOkta(c, i); i.Says(pathAda, nobody) },
			nil, idToken(nil), "Ada Lovelace", "", 1, 0},
		{"Users API knows nobody: userinfo", func(c *auth.Config, i *authtest.Issuer) { withOkta(c, i); i.Says(pathAda, nobody) },
			nil, "", "user-a361f7", "Ada of Userinfo", 1, 1},
		{"Users API has no name: its log-in", func(c *auth.Config, i *authtest.Issuer) {
			withOkta(c, i)
			i.Says(pathAda, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, user(ada, "ACTIVE", "", "\u200b")) })
		}, nil, "", "user-a361f7", "ada", 1, 0},
		{"Users API has a hostile name", func(c *auth.Config, i *authtest.Issuer) {
			withOkta(c, i)
			i.Says(pathAda, func(w http.ResponseWriter, _ *http.Request) {
				writeJSON(w, user(ada, "ACTIVE", "\u202e<b>Ada\x00", strings.Repeat("e\u0301", 5000)))
			})
		}, nil, "", "user-a361f7", "<b>Ada " + strings.Repeat("é", 57), 1, 0},
		{"not active, which does not matter", func(c *auth.Config, i *authtest.Issuer) {
			withOkta(c, i)
			i.Says(pathAda, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, user(ada, "SUSPENDED", "Ada", "King")) })
		}, nil, "", "user-a361f7", "Ada King", 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, tt.setup, func(t *testing.T, r *rig) {
				r.idp.Slow = time.Millisecond // so that the sign-in is over before the answer comes
				began := time.Now()
				if tt.id != "" { // the token was made outside the bubble, whose clock differs
					tt.id = idToken(object{"name": nameIn(tt.id)})
				}
				id := r.identity(t, good(tt.access), tt.id)
				if id.Name != tt.first {
					t.Errorf("at once %q, want %q", id.Name, tt.first)
				}
				changes, stop := r.follow(id)
				defer stop()
				time.Sleep(5 * time.Second)
				if got := names(changes()); got != tt.then {
					t.Errorf("told %q, want %q", got, tt.then)
				}
				if waited := time.Since(began); waited != 5*time.Second {
					t.Errorf("waited %v for a name", waited-5*time.Second)
				}
				if users, userinfo := r.idp.Count(pathAda), r.idp.Count(pathUserinfo); users != tt.users || userinfo != tt.userinfo {
					t.Errorf("%d and %d requests, want %d and %d", users, userinfo, tt.users, tt.userinfo)
				}
				want := tt.first
				if tt.then != "" {
					want = tt.then
				}
				if again := r.identity(t, good(tt.access), ""); again.Name != want {
					t.Errorf("then %q, want %q", again.Name, want)
				}
			})
		})
	}
}

// nameIn returns the name in an ID token.
func nameIn(token string) string {
	_, rest, _ := strings.Cut(decode(strings.Split(token, ".")[1]), `"name":"`)
	name, _, _ := strings.Cut(rest, `"`)
	return name
}

// TestUsersAPIFails: whatever the API answers, a sign-in works at once with the best known name, and the API does not get
// many requests.
func TestUsersAPIFails(t *testing.T) {
	for _, tt := range []struct {
		name  string
		says  http.HandlerFunc
		until time.Duration // the API is not asked before this time
		line  string        // the line in the log
	}{
		{"401", status(401, ""), 5 * time.Minute, "401"},
		{"403", status(403, `{"errorCode":"E0000006"}`), 5 * time.Minute, "403"},
		{"404", status(404, ""), 0, ""},
		{"429", limited(10), 11 * time.Second, "asks to wait for 11s"},
		{"429, reset in the past", limited(-500), time.Second, "asks to wait for 1s"},
		{"429, reset in a year", limited(31e6), time.Minute, "asks to wait for 1m0s"},
		{"429 with nothing", status(429, ""), time.Minute, "asks to wait for 1m0s"},
		{"500", status(500, ""), 30 * time.Second, "500"},
		{"10 s late", late(10*time.Second, status(200, "{}")), 30 * time.Second, "deadline"},
		{"somebody else", func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, user("00uEve0000000000", "ACTIVE", "Eve", ""))
		},
			30 * time.Second, "somebody else"},
		{"10 MB", status(200, `{"id":"`+ada+`","x":"`+strings.Repeat("x", 10<<20)+`"}`), 30 * time.Second, "bytes"},
		{"HTML", status(200, "<html>"), 30 * time.Second, "JSON"},
		{"a redirect", redirect("https://evil.example/"), 30 * time.Second, "redirect"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, withOkta, func(t *testing.T, r *rig) {
				r.idp.Says(pathUsers, tt.says)
				began := time.Now()
				var first auth.Identity
				for i := range 5 {
					id := r.identity(t, good(object{"uid": fmt.Sprintf("%s%d", ada, i), "scp": nil, "scope": "x"}), "")
					if i == 0 {
						first = id
					}
					if !strings.HasPrefix(id.Name, "user-") {
						t.Errorf("name %q", id.Name)
					}
				}
				if waited := time.Since(began); waited > 0 {
					t.Errorf("they waited %v", waited)
				}
				time.Sleep(2200 * time.Millisecond)
				synctest.Wait()
				total := func() (n int) {
					for i := range 10 {
						n += r.idp.Count(fmt.Sprintf("%s%d", pathAda, i))
					}
					return n
				}
				asked := total()
				// several requests were under way when the API first failed
				if asked < 1 || asked > 5 || tt.line == "" && asked != 5 {
					t.Errorf("%d requests for five people", asked)
				}
				if tt.line != "" {
					if tt.until > 5*time.Second {
						time.Sleep(tt.until - 5*time.Second)
						r.identity(t, good(object{"uid": ada + "6", "scp": nil, "scope": "x"}), "")
						synctest.Wait()
						if n := total(); n != asked {
							t.Errorf("it is asked again after %v", time.Since(began))
						}
					}
					time.Sleep(5 * time.Second)
				}
				r.idp.Says(pathUsers, nil)
				changes, stop := r.follow(first) // a connected user gets the name when the API is back
				defer stop()
				time.Sleep(time.Minute + time.Second)
				if got := names(changes()); tt.name != "404" && got != "Ada Lovelace" {
					t.Errorf("told %q when the API was back", got)
				}
				r.stop()
				if n := strings.Count(r.logs.String(), "cannot be looked up"); tt.line != "" && n != 1 || tt.line == "" && n != 0 {
					t.Errorf("%d lines: %s", n, r.logs)
				}
				if !strings.Contains(r.logs.String(), tt.line) {
					t.Errorf("no %q in %s", tt.line, r.logs)
				}
				if strings.Contains(r.logs.String(), apiToken) {
					t.Error("the API token is in the log")
				}
			})
		})
	}
}

// TestSlowUsersAPIIsNotUserinfosFault: the Users API takes all of the time, so userinfo is not asked. That does not count
// as a failure of userinfo.
func TestSlowUsersAPIIsNotUserinfosFault(t *testing.T) {
	bubble(t, withOkta, func(t *testing.T, r *rig) {
		r.idp.Says(pathUsers, late(time.Hour, person("ACTIVE")))
		for i := range 5 {
			r.identity(t, good(object{"uid": fmt.Sprintf("%s%d", ada, i)}), "")
		}
		time.Sleep(3 * time.Second)
		if strings.Contains(r.logs.String(), sourceUserinfo) {
			t.Errorf("userinfo is blamed: %s", r.logs)
		}
		r.identity(t, good(nil), "") // the Users API is paused
		synctest.Wait()
		if id := r.identity(t, good(nil), ""); id.Name != "Ada of Userinfo" {
			t.Errorf("name %q", id.Name)
		}
	})
}

const sourceUserinfo = "source=userinfo"

// TestSuccessForgetsFailures: only five failures in a row pause a source.
func TestSuccessForgetsFailures(t *testing.T) {
	bubble(t, withOkta, func(t *testing.T, r *rig) {
		for i, fails := range []bool{true, true, false, true, true, false} { // each lookup that fails is two failures
			uid := fmt.Sprintf("%s%d", ada, i)
			r.idp.Says(pathUsers, nil)
			if fails {
				r.idp.Says(pathUsers, status(500, ""))
			}
			r.identity(t, good(object{"uid": uid, "scp": nil, "scope": "x"}), "")
			time.Sleep(time.Second)
			if n := r.idp.Count(pathUsers + uid); n == 0 {
				t.Errorf("person %d was not asked about", i)
			}
		}
	})
}

// limited returns a handler that answers "too many requests" for that many seconds, by a clock that is wrong by a day.
func limited(seconds int64) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		now := time.Now().Add(-24 * time.Hour)
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		w.Header().Set("X-Rate-Limit-Reset", fmt.Sprint(now.Unix()+seconds))
		w.WriteHeader(429)
	}
}

func TestPassingFailureIsTriedAgain(t *testing.T) {
	bubble(t, withOkta, func(t *testing.T, r *rig) {
		var once sync.Once
		r.idp.Says(pathAda, func(w http.ResponseWriter, _ *http.Request) {
			failed := false
			once.Do(func() { failed = true })
			if failed {
				w.WriteHeader(502)
				return
			}
			writeJSON(w, user(ada, "ACTIVE", "Ada", "Lovelace"))
		})
		id := r.identity(t, good(nil), "")
		changes, stop := r.follow(id)
		defer stop()
		time.Sleep(99 * time.Millisecond)
		if got := names(changes()); got != "" || r.idp.Count(pathAda) != 1 {
			t.Errorf("told %q after %d requests in 99 ms", got, r.idp.Count(pathAda))
		}
		time.Sleep(201 * time.Millisecond)
		if got := names(changes()); got != "Ada Lovelace" || r.idp.Count(pathAda) != 2 {
			t.Errorf("told %q after %d requests", got, r.idp.Count(pathAda))
		}
	})
}

// TestReconnectsCostAHandfulOfCalls is attack 42 of docs/attacks.md.
func TestReconnectsCostAHandfulOfCalls(t *testing.T) {
	for _, tt := range []struct {
		name string
		says http.HandlerFunc
		most int
	}{
		{"found", nil, 1}, {"nobody", status(404, ""), 2}, {"denied", status(401, ""), 1}, {"failing", status(500, ""), 10}, {"limited", limited(40), 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, withOkta, func(t *testing.T, r *rig) {
				r.idp.Says(pathUserinfo, status(401, ""))
				r.idp.Says(pathAda, tt.says)
				token := good(nil)
				for range 1000 {
					id := r.identity(t, token, "")
					r.Follow(id, func(auth.Change) {})()
					time.Sleep(100 * time.Millisecond)
				}
				if n := r.idp.Count(pathAda); n > tt.most || n == 0 {
					t.Errorf("%d calls in 100 s, want %d at most", n, tt.most)
				}
				if n := r.idp.Count(pathUserinfo); n > 4 {
					t.Errorf("%d calls of userinfo", n)
				}
			})
		})
	}
}

func TestNamesAreCached(t *testing.T) {
	bubble(t, withOkta, func(t *testing.T, r *rig) {
		r.idp.Slow = time.Millisecond
		token := func() string { return good(object{"scp": []string{"x"}}) }
		r.identity(t, token(), "")
		time.Sleep(10*time.Minute - time.Second)
		if id := r.identity(t, token(), ""); id.Name != "Ada Lovelace" || r.idp.Count(pathAda) != 1 {
			t.Errorf("%q after %d calls", id.Name, r.idp.Count(pathAda))
		}
		r.idp.Says(pathAda, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, user(ada, "ACTIVE", "Ada", "King")) })
		time.Sleep(2 * time.Second) // the name is no longer fresh, so the old name is used while the new one is looked up
		if id := r.identity(t, token(), ""); id.Name != "Ada Lovelace" {
			t.Errorf("%q, want the old name", id.Name)
		}
		time.Sleep(time.Second)
		if id := r.identity(t, token(), ""); id.Name != "Ada King" || r.idp.Count(pathAda) != 2 {
			t.Errorf("%q after %d calls", id.Name, r.idp.Count(pathAda))
		}
		r.idp.Says(pathAda, status(500, ""))
		time.Sleep(time.Hour - 10*time.Second)
		id := r.identity(t, token(), "")
		if id.Name != "Ada King" {
			t.Errorf("%q, want the old name for an hour", id.Name)
		}
		_, stop := r.follow(id) // a connected user keeps the name
		time.Sleep(5 * time.Hour)
		if id := r.identity(t, token(), ""); id.Name != "Ada King" {
			t.Errorf("%q, want the old name while she is connected", id.Name)
		}
		stop()
		if id := r.identity(t, token(), ""); id.Name != "user-a361f7" {
			t.Errorf("%q, want none that is so old", id.Name)
		}
	})
}

// TestOneLookupAPerson: one user has one lookup at a time, even if many connections of the user come together. At most
// five lookups run at the same time.
func TestOneLookupAPerson(t *testing.T) {
	bubble(t, withOkta, func(t *testing.T, r *rig) {
		var mu sync.Mutex
		now, most := 0, 0
		r.idp.Says(pathUsers, func(w http.ResponseWriter, q *http.Request) {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			now--
			mu.Unlock()
			writeJSON(w, user(strings.TrimPrefix(q.URL.Path, pathUsers), "ACTIVE", "A", "B"))
		})
		for i := range 100 {
			r.identity(t, good(object{"uid": fmt.Sprintf("%s%d", ada, i%10)}), "")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		for i := range 10 {
			if n := r.idp.Count(fmt.Sprintf("%s%d", pathAda, i)); n != 1 {
				t.Errorf("%d calls for one person, want 1", n)
			}
		}
		if most != 5 {
			t.Errorf("%d calls at once, want 5", most)
		}
	})
}

func TestLookupEndsInItsBudget(t *testing.T) {
	bubble(t, withOkta, func(t *testing.T, r *rig) {
		r.idp.Says(pathAda, late(1999*time.Millisecond, func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, user(ada, "ACTIVE", "Ada", "Slow"))
		}))
		changes, stop := r.follow(r.identity(t, good(nil), ""))
		time.Sleep(2 * time.Second)
		if got := names(changes()); got != "Ada Slow" {
			t.Errorf("told %q", got)
		}
		stop()
	})
	bubble(t, withOkta, func(t *testing.T, r *rig) {
		r.idp.Says(pathAda, late(2001*time.Millisecond, func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, user(ada, "ACTIVE", "Ada", "Slow"))
		}))
		changes, stop := r.follow(r.identity(t, good(nil), ""))
		time.Sleep(10 * time.Second)
		if got := names(changes()); got != "" {
			t.Errorf("told %q after the budget", got)
		}
		stop()
	})
}

// TestSubjectsThatAreNoIDsAreNotAsked: the Users API is not asked about subjects that are not ids. For "me" it would return
// the owner of the API token, and a login name may belong to another user.
func TestSubjectsThatAreNoIDsAreNotAsked(t *testing.T) {
	for _, uid := range []string{"ada@example.com", "short", strings.Repeat("u", 65), "00u1ada?expand=1", "00u1ada%2f..%2f", "00u1ada-lovelace"} {
		t.Run(uid, func(t *testing.T) {
			bubble(t, withOkta, func(t *testing.T, r *rig) {
				r.identity(t, good(object{"uid": uid, "scp": []string{"x"}}), "")
				time.Sleep(time.Minute)
				for path := range r.idp.Asked() {
					if path != pathConfig && path != pathKeys {
						t.Errorf("%s was asked for", path)
					}
				}
			})
		})
	}
}

// TestSecretsGoWhereTheyBelong: the API token is sent only to Okta's API, and a user's token only to userinfo.
func TestSecretsGoWhereTheyBelong(t *testing.T) {
	bubble(t, withOkta, func(t *testing.T, r *rig) {
		r.idp.Says(pathAda, status(404, ""))
		token := good(nil)
		r.identity(t, token, "")
		synctest.Wait()
		want := []string{"", "", "SSWS " + apiToken, "Bearer " + token} // configuration, keys, Users API, userinfo
		if got := r.idp.Authorizations(); !slices.Equal(got, want) {
			t.Errorf("Authorization of the requests: %q", got)
		}
	})
}

func TestOnlyActivePeople(t *testing.T) {
	for _, tt := range []struct {
		name string
		says http.HandlerFunc
		in   bool
		wait time.Duration // how long Verify takes
	}{
		{"ACTIVE", person("ACTIVE"), true, 0},
		{"SUSPENDED", person("SUSPENDED"), false, 0},
		{"DEPROVISIONED", person("DEPROVISIONED"), false, 0},
		{"LOCKED_OUT", person("LOCKED_OUT"), false, 0},
		{"no status", person(""), true, 0},
		{"SUSPENDED, in time", late(1900*time.Millisecond, person("SUSPENDED")), false, 1900 * time.Millisecond},
		{"SUSPENDED, too late", late(10*time.Second, person("SUSPENDED")), true, 2 * time.Second},
		{"somebody else is SUSPENDED", func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, user("00uEve0000000000", "SUSPENDED", "E", ""))
		}, true, 300 * time.Millisecond},
		{"401", status(401, ""), true, 0},
		{"403", status(403, ""), true, 0},
		{"404", status(404, ""), true, 0},
		{"429", limited(10), true, 0},
		{"500", status(500, ""), true, 300 * time.Millisecond},
		{"10 MB", status(200, strings.Repeat("x", 10<<20)), true, 300 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, strict, func(t *testing.T, r *rig) {
				r.idp.Says(pathAda, tt.says)
				began := time.Now()
				if tt.in {
					r.identity(t, good(nil), "")
				} else if e := r.want(t, good(nil), wire.ReasonUserInactive); e.Next != wire.NextNever {
					t.Errorf("next %q, want never", e.Next)
				}
				if waited := time.Since(began); waited > tt.wait {
					t.Errorf("waited %v, want %v", waited, tt.wait)
				}
			})
		})
	}
}

func person(status string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, user(ada, status, "Ada", "Lovelace")) }
}

func TestSuspendedWhileConnected(t *testing.T) {
	bubble(t, strict, func(t *testing.T, r *rig) {
		id := r.identity(t, good(nil), "")
		if id.Name != "Ada Lovelace" {
			t.Errorf("name %q: strict has waited for it", id.Name)
		}
		changes, stop := r.follow(id)
		defer stop()
		time.Sleep(4 * time.Minute)
		r.idp.Says(pathAda, person("SUSPENDED"))
		if got := changes(); len(got) > 0 {
			t.Errorf("told %v", got)
		}
		time.Sleep(90 * time.Second) // the status is fresh for 5 min, and checked each 30 s
		got := changes()
		if len(got) != 1 || got[0].Refused == nil || got[0].Refused.Reason != wire.ReasonUserInactive || got[0].Name != "Ada Lovelace" {
			t.Fatalf("told %+v, want to leave", got)
		}
		r.want(t, good(nil), wire.ReasonUserInactive) // the user stays refused
		time.Sleep(59 * time.Second)
		before := r.idp.Count(pathAda)
		r.want(t, good(nil), wire.ReasonUserInactive)
		r.idp.Says(pathAda, person("ACTIVE"))
		time.Sleep(time.Minute) // until the status is looked up again
		r.identity(t, good(nil), "")
		if n := r.idp.Count(pathAda) - before; n > 3 {
			t.Errorf("%d calls", n)
		}
	})
}

// TestStrictKeepsAsking: with RequireActive, the status of each connected user is looked up each 5 to 5.5 minutes.
// Without it, it is looked up once.
func TestStrictKeepsAsking(t *testing.T) {
	for _, tt := range []struct {
		name        string
		setup       func(*auth.Config, *authtest.Issuer)
		least, most int
	}{{"strict", strict, 11, 13}, {"not strict", withOkta, 1, 1}} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, tt.setup, func(t *testing.T, r *rig) {
				_, stop := r.follow(r.identity(t, good(nil), ""))
				time.Sleep(time.Hour + time.Second) // not at the time of a tick
				if n := r.idp.Count(pathAda); n < tt.least || n > tt.most {
					t.Errorf("%d calls in an hour, want %d to %d", n, tt.least, tt.most)
				}
				stop()
				before := r.idp.Count(pathAda)
				time.Sleep(time.Hour)
				if n := r.idp.Count(pathAda) - before; n != 0 {
					t.Errorf("%d calls about somebody who has left", n)
				}
			})
		})
	}
}

func TestFollow(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		r.idp.Says(pathUserinfo, status(404, ""))
		id := r.identity(t, good(nil), "")
		changes, stop := r.follow(id)
		other, stopOther := r.follow(id)
		r.identity(t, good(nil), idToken(nil)) // another device of the user has a token with the name
		if got := names(changes()); got != "Ada Lovelace" {
			t.Errorf("told %q", got)
		}
		r.identity(t, good(nil), idToken(nil))
		stop()
		stop() // a second call does nothing
		r.identity(t, good(nil), idToken(object{"name": "Ada King"}))
		if got := names(changes()); got != "Ada Lovelace" {
			t.Errorf("told %q after stop", got)
		}
		if got := names(other()); got != "Ada Lovelace, Ada King" {
			t.Errorf("the other is told %q", got)
		}
		stopOther()
		late, stopLate := r.follow(id) // a follower that has an old name gets the new one at once
		if got := names(late()); got != "Ada King" {
			t.Errorf("told %q", got)
		}
		stopLate()
	})
}

// TestStopDuringALookup: Run ends although a source does not answer, and Verify still works, without names.
func TestStopDuringALookup(t *testing.T) {
	bubble(t, strict, func(t *testing.T, r *rig) {
		r.idp.Says(pathAda, late(time.Hour, person("ACTIVE")))
		done := make(chan error)
		go func() {
			_, err := r.Verify(t.Context(), good(nil), "")
			done <- err
		}()
		time.Sleep(time.Second)
		r.stop()
		if err := <-done; err != nil {
			t.Errorf("Verify = %v", err)
		}
		began := time.Now()
		if _, err := r.Verify(t.Context(), good(object{"uid": ada + "2"}), ""); err != nil || time.Since(began) > 2*time.Second {
			t.Errorf("Verify = %v after %v", err, time.Since(began))
		}
	})
	bubble(t, withOkta, func(t *testing.T, r *rig) {
		r.idp.Says(pathUsers, late(time.Hour, person("ACTIVE")))
		for i := range 5 {
			r.identity(t, good(object{"uid": fmt.Sprintf("%s%d", ada, i)}), "")
		}
		time.Sleep(time.Second)
		r.stop()
		if strings.Contains(r.logs.String(), "cannot be looked up") {
			t.Errorf("stopping counts as a failure: %s", r.logs)
		}
	})
}
