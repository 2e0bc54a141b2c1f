package signin_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"mayfly/app/browser"
	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/server/devidp"
	"mayfly/shared/wire"
)

// inGarden is JavaScript that is true if the list of rooms that the browser stores has the room called garden.
const inGarden = `(localStorage['` + browser.RoomsKey + `'] ?? '').includes('garden')`

func signedIn(tab *rig.Tab, person string) {
	tab.Until(rig.SignedIn(person))
	tab.Ready()
}

// header waits until the page's header contains words.
func header(tab *rig.Tab, words string) { tab.Until(says(words)) }

// says returns a JavaScript condition: the page's header contains words.
func says(words string) string {
	return fmt.Sprintf(`%s?.innerText.replace(/\s+/g, ' ').includes(%q) ?? false`, rig.ByRole("banner", ""), words)
}

// frugal is how long access tokens live where a connection may last for any time: the client renews a token after 6 to 10 s,
// so the server never gets more than the ten a minute that it takes on a connection. It takes each token for a minute after
// its end.
const frugal = 24 * time.Second

func TestSigningInAndOut(t *testing.T) {
	t.Parallel()
	server := rig.Dev(t, "-access-ttl", frugal.String())
	signInAndOut(t, server, newSpy(), server.Log)
}

// TestSigningInAndOutByIDToken does the same where the server takes ID tokens, which live as long as access tokens there.
func TestSigningInAndOutByIDToken(t *testing.T) {
	t.Parallel()
	server, spy := rig.Dev(t, "-token", "id", "-access-ttl", frugal.String()), newSpy()
	spy.oneToken = true
	signInAndOut(t, server, spy, server.Log)
}

// signInAndOut is a day of Ada's: she signs in, talks, opens the page again and in a second tab, stays for longer than a
// token lives and signs out, while a third person reads and the spy looks for tokens. logs returns what server and provider
// have logged.
func signInAndOut(t *testing.T, server *rig.Server, spy *spy, logs func() string) {
	room, browser := server.URL+"/r/tea", rig.OwnBrowser(t)
	ben := spy.tab(t, browser.Tab, room).Ready()
	ada := spy.tab(t, browser.Profile, room).Ready()
	header(ada, "not signed in")
	ada.Do(rig.Type("half writ"))
	ada.SignIn("Ada Lovelace")
	if got := rig.Eval[string](ada, `location.href`); got != room {
		t.Errorf("after signing in the address is %s, want the room that one came from", got)
	}
	ada.Until(rig.Composer + `.value === 'half writ'`)
	ada.Say("ten")
	showsFrom(ben, "half written", "Ada Lovelace")

	ada.Do(chromedp.Reload())
	signedIn(ada, "Ada Lovelace")
	second := spy.tab(t, ada.Sibling, room)
	signedIn(second, "Ada Lovelace")
	ben.Say("who is there?")
	second.Say("from the second tab")
	showsFrom(ben, "from the second tab", "Ada Lovelace")
	before := spy.count(accessToken)
	spy.until(t, "renewed", func() bool { return len(spy.secrets[accessToken]) > before })
	if !rig.Eval[bool](second, `'mayfly.session' in localStorage`) {
		t.Error("nothing is kept of the sign-in")
	}
	spy.look(t, ada)
	spy.look(t, second)

	// a connection of the same sign-in, without a page that another tab could tell of the sign-out
	other := rig.Dial(t, server)
	other.Send(spy.lastHello())
	if w := rig.Next[wire.Welcome](other); w.User.Name != "Ada Lovelace" {
		t.Errorf("her third connection is %q", w.User.Name)
	}
	for _, tab := range []*rig.Tab{ada, second} {
		tab.Do(rig.Type("of no use to whoever comes next"))
	}
	ada.Sibling(server.URL + "/r/garden").Ready().Close()
	ada.Until(inGarden)
	ada.Until(rig.Device + `.then(kept => Object.values(kept).length === 2)`)
	closed := closing(t, second)
	ada.Click("button", "Sign out")
	if bye, _ := other.ReadToEnd(); !revoked(bye) {
		t.Errorf("her third connection ended with %+v", bye)
	}
	for _, tab := range []*rig.Tab{second, ada} {
		header(tab, "ot signed in")
		tab.Until(rig.Composer + `.value === ''`)
	}
	ada.Until(rig.Device + `.then(kept => Object.values(kept).length === 0)`)
	ada.Until(`!(` + inGarden + `)`)
	select {
	case <-closed:
	case <-time.After(rig.Timeout):
		t.Error("the second tab's connection goes on")
	}
	again := rig.Dial(t, server)
	again.Send(spy.lastHello())
	if bye, _ := again.ReadToEnd(); !revoked(bye) {
		t.Errorf("with her token of before one gets %+v", bye)
	}

	later := spy.tab(t, ada.Sibling, room).Ready()
	header(later, "not signed in")
	later.Say("who am I?")
	showsFrom(ben, "who am I?", " (guest)")
	for _, tab := range []*rig.Tab{ada, second, later, ben} {
		spy.look(t, tab)
		for _, fault := range tab.Faults() {
			t.Error(fault)
		}
	}
	browser.Close()
	spy.read(t, browser.Dir)
	log := logs()
	spy.note("the log", log)
	spy.search(t)
	if strings.Contains(log, "panic") {
		t.Error("the log tells of a panic")
	}
}

// TestTheWayBackFromSigningOut signs out in a room that was entered after the page was loaded, with a provider that leads
// back, with one whose page the user leaves by the back button, and with one that leads back without a state.
func TestTheWayBackFromSigningOut(t *testing.T) {
	t.Parallel()
	const onlyHere = `(document.body?.innerText ?? '').includes('the sign-in service may still know you')`
	server := rig.Dev(t)
	tab := rig.WholeBrowser(t).Tab(server.URL).Ready()
	at := func(path string) {
		t.Helper()
		tab.Until(`location.href === ` + strconv.Quote(server.URL+path) + ` && (` + says("ot signed in") + `)`)
		tab.Ready()
	}
	signOut := func(f devidp.Faults) {
		t.Helper()
		server.SetFaults(f)
		tab.Script(`window.here = true`)
		tab.Click("button", "Sign out")
		tab.Until(`!window.here`)
	}
	refuses := devidp.Faults{Faults: []devidp.Fault{{At: devidp.EndSession, Do: devidp.Refuse}}}

	tab.SignIn("Ada Lovelace")
	tab.Script(`goappNav('/r/tea')`) // as a link in the page does
	tab.Until(`document.querySelector('h1').textContent === '#tea'`)
	signOut(devidp.Faults{})
	at("/r/tea")
	if rig.Eval[bool](tab, onlyHere) {
		t.Error("the provider led back, and the page says that it may still know her")
	}

	tab.SignIn("Ada Lovelace")
	signOut(refuses)
	tab.Do(chromedp.Evaluate[chromedp.Void](`history.back()`)) // chromedp waits for a load, which the browser may not need
	tab.Until(onlyHere)
	tab.Do(chromedp.Navigate(server.URL))
	at("/") // the room of that sign-out leads nowhere any more

	tab.Do(chromedp.Navigate(server.URL + "/r/tea"))
	tab.Ready()
	tab.SignIn("Ada Lovelace")
	signOut(refuses)
	tab.Do(chromedp.Navigate(server.URL)) // as the provider would lead back
	at("/r/tea")
	if rig.Eval[bool](tab, onlyHere) {
		t.Error("the provider led back without a state, and the page says that it may still know her")
	}
}

// closing returns a channel that is closed as soon as the tab's connection is closed.
func closing(t *testing.T, tab *rig.Tab) <-chan struct{} {
	t.Helper()
	closed := make(chan struct{})
	once := sync.OnceFunc(func() { close(closed) })
	err := chromedp.Listen(tab.Ctx, func(e any) {
		if _, ok := e.(*network.EventWebSocketClosed); ok {
			once()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return closed
}

// revoked reports whether f ends a connection because of a sign-out.
func revoked(f wire.Frame) bool {
	bye, ok := f.(wire.Bye)
	return ok && bye.Code == wire.CodeAuth && bye.Reason == wire.ReasonTokenRevoked
}

// showsFrom waits until the tab shows text in a message of that person.
func showsFrom(tab *rig.Tab, text, person string) {
	tab.Until(fmt.Sprintf(`[...%s].some(a => a.innerText.includes(%q) && a.innerText.includes(%q))`, rig.Rows, text, person))
}
