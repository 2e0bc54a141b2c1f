package signin_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/server/devidp"
)

const expired = "This sign-in link has expired."

// TestTheWayBackIsGoodOnce uses the address to which a user comes back from the provider again, and in other places.
func TestTheWayBackIsGoodOnce(t *testing.T) {
	t.Parallel()
	server := rig.Dev(t)
	browser := rig.OpenBrowser(t)
	grace := browser.Tab("")
	grace.BeforeScripts(`if (location.pathname === '/login/callback' && !sessionStorage.late) delete window.WebAssembly`) // the page never starts
	grace.Do(chromedp.Navigate(server.URL + "/r/tea"))
	grace.Click("button", "Sign in")
	grace.Click("button", "Grace Hopper")
	grace.Until(`location.search.includes('code=')`)
	address := rig.Eval[string](grace, `location.href`)

	victim := browser.Tab(server.URL).Ready()
	calls := server.Calls()[devidp.Tokens]
	for _, wrong := range []string{address, server.URL + "/login/callback?code=x", address + "&state=x"} {
		victim.Do(chromedp.Navigate(wrong))
		header(victim, expired)
		header(victim, "not signed in")
		if got := rig.Eval[string](victim, `location.href`); got != server.URL+"/" {
			t.Errorf("the address is %s", got)
		}
	}
	if n := server.Calls()[devidp.Tokens]; n != calls {
		t.Errorf("the provider was asked for tokens %d times", n-calls)
	}
	victim.Click("button", "Sign in again")
	victim.Click("button", "Ada Lovelace")
	signedIn(victim, "Ada Lovelace")

	// for this user the address is still good
	grace.Do(chromedp.Evaluate[chromedp.Void](`sessionStorage.late = true`), chromedp.Reload())
	signedIn(grace, "Grace Hopper")
	calls = server.Calls()[devidp.Tokens]
	at := func(path string) {
		t.Helper()
		grace.Until(`location.href === '` + server.URL + path + `'`)
		signedIn(grace, "Grace Hopper")
	}
	at("/r/tea")
	grace.Do(chromedp.Navigate(address))
	at("/")
	grace.Do(chromedp.Navigate(server.URL + "/login/callback"))
	at("/")
	grace.Do(chromedp.Evaluate[chromedp.Void](`history.go(-2)`))
	at("/r/tea")
	grace.Do(chromedp.Reload())
	at("/r/tea")
	if rig.Eval[bool](grace, `document.body.innerText.includes('`+expired+`')`) {
		t.Error("she is told that something is wrong")
	}
	if n := server.Calls()[devidp.Tokens] - calls; n > 4 { // each page may renew once
		t.Errorf("the provider was asked for tokens %d times", n)
	}
}

func TestTwoTabsSignInCrosswise(t *testing.T) {
	t.Parallel()
	server := rig.Dev(t)
	one := rig.OpenBrowser(t).Tab(server.URL + "/r/one").Ready()
	two := one.Sibling(server.URL + "/r/two").Ready()
	for _, tab := range []*rig.Tab{one, two} {
		tab.Click("button", "Sign in")
		tab.Until(`location.origin === '` + server.Provider + `'`)
	}
	for _, at := range []struct {
		tab  *rig.Tab
		room string
	}{{two, "/r/two"}, {one, "/r/one"}} {
		at.tab.Click("button", "Ada Lovelace")
		signedIn(at.tab, "Ada Lovelace")
		at.tab.Until(`location.href === '` + server.URL + at.room + `'`)
	}
	two.Say("still there")
	two.Shows("still there")
	one.Click("button", "Sign out")
	header(two, "ot signed in")
	header(one, "ot signed in")
}

// TestComesBackWhileTheServerIsGone: the user comes back from the provider while the server is down. The worker has the
// page, so the code is exchanged at once, before it is too old.
func TestComesBackWhileTheServerIsGone(t *testing.T) {
	t.Parallel()
	addr := rig.FreeAddr(t)
	at := "http://localhost" + addr[strings.LastIndexByte(addr, ':'):]
	server := rig.Dev(t, "-public-url", at)
	proxy := rig.NewProxy(t, addr, server.Addr())
	tab := rig.OpenBrowser(t).Tab(at + "/r/tea").Ready()
	rig.Eval[bool](tab, `navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller ? true : new Promise(done =>
		navigator.serviceWorker.addEventListener('controllerchange', () => done(true))))`)
	tab.Click("button", "Sign in")
	tab.Until(`location.origin === '` + server.Provider + `'`)
	proxy.Refuse(true)
	proxy.Cut()
	tab.Click("button", "Ada Lovelace")
	tab.Until(`location.href === '` + at + `/r/tea'`)
	header(tab, "igned in as Ada Lovelace")
	proxy.Refuse(false)
	signedIn(tab, "Ada Lovelace")
}

// TestStorageFailsWhileSigningIn takes away the storage of a page that signs in, like a browser that denies it, is full or
// was cleaned up.
func TestStorageFailsWhileSigningIn(t *testing.T) {
	t.Parallel()
	const help = "The browser blocks storage, and without it sign-in cannot work."
	server := rig.Dev(t)
	browser := rig.OpenBrowser(t)
	t.Run("denied", func(t *testing.T) {
		tab := browser.Tab("")
		tab.BeforeScripts(`for (const area of ['sessionStorage', 'localStorage', 'indexedDB'])
			Object.defineProperty(window, area, {configurable: true, get() { throw new DOMException('The operation is insecure.', 'SecurityError'); }})`)
		tab.Do(chromedp.Navigate(server.URL))
		tab.Ready()
		tab.Click("button", "Sign in")
		header(tab, help)
		header(tab, "not signed in")
		tab.Do(chromedp.Evaluate[chromedp.Void](rig.Composer + `.focus()`))
		tab.Say("I can write, though")
		tab.Shows("I can write, though")
	})
	t.Run("full", func(t *testing.T) {
		tab := browser.Tab(server.URL).Ready()
		rig.Eval[int](tab, `(() => {
			let n = 0;
			for (let size = 1 << 22; size > 0; size >>= 1)
				for (;;) try { localStorage.setItem(n, 'x'.repeat(size)); n++; } catch { break; }
			return n;
		})()`)
		tab.Click("button", "Sign in")
		header(tab, help)
		header(tab, "not signed in")
	})
	t.Run("no key can be kept", func(t *testing.T) {
		tab := browser.Tab("")
		tab.BeforeScripts(`IDBFactory.prototype.open = () => { throw new DOMException('Not here.', 'InvalidStateError'); }`)
		tab.Do(chromedp.Navigate(server.URL))
		tab.SignIn("Ada Lovelace") // the sign-in lasts as long as the page
		if rig.Eval[bool](tab, `'mayfly.session' in localStorage`) {
			t.Error("the sign-in is kept without a key")
		}
		tab.Do(chromedp.Reload())
		header(tab, "not signed in")
	})
	t.Run("damaged", func(t *testing.T) {
		tab := browser.Tab(server.URL)
		for _, damage := range []string{
			`localStorage['mayfly.session'] = localStorage['mayfly.session'].replace(/^..../, 'AAAA')`,
			`new Promise((done, failed) => Object.assign(indexedDB.deleteDatabase('mayfly'), {onsuccess: done, onerror: failed, onblocked: failed})).then(() => 'gone')`,
		} {
			tab.SignIn("Ada Lovelace")
			rig.Eval[string](tab, damage)
			tab.Do(chromedp.Reload())
			header(tab, "not signed in")
			tab.Ready()
			if rig.Eval[bool](tab, `'mayfly.session' in localStorage || !!`+rig.ByRole("alert", "")+`?.innerText`) {
				t.Errorf("after %s something is left, or is said", damage)
			}
		}
	})
}
