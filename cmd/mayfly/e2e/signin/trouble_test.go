package signin_test

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/server/devidp"
)

const (
	cancelled   = "Sign-in was cancelled."
	notAssigned = "Your organisation has not given you access to Mayfly."
	setup       = "Mayfly is not set up correctly."
	unverified  = "Sign-in could not be verified, nothing was stored."
	unreachable = "Mayfly cannot reach the sign-in service."
	notAllowed  = "You are signed in, but not allowed here."
	signedOut   = "You were signed out."
)

// TestEachTroubleHasASentenceAndAWayOut causes one problem after the other. It presses the button of each problem, and at
// the end signs in.
func TestEachTroubleHasASentenceAndAWayOut(t *testing.T) {
	t.Parallel()
	server := rig.Dev(t)
	tab := rig.OpenBrowser(t).Tab(server.URL + "/r/tea").Ready()
	idToken := func(do devidp.Kind) devidp.Faults {
		return at(devidp.Tokens, devidp.Fault{Do: do, Token: devidp.IDToken})
	}
	exit := "Sign in"
	for _, tt := range []struct {
		name     string
		faults   devidp.Faults
		form     string // the button to press in the provider's form; "": the form is not shown
		sentence string
		detail   string // is a part of the detail that the page shows
		button   string
		tokens   int // the most requests for tokens
	}{
		{"cancelled", devidp.Faults{}, "Cancel", cancelled, "", "Sign in", 0},
		{"a policy wants it", at(devidp.Authorize, devidp.Fault{Do: devidp.Deny}), "", notAssigned, "policy", "Dismiss", 0},
		{"another issuer answers", at(devidp.Authorize, devidp.Fault{Do: devidp.WrongIssuer}), "Ada", setup, "/other", "Dismiss", 0},
		{"another issuer describes itself", at(devidp.Discovery, devidp.Fault{Do: devidp.WrongIssuer}), "", setup, "/other", "Dismiss", 0},
		{"nobody describes himself", at(devidp.Discovery, devidp.Fault{Do: devidp.Drop}), "", unreachable, "chat: no-discovery", "Try again", 0},
		{"tokens: 500", at(devidp.Tokens, devidp.Fault{Do: devidp.Refuse}), "Ada", unreachable, "chat: busy", "Try again", 1},
		{"tokens: 429", at(devidp.Tokens, devidp.Fault{Do: devidp.Refuse, Status: 429, RetryAfter: 60}), "Ada", unreachable, "chat: busy", "Try again", 1},
		{"tokens: no answer", at(devidp.Tokens, devidp.Fault{Do: devidp.Drop}), "Ada", unreachable, "chat: no-tokens", "Try again", 7}, // by the browser: one on each connection that it has
		{"tokens: an answer that is lost", at(devidp.Tokens, devidp.Fault{Do: devidp.Lose}), "Ada", unreachable, "chat: no-tokens", "Try again", 1},
		{"tokens: half an answer", at(devidp.Tokens, devidp.Fault{Do: devidp.Truncate}), "Ada", unreachable, "chat: no-tokens", "Try again", 1},
		{"no keys", at(devidp.JWKS, devidp.Fault{Do: devidp.Drop}), "Ada", unreachable, "chat: no-keys", "Try again", 1},
		{"ID token: nonce", idToken(devidp.WrongNonce), "Ada", unverified, "answers another sign-in", "Sign in again", 1},
		{"ID token: audience", idToken(devidp.WrongAudience), "Ada", unverified, "another client", "Sign in again", 1},
		{"ID token: client", idToken(devidp.WrongClient), "Ada", unverified, "another client", "Sign in again", 1},
		{"ID token: issuer", idToken(devidp.WrongIssuer), "Ada", unverified, "another issuer", "Sign in again", 1},
		{"ID token: signature", idToken(devidp.OtherKey), "Ada", unverified, "not well signed", "Sign in again", 1},
		{"access token: audience", at(devidp.Tokens, devidp.Fault{Do: devidp.WrongAudience}), "Ada", signedOut, "made for something else", "Sign in again", 1},
		{"access token: ended", at(devidp.Tokens, devidp.Fault{Do: devidp.Expired}), "Ada", signedOut, "expired", "Sign in again", 3},
		{"access token: client", at(devidp.Tokens, devidp.Fault{Do: devidp.WrongClient}), "Ada", notAllowed, "another app", "Sign out", 1},
	} {
		ok := t.Run(tt.name, func(t *testing.T) {
			tab.Do(chromedp.Evaluate[chromedp.Void](`sessionStorage.removeItem('mayfly.tries'); localStorage.removeItem('mayfly.provider')`))
			asked := server.Calls()[devidp.Tokens]
			server.SetFaults(tt.faults)
			tab.Click("button", exit)
			if tt.form != "" {
				tab.Click("button", tt.form)
			}
			troubled(tab, tt.sentence, tt.button)
			if detail := rig.Eval[string](tab, trouble+`.querySelector('.trouble-detail').innerText`); !strings.Contains(detail, tt.detail) || tt.detail == "" && detail != "" {
				t.Errorf("the detail is %q, want %q in it", detail, tt.detail)
			}
			if at := rig.Eval[string](tab, `location.href`); at != server.URL+"/r/tea" {
				t.Errorf("the address is %s", at)
			}
			if n := server.Calls()[devidp.Tokens] - asked; n > tt.tokens {
				t.Errorf("%d requests for tokens, want %d at most", n, tt.tokens)
			}
			if kept := rig.Eval[bool](tab, `'mayfly.session' in localStorage`); kept != (tt.sentence == notAllowed) {
				t.Errorf("a sign-in is kept: %t", kept)
			}
			exit = tt.button
			if exit == "Dismiss" {
				tab.Click("button", exit)
				tab.Until(`!` + trouble)
				exit = "Sign in"
			}
		})
		if !ok {
			return
		}
	}
	server.SetFaults(devidp.Faults{})
	tab.Do(chromedp.Evaluate[chromedp.Void](`window.here = true`))
	tab.Click("button", "Sign out")
	tab.Until(`!window.here`) // the tab has left the page for the provider and come back
	header(tab.Ready(), "not signed in")
	if at := rig.Eval[string](tab, `location.href`); at != server.URL+"/r/tea" {
		t.Errorf("after signing out the address is %s, want the room that she was in", at)
	}
	tab.SignIn("Ada Lovelace")
	if left := rig.Eval[string](tab, trouble+`?.innerText ?? ''`); left != "" {
		t.Errorf("there is trouble although she is signed in: %s", left)
	}

	server.SetFaults(devidp.Faults{Faults: []devidp.Fault{{Do: devidp.Drop}}})
	tab.Click("button", "Sign out")
	troubled(tab, "You are signed out here, but the sign-in service may still know you.", "Dismiss")
	header(tab, "not signed in")

	server.SetFaults(devidp.Faults{})
	tab.Do(chromedp.Evaluate[chromedp.Void](`sessionStorage.clear(); localStorage.clear()`))
	hostileWords(t, server, tab)
}

// hostileWords lets the provider describe an error in HTML. The page shows it as text.
func hostileWords(t *testing.T, server *rig.Server, tab *rig.Tab) {
	const hostile = `<img src=x onerror="document.title='taken'"><a href="https://evil.example">call us</a>`
	tab.Click("button", "Sign in")
	tab.Until(fmt.Sprintf(`location.origin === %q`, server.Provider))
	tab.Do(chromedp.Navigate(server.URL + "/config.json"))
	state := rig.Eval[string](tab, `Object.keys(localStorage).find(k => k.startsWith('mayfly.tx.')).slice('mayfly.tx.'.length)`)
	tab.Do(chromedp.Navigate(server.URL + "/login/callback?" + url.Values{
		"state": {state}, "iss": {server.Provider}, "error": {"invalid_scope"}, "error_description": {hostile}}.Encode()))
	troubled(tab, setup, "Dismiss")
	if detail := rig.Eval[string](tab, trouble+`.querySelector('.trouble-detail').textContent`); detail != "invalid_scope "+hostile {
		t.Errorf("the detail is %s", detail)
	}
	if n := rig.Eval[int](tab, trouble+`.querySelectorAll('img, a').length`); n != 0 {
		t.Error("the provider's words have become elements")
	}
}

// TestWrongClock signs in on devices whose clock is a day off.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	server := rig.Dev(t)
	b := rig.OpenBrowser(t)
	for off, words := range map[time.Duration]string{24 * time.Hour: "ahead", -24 * time.Hour: "behind"} {
		tab := b.Tab("")
		seen := watchSockets(t, tab)
		tab.BeforeScripts(fmt.Sprintf(`Date = class extends Date {
			constructor(...of) { of.length ? super(...of) : super(Date.now()) }
			static now() { return super.now() + %d }
		}`, off.Milliseconds()))
		tab.Do(chromedp.Navigate(server.URL))
		server.SetFaults(brief())
		tab.SignIn("Ada Lovelace")
		seen.renewed(t, 0, 1)
		server.SetFaults(devidp.Faults{})
		tab.Until(fmt.Sprintf(`/This device's clock is 2[34] hours.* %s\./.test(document.body.innerText)`, words))
		header(tab, "Signed in as Ada Lovelace")
	}
}

// countdown is the header's text for the connection, with the seconds. Screen readers don't read these, so they have no
// role.
const countdown = `document.querySelector('.status-words')?.innerText`

// TestServerWithoutKeys: the server has been started again, so it does not have the provider's keys, and cannot get them.
func TestServerWithoutKeys(t *testing.T) {
	t.Parallel()
	addr := rig.FreeAddr(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	at := "http://localhost:" + port
	dev := rig.Dev(t, "-origins", at)
	server := rig.Serve(t, "-issuer", dev.Provider, "-client-id", "mayfly-dev", "-public-url", at)
	rig.NewProxy(t, addr, server.Addr())
	tab := rig.OpenBrowser(t).Tab(at).Ready()
	tab.SignIn("Ada Lovelace")
	server.Kill()
	dev.SetFaults(devidp.Faults{Faults: []devidp.Fault{{At: devidp.JWKS, Do: devidp.Drop}}})
	server.Start()
	tab.Until(`/Reconnecting in [5-9] s/.test(` + countdown + `)`) // the server has asked for a wait of 5 to 10 s
	header(tab, "Signed in as Ada Lovelace")
	dev.SetFaults(devidp.Faults{})
	signedIn(tab, "Ada Lovelace")
}
