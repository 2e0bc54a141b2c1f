package auth_test

import (
	"crypto"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server/auth"
	"mayfly/server/authtest"
	"mayfly/shared/wire"
)

// signed returns a good token, signed by key under kid.
func signed(kid string, key crypto.Signer) string {
	return sign(header(object{"kid": kid}), claims(nil), key)
}

// strange returns a token whose kid is unknown. Its signature does not matter, so it is not a real one.
func strange(kid string) string { return sign(header(object{"kid": kid}), claims(nil), []byte("x")) }

// TestUnknownKidsCostOneRequest is attack 6 of docs/attacks.md: a thousand in a second, then one a second for ten minutes.
func TestUnknownKidsCostOneRequest(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		before, began := r.idp.Count(pathKeys), time.Now()
		var together sync.WaitGroup
		for i := range 1000 {
			together.Go(func() { r.want(t, strange(fmt.Sprint("x", i)), wire.ReasonTokenKeyUnknown) })
		}
		together.Wait()
		if n := r.idp.Count(pathKeys) - before; n != 1 {
			t.Errorf("%d requests for 1000 unknown kids, want 1", n)
		}
		if waited := time.Since(began); waited > 0 {
			t.Errorf("they waited %v", waited)
		}
		for i := range 600 {
			r.want(t, strange(fmt.Sprint("y", i)), wire.ReasonTokenKeyUnknown)
			time.Sleep(time.Second)
		}
		if n := r.idp.Count(pathKeys) - before; n < 15 || n > 21 {
			t.Errorf("%d requests in 10 minutes of unknown kids, want one in 30 s", n)
		}
		if kids := r.Kids(); kids > 1000 {
			t.Errorf("%d unknown kids are remembered", kids)
		}
	})
}

// TestBadSignaturesCostNoRequest is attack 7 of docs/attacks.md.
func TestBadSignaturesCostNoRequest(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		before := r.idp.Count(pathKeys)
		token := sign(header(nil), claims(nil), key2())
		for range 1000 {
			r.want(t, token, wire.ReasonTokenSignature)
		}
		if n := r.idp.Count(pathKeys) - before; n != 0 {
			t.Errorf("%d requests, want none", n)
		}
	})
}

func TestUnknownKidSaysWhenToComeBack(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		retry := func(kid string, want time.Duration) {
			t.Helper()
			if e := r.want(t, signed(kid, key2()), wire.ReasonTokenKeyUnknown); e.Retry != want {
				t.Errorf("%s: retry in %v, want %v", kid, e.Retry, want)
			}
		}
		fetched := func(want int) {
			t.Helper()
			if n := r.idp.Count(pathKeys) - 1; n != want {
				t.Errorf("%d fetches, want %d", n, want)
			}
		}
		retry("a", time.Minute) // the keys were fetched for this kid, and it is not among them
		fetched(1)
		time.Sleep(10 * time.Second)
		retry("a", 50*time.Second)
		retry("b", 20*time.Second) // this kid was first seen after the fetch, so the cooldown counts
		time.Sleep(19 * time.Second)
		retry("b", time.Second)
		fetched(1)
		time.Sleep(time.Second)
		retry("c", time.Minute) // the keys were fetched again, and neither this kid nor b is among them
		fetched(2)
		retry("b", time.Minute)
		time.Sleep(59 * time.Second)
		retry("b", time.Second)
		fetched(2)
		time.Sleep(time.Second)
		retry("b", time.Minute) // asked again
		fetched(3)
	})
}

// TestNewKeyIsFound: the provider rotates its keys. The first token that it signs with the new key is accepted at once.
func TestNewKeyIsFound(t *testing.T) {
	key2()
	bubble(t, nil, func(t *testing.T, r *rig) {
		r.idp.Publish(jwk("k1", key1()), jwk("k2", key2()))
		r.idp.Says(pathKeys, late(2*time.Second, func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, object{"keys": []object{jwk("k1", key1()), jwk("k2", key2())}})
		}))
		var together sync.WaitGroup
		for range 10 { // all wait for one fetch
			together.Go(func() { r.identity(t, signed("k2", key2()), "") })
		}
		together.Wait()
		r.identity(t, signed("k1", key1()), "")
		if n := r.idp.Count(pathKeys); n != 2 {
			t.Errorf("%d fetches, want 2", n)
		}
	})
}

// TestKidSeenDuringAFetch: a token with an unknown kid comes during a fetch. It causes a second fetch, because the first
// one began too early.
func TestKidSeenDuringAFetch(t *testing.T) {
	key2()
	bubble(t, func(_ *auth.Config, i *authtest.Issuer) { i.MaxAge = "no-store" }, func(t *testing.T, r *rig) {
		answers := make(chan []object, 2)
		r.idp.Says(pathKeys, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, object{"keys": <-answers}) })
		time.Sleep(5 * time.Minute) // the refresh begins
		synctest.Wait()
		done := make(chan auth.Identity)
		go func() { done <- r.identity(t, signed("k2", key2()), "") }()
		synctest.Wait()
		answers <- []object{jwk("k1", key1())}
		answers <- []object{jwk("k1", key1()), jwk("k2", key2())}
		<-done
	})
}

// TestRotation is attack 25 of docs/attacks.md.
func TestRotation(t *testing.T) {
	key2()
	bubble(t, func(_ *auth.Config, i *authtest.Issuer) { i.MaxAge = "max-age=600" }, func(t *testing.T, r *rig) {
		r.identity(t, signed("k1", key1()), "")
		r.idp.Publish(jwk("k1", key1()), jwk("k2", key2()))
		r.identity(t, signed("k2", key2()), "")
		r.identity(t, signed("k1", key1()), "")
		r.idp.Publish(jwk("k2", key2()))
		time.Sleep(10*time.Minute - time.Second)
		r.identity(t, signed("k1", key1()), "")
		time.Sleep(time.Second)
		synctest.Wait()
		r.want(t, signed("k1", key1()), wire.ReasonTokenKeyUnknown)
		r.identity(t, signed("k2", key2()), "")
	})
}

// TestKeyThatVanishedIsDropped: a fetch that does not bring a key drops that key. Here another token causes the fetch.
func TestKeyThatVanishedIsDropped(t *testing.T) {
	key2()
	bubble(t, nil, func(t *testing.T, r *rig) {
		r.idp.Publish(jwk("k2", key2()))
		r.identity(t, signed("k1", key1()), "")
		r.identity(t, signed("k2", key2()), "")
		r.want(t, signed("k1", key1()), wire.ReasonTokenKeyUnknown)
	})
}

func TestIssuerDownAtStart(t *testing.T) {
	bubble(t, func(_ *auth.Config, i *authtest.Issuer) { i.SetDown(true) }, func(t *testing.T, r *rig) {
		busy := func() {
			t.Helper()
			e := r.refusal(t, good(nil))
			if e.Code != wire.CodeBusy || e.Reason != "" || e.Next != wire.NextLater || e.Retry != 5*time.Second {
				t.Errorf("refused as %+v, want busy", e)
			}
		}
		busy()
		if err := r.Ready(); err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("Ready = %v, want why not", err)
		}
		if got := r.Endpoints(); !slices.Equal(got, []string{"https://id.example"}) {
			t.Errorf("Endpoints = %q before discovery", got)
		}
		r.want(t, "", wire.ReasonTokenMissing) // a token that is wrong without any key gets its own reason
		time.Sleep(time.Hour)
		if n := strings.Count(r.logs.String(), "nobody can sign in"); n < 100 || n > 170 { // one each 22.5 to 30 s
			t.Errorf("%d attempts in an hour", n)
		}
		busy()
		r.idp.SetDown(false)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if err := r.Ready(); err != nil {
			t.Errorf("Ready = %v", err)
		}
		r.identity(t, good(nil), "")
		r.stop()
		if !strings.Contains(r.logs.String(), "people can sign in") {
			t.Error("the log doesn't say so")
		}
	})
}

func TestFirstRetriesComeSoon(t *testing.T) {
	bubble(t, func(_ *auth.Config, i *authtest.Issuer) { i.Says(pathConfig, status(503, "")) }, func(t *testing.T, r *rig) {
		for _, at := range []struct {
			after time.Duration
			most  int
			least int
		}{{0, 1, 1}, {time.Second, 2, 2}, {2 * time.Second, 3, 3}, {4 * time.Second, 5, 4}} {
			time.Sleep(at.after)
			synctest.Wait()
			if n := r.idp.Count(pathConfig); n < at.least || n > at.most {
				t.Errorf("%d attempts after %v more, want %d to %d", n, at.after, at.least, at.most)
			}
		}
	})
}

func TestReadyBeforeRun(t *testing.T) {
	v, err := auth.NewVerifier(auth.Config{Issuer: issuer, ClientIDs: []string{client}, Audience: audience}, authtest.NewIssuer(), newRegistry(), discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Ready(); err == nil || !strings.Contains(err.Error(), "being loaded") {
		t.Errorf("Ready = %v", err)
	}
}

// TestBadKeySets is attack 26 of docs/attacks.md: the verifier takes none of these, whether or not it had keys before.
func TestBadKeySets(t *testing.T) {
	many := make([]object, 21)
	for i := range many {
		many[i] = with(jwk("k1", key1()), object{"kid": fmt.Sprint("k", i)})
	}
	keys := func(list []object) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, object{"keys": list}) }
	}
	for _, tt := range []struct {
		name string
		says http.HandlerFunc
	}{
		{"500", status(500, `{"keys":[]}`)},
		{"204", status(204, "")},
		{"HTML", status(200, "<!doctype html><p>Maintenance")},
		{"10 MB", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"keys":[],"x":"` + strings.Repeat("x", 10<<20) + `"}`))
		}},
		{"256 KiB and a byte", func(w http.ResponseWriter, _ *http.Request) {
			b := must(jsonOf(object{"keys": []object{jwk("k1", key1())}}))
			_, _ = w.Write([]byte(b + strings.Repeat(" ", 256<<10-len(b)+1)))
		}},
		{"late", late(6*time.Second, keys([]object{jwk("k1", key1())}))},
		{"empty object", status(200, `{}`)},
		{"no keys", status(200, `{"keys":[]}`)},
		{"21 keys", keys(many)},
		{"a redirect to another host", redirect("https://evil.example/good")},
		{"a redirect to another port", redirect("https://id.example:444/good")},
		{"a redirect to http", redirect("http://id.example/good")},
		{"redirects without end", redirect(issuer + "/v1/keys")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			setup := func(_ *auth.Config, i *authtest.Issuer) {
				i.Says(pathKeys, tt.says)
				i.Says("/good", keys([]object{jwk("k1", key1())})) // at this path, every host has good keys
			}
			bubble(t, setup, func(t *testing.T, r *rig) {
				time.Sleep(time.Minute)
				if e := r.refusal(t, good(nil)); e.Code != wire.CodeBusy {
					t.Errorf("refused as %v, want busy", e)
				}
				if r.Ready() == nil {
					t.Error("it is ready")
				}
				r.idp.Says(pathKeys, nil)
				time.Sleep(time.Minute)
				r.identity(t, good(nil), "")
			})
			bubble(t, func(_ *auth.Config, i *authtest.Issuer) { i.MaxAge = "max-age=300" }, func(t *testing.T, r *rig) {
				r.idp.Says(pathKeys, tt.says)
				time.Sleep(10 * time.Minute)
				r.identity(t, good(nil), "") // the old keys are still used
				if err := r.Ready(); err != nil {
					t.Errorf("Ready = %v", err)
				}
			})
		})
	}
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

func TestKeysOutliveTheirIssuerByADay(t *testing.T) {
	bubble(t, func(_ *auth.Config, i *authtest.Issuer) { i.MaxAge = "max-age=86400" }, func(t *testing.T, r *rig) {
		r.idp.SetDown(true)
		// a day in which the keys are fresh, and a day in which they are not
		time.Sleep(48*time.Hour - time.Minute)
		if n := strings.Count(r.logs.String(), "using those that are known"); n < 24*60 || n > 24*80 { // one each 45 to 60 s
			t.Errorf("%d attempts in a day", n)
		}
		r.identity(t, good(nil), "")
		time.Sleep(2 * time.Minute)
		if e := r.refusal(t, good(nil)); e.Code != wire.CodeBusy {
			t.Errorf("refused as %v, want busy", e)
		}
		if r.Ready() == nil {
			t.Error("it is ready")
		}
		r.idp.SetDown(false)
		time.Sleep(time.Minute)
		r.identity(t, good(nil), "")
	})
}

// TestFailedRefetchKeepsTheSchedule: fetches that strangers cause make no more requests when they fail than when they
// succeed.
func TestFailedRefetchKeepsTheSchedule(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		before := r.idp.Count(pathKeys)
		r.idp.Says(pathKeys, status(500, ""))
		for i := range 300 {
			e := r.want(t, strange(fmt.Sprint("x", i)), wire.ReasonTokenKeyUnknown)
			if e.Retry > 30*time.Second {
				t.Errorf("retry in %v, though nobody knows that the kid is not there", e.Retry)
			}
			r.identity(t, good(nil), "")
			time.Sleep(time.Second)
		}
		if n := r.idp.Count(pathKeys) - before; n != 10 {
			t.Errorf("%d requests in 5 minutes, want 10", n)
		}
	})
}

// TestUnknownKidsPutNoRefreshOff: a client that sends unknown kids all the time does not keep the server from learning where
// the keys are now.
func TestUnknownKidsPutNoRefreshOff(t *testing.T) {
	key2()
	bubble(t, nil, func(t *testing.T, r *rig) {
		r.idp.Says(pathConfig, func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, with(r.idp.Config(), object{"jwks_uri": issuer + "/v2/keys"}))
		})
		r.idp.Says("/oauth2/default/v2/keys", func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, object{"keys": []object{jwk("k2", key2())}})
		})
		for i := range 25 * 6 {
			r.refusal(t, strange(fmt.Sprint("x", i)))
			time.Sleep(10 * time.Minute)
		}
		r.identity(t, signed("k2", key2()), "")
		r.want(t, signed("k1", key1()), wire.ReasonTokenKeyUnknown)
	})
	bubble(t, nil, func(t *testing.T, r *rig) { // but the keys that such a fetch brings are used
		r.idp.Says(pathKeys, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "max-age=600")
			writeJSON(w, object{"keys": []object{jwk("k1", key1())}})
		})
		r.want(t, strange("x"), wire.ReasonTokenKeyUnknown)
		before := r.idp.Count(pathKeys)
		time.Sleep(10*time.Minute + time.Second)
		if n := r.idp.Count(pathKeys) - before; n != 1 {
			t.Errorf("%d refreshes after as long as the keys are fresh, want 1", n)
		}
	})
}

// TestSlowRefetchHoldsNobodyUpForLong: the token is refused once the request for the keys has timed out.
func TestSlowRefetchHoldsNobodyUpForLong(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		r.idp.Says(pathKeys, late(time.Hour, status(200, "")))
		began := time.Now()
		r.want(t, signed("x", key2()), wire.ReasonTokenKeyUnknown)
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("it took %v, want the 5 s of a request", took)
		}
	})
}

// TestRefetchBehindARefresh: a token waits for a fetch that begins only after a refresh. It waits for 6 s in all.
func TestRefetchBehindARefresh(t *testing.T) {
	bubble(t, func(_ *auth.Config, i *authtest.Issuer) { i.MaxAge = "no-store" }, func(t *testing.T, r *rig) {
		r.idp.Says(pathKeys, late(time.Hour, status(200, "")))
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		began := time.Now()
		r.want(t, strange("x"), wire.ReasonTokenKeyUnknown)
		if took := time.Since(began); took != 6*time.Second {
			t.Errorf("it took %v, want 6 s", took)
		}
	})
}

func TestRedirectsWithinTheHost(t *testing.T) {
	for _, tt := range []struct {
		n  int
		ok bool
	}{{1, true}, {3, true}, {4, false}} {
		setup := func(_ *auth.Config, i *authtest.Issuer) {
			i.Says(pathKeys, redirect(fmt.Sprintf("/hop/%d", tt.n-1)))
			for hop := range tt.n {
				i.Says(fmt.Sprintf("/hop/%d", hop), redirect(fmt.Sprintf("/hop/%d", hop-1)))
			}
			i.Says("/hop/0", func(w http.ResponseWriter, _ *http.Request) {
				writeJSON(w, object{"keys": []object{jwk("k1", key1())}})
			})
		}
		bubble(t, setup, func(t *testing.T, r *rig) {
			if err := r.Ready(); (err == nil) != tt.ok {
				t.Errorf("after %d redirects Ready = %v", tt.n, err)
			}
		})
	}
}

func TestUnusableKeys(t *testing.T) {
	short := object{"kty": "RSA", "kid": "k1", "e": "AQAB", "n": encode(append([]byte{0xC1}, make([]byte, 63)...))} // 512 bits
	huge := object{"kty": "RSA", "kid": "k1", "e": "AQAB", "n": encode(append([]byte{0xC1}, make([]byte, 1024)...))}
	for _, tt := range []struct {
		name string
		keys []object
		alg  string
		key  any
	}{
		{"for encryption", []object{with(jwk("k1", key1()), object{"use": "enc"})}, "RS256", key1()},
		{"512 bits", []object{short}, "RS256", key1()},
		{"1024 bits", []object{jwk("k1", key1024())}, "RS256", key1024()},
		{"8200 bits", []object{huge}, "RS256", key1()},
		{"two with one kid", []object{jwk("k1", key1()), jwk("k1", key2())}, "RS256", key1()},
		{"three with one kid", []object{jwk("k1", key1()), jwk("k1", key2()), jwk("k1", key1())}, "RS256", key1()},
		{"for another algorithm", []object{with(jwk("k1", key1()), object{"alg": "PS256"})}, "RS256", key1()},
		{"another type, EC for RS256", []object{jwk("k1", keyEC())}, "RS256", key1()},
		{"another type, RSA for ES256", []object{jwk("k1", key1())}, "ES256", keyEC()},
		{"another type, Ed25519 for ES256", []object{jwk("k1", keyEd())}, "ES256", keyEC()},
		{"another curve", []object{jwk("k1", keyP384())}, "ES256", keyEC()},
		{"shared secret", []object{{"kty": "oct", "kid": "k1", "k": "c2VjcmV0"}}, "RS256", key1()},
		{"private", []object{with(jwk("k1", keyEd()), object{"d": encode(make([]byte, 32))})}, "EdDSA", keyEd()},
		{"of a type that nobody knows", []object{{"kty": "AKP", "kid": "k1"}}, "RS256", key1()},
		{"without its modulus", []object{{"kty": "RSA", "kid": "k1", "e": "AQAB"}}, "RS256", key1()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			setup := func(c *auth.Config, i *authtest.Issuer) {
				c.Algs = []string{"RS256", "ES256", "EdDSA"}
				i.Publish(append(tt.keys, jwk("good", key2()))...)
			}
			bubble(t, setup, func(t *testing.T, r *rig) {
				e := r.want(t, sign(header(object{"alg": tt.alg}), claims(nil), tt.key), wire.ReasonTokenKeyUnknown)
				if e.Next != wire.NextNever {
					t.Errorf("next %q, want never: the key is known", e.Next)
				}
				r.identity(t, signed("good", key2()), "") // the other keys still work
				if n := r.idp.Count(pathKeys); n != 1 {
					t.Errorf("%d fetches, want 1", n)
				}
			})
		})
	}
}

func TestTokenWithoutKid(t *testing.T) {
	for _, tt := range []struct {
		name string
		keys []object
		ok   bool
	}{
		{"one key", []object{jwk("k1", key1())}, true},
		{"one key without kid", []object{with(jwk("k1", key1()), object{"kid": nil})}, true},
		{"another that doesn't fit", []object{jwk("k1", key1()), jwk("e", keyEC()), with(jwk("k2", key2()), object{"use": "enc"})}, true},
		{"two that fit", []object{jwk("k1", key1()), jwk("k2", key2())}, false},
		{"none that fits", []object{jwk("e", keyEC())}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(c *auth.Config, i *authtest.Issuer) { c.KidOptional = true; i.Publish(tt.keys...) }, func(t *testing.T, r *rig) {
				token := sign(header(object{"kid": nil}), claims(nil), key1())
				if tt.ok {
					r.identity(t, token, "")
				} else {
					r.want(t, token, wire.ReasonTokenKeyUnknown)
				}
			})
		})
	}
}

func TestTwentyKeys(t *testing.T) {
	keys := make([]object, 20)
	for i := range keys {
		keys[i] = with(jwk("k1", key1()), object{"kid": fmt.Sprint("k", i)})
	}
	bubble(t, func(_ *auth.Config, i *authtest.Issuer) { i.Publish(keys...) }, func(t *testing.T, r *rig) { r.identity(t, signed("k19", key1()), "") })
}

func TestRefreshFollowsCacheControl(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header http.Header
		want   time.Duration
	}{
		{"nothing", http.Header{}, 5 * time.Minute},
		{"short", http.Header{"Cache-Control": {"max-age=10"}}, 5 * time.Minute},
		{"an hour", http.Header{"Cache-Control": {"public, Max-Age=3600"}}, time.Hour},
		{"quoted", http.Header{"Cache-Control": {`max-age="3600"`}}, time.Hour},
		{"two headers", http.Header{"Cache-Control": {"public", "max-age=3600"}}, time.Hour},
		{"old already", http.Header{"Cache-Control": {"max-age=3600"}, "Age": {"1200"}}, 40 * time.Minute},
		{"long", http.Header{"Cache-Control": {"max-age=31536000"}}, 24 * time.Hour},
		{"endless", http.Header{"Cache-Control": {"max-age=99999999999999999999"}}, 24 * time.Hour},
		{"negative", http.Header{"Cache-Control": {"max-age=-1"}}, 5 * time.Minute},
		{"nonsense", http.Header{"Cache-Control": {"max-age=soon"}}, 5 * time.Minute},
		{"no-store", http.Header{"Cache-Control": {"no-store, max-age=3600"}}, 5 * time.Minute},
		{"no-cache", http.Header{"Cache-Control": {"max-age=3600", "no-cache"}}, 5 * time.Minute},
	} {
		if got := auth.Freshness(tt.header); got != tt.want {
			t.Errorf("%s: fresh for %v, want %v", tt.name, got, tt.want)
		}
	}
	bubble(t, func(_ *auth.Config, i *authtest.Issuer) { i.MaxAge = "max-age=3600" }, func(t *testing.T, r *rig) {
		time.Sleep(10*time.Hour + time.Minute)
		if keys, configs := r.idp.Count(pathKeys), r.idp.Count(pathConfig); keys != 11 || configs != 11 {
			t.Errorf("keys fetched %d and configuration %d times in ten hours, want 11", keys, configs)
		}
	})
}

func TestDiscovery(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change object
		why    string // empty: the configuration is accepted
	}{
		{"good", nil, ""},
		{"without what only clients need", object{"token_endpoint": nil, "end_session_endpoint": nil}, ""},
		{"on this machine", object{"token_endpoint": "http://127.0.0.1:4000/token"}, ""},
		{"other issuer", object{"issuer": issuer + "/"}, "did not match"},
		{"no keys", object{"jwks_uri": nil}, "jwks_uri"},
		{"keys over http", object{"jwks_uri": "http://id.example/keys"}, "jwks_uri"},
		{"tokens over http", object{"token_endpoint": "http://id.example/token"}, "token_endpoint"},
		{"a script", object{"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"},
		{"a host that would end a policy", object{"userinfo_endpoint": "https://id.example; script-src *"}, "userinfo_endpoint"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			setup := func(_ *auth.Config, i *authtest.Issuer) {
				i.Says(pathConfig, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, with(i.Config(), tt.change)) })
			}
			bubble(t, setup, func(t *testing.T, r *rig) {
				err := r.Ready()
				if (err == nil) != (tt.why == "") || err != nil && !strings.Contains(err.Error(), tt.why) {
					t.Errorf("Ready = %v, want %q", err, tt.why)
				}
			})
		})
	}
	t.Run("long nonsense", func(t *testing.T) {
		bubble(t, func(_ *auth.Config, i *authtest.Issuer) {
			i.Says(pathConfig, status(500, strings.Repeat("x", 100_000)))
		}, func(t *testing.T, r *rig) {
			if err := r.Ready(); err == nil || len(err.Error()) > 500 {
				t.Errorf("Ready = %.600v", err)
			}
		})
	})
	t.Run("gone later", func(t *testing.T) { // the keys are still fetched from the old address
		bubble(t, func(_ *auth.Config, i *authtest.Issuer) { i.MaxAge = "" }, func(t *testing.T, r *rig) {
			key2()
			r.idp.Says(pathConfig, status(404, ""))
			r.idp.Publish(jwk("k2", key2()))
			time.Sleep(5 * time.Minute)
			synctest.Wait()
			r.identity(t, signed("k2", key2()), "")
		})
	})
}

func TestEndpoints(t *testing.T) {
	setup := func(_ *auth.Config, i *authtest.Issuer) {
		i.Says(pathConfig, func(w http.ResponseWriter, _ *http.Request) {
			const people, keys = "https://people.example/y", "https://keys.example/z"
			writeJSON(w, with(i.Config(), object{"token_endpoint": "https://tokens.example:8443/x", "userinfo_endpoint": "https://info.example/u", "jwks_uri": keys,
				"authorization_endpoint": people, "end_session_endpoint": people, "revocation_endpoint": nil}))
		})
		i.Says("/z", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, object{"keys": i.Keys()}) })
	}
	bubble(t, setup, func(t *testing.T, r *rig) { // the issuer has its configuration alone, which browsers load too; userinfo they don't
		want := []string{"https://id.example", "https://keys.example", "https://people.example", "https://tokens.example:8443"}
		if got := r.Endpoints(); !slices.Equal(got, want) {
			t.Errorf("Endpoints = %q, want %q", got, want)
		}
	})
}

// startReal runs a verifier over a real socket to its issuer, until the test ends.
func startReal(t *testing.T, setup func(*auth.Config, *authtest.Issuer)) *rig {
	t.Helper()
	i := authtest.NewIssuer()
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	i.Base = server.URL + "/oauth2/default"
	cfg := auth.Config{Issuer: i.Base, ClientIDs: []string{client}, Audience: audience}
	if setup != nil {
		setup(&cfg, i)
	}
	ready := &watcher{text: "people can sign in", seen: make(chan struct{})}
	r := startNew(t, cfg, ready)
	r.idp, r.ready = i, ready
	return r
}

// TestOverRealSockets: load, rotate, lose and find the issuer again, and let it redirect.
func TestOverRealSockets(t *testing.T) {
	var leaked atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		leaked.Add(1)
		writeJSON(w, object{"keys": []object{jwk("k2", key2())}})
	}))
	defer other.Close()
	r := startReal(t, func(_ *auth.Config, i *authtest.Issuer) { i.Says(pathConfig, status(503, "later")) })
	if e := r.refusal(t, good(nil)); e.Code != wire.CodeBusy {
		t.Fatalf("refused as %v, want busy", e)
	}
	r.idp.Says(pathConfig, nil)
	r.ready.wait(t)
	token := func(kid string, key crypto.Signer) string {
		return sign(header(object{"kid": kid}), claims(object{"iss": r.idp.Base}), key)
	}
	r.identity(t, token("k1", key1()), "")
	r.idp.Says(pathKeys, redirect(other.URL))
	r.want(t, token("k2", key2()), wire.ReasonTokenKeyUnknown)
	if leaked.Load() > 0 {
		t.Error("the keys were asked of another host")
	}
	r.identity(t, token("k1", key1()), "")
}

// TestLongHeadersAreRefused: a header that is too long is refused before it takes much memory.
func TestLongHeadersAreRefused(t *testing.T) {
	asked := make(chan struct{}, 100)
	r := startReal(t, func(_ *auth.Config, i *authtest.Issuer) {
		i.Says(pathKeys, func(w http.ResponseWriter, _ *http.Request) {
			asked <- struct{}{}
			w.Header().Set("X", strings.Repeat("x", 80<<10))
			writeJSON(w, object{"keys": []object{jwk("k1", key1())}})
		})
	})
	for range 2 { // a second time, because the first answer must not have been accepted
		select {
		case <-asked:
		case <-time.After(testTimeout):
			t.Fatal("the keys are not asked for again")
		}
	}
	if r.Ready() == nil {
		t.Error("it is ready")
	}
}

// TestUnknownKeysThatAreWrong: a token whose key may still come does not count as wrong.
func TestUnknownKeysThatAreWrong(t *testing.T) {
	setup := func(_ *auth.Config, i *authtest.Issuer) {
		i.Publish(jwk("k1", key1()), with(jwk("enc", key2()), object{"use": "enc"}))
	}
	bubble(t, setup, func(t *testing.T, r *rig) {
		for _, tt := range []struct {
			kid   any
			wrong bool
		}{{"new", false}, {"new", false}, {"newer", false}, {nil, true}, {"enc", true}, {strings.Repeat("k", 256), true}} {
			e := r.want(t, sign(header(object{"kid": tt.kid}), claims(nil), key2()), wire.ReasonTokenKeyUnknown)
			if e.Wrong != tt.wrong {
				t.Errorf("kid %.20v: wrong %v, want %v", tt.kid, e.Wrong, tt.wrong)
			}
		}
	})
}
