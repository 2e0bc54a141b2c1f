// Package signin_test signs in and out in real browsers: with the provider of mayfly dev, and with one from another code base.
package signin_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }

// press clicks the button of that name, once it is there.
func press(tab *rig.Tab, name string) {
	find := `[...document.querySelectorAll('button')].find(b => b.innerText.includes(` + strconv.Quote(name) + `))`
	tab.Until(`!!` + find)
	tab.Do(chromedp.Evaluate[chromedp.Void](find + `.click()`))
}

// signIn signs the tab in as one of the provider's people.
func signIn(tab *rig.Tab, person string) {
	press(tab, "Sign in")
	press(tab, person)
	signedIn(tab, person)
}

func signedIn(tab *rig.Tab, person string) {
	header(tab, "Signed in as "+person)
	tab.Ready()
}

// header waits until the header says words.
func header(tab *rig.Tab, words string) {
	tab.Until(fmt.Sprintf(`document.querySelector('header')?.innerText.replace(/\s+/g, ' ').includes(%q) ?? false`, words))
}

func TestSigningInAndOut(t *testing.T) {
	server := rig.Dev(t)
	browser := rig.OpenBrowser(t)
	ben := browser.Tab(server.URL + "/r/tea").Ready()
	ada := browser.Tab(server.URL + "/r/tea").Ready()
	header(ada, "not signed in")
	ada.Do(rig.Type("half writ"))
	signIn(ada, "Ada Lovelace")
	if got := rig.Eval[string](ada, `location.href`); got != server.URL+"/r/tea" {
		t.Errorf("after signing in the address is %s, want the room that one came from", got)
	}
	ada.Until(`document.querySelector('textarea').value === 'half writ'`)
	ada.Say("ten")
	ben.Shows("half written")
	ben.Shows("Ada Lovelace")

	ada.Do(chromedp.Reload())
	signedIn(ada, "Ada Lovelace")
	second := ada.Sibling(server.URL + "/r/tea")
	signedIn(second, "Ada Lovelace")
	second.Say("from the second tab")
	ben.Shows("from the second tab")

	press(ada, "Sign out")
	header(second, "ot signed in")
	header(ada, "ot signed in")
	later := ada.Sibling(server.URL + "/r/tea").Ready()
	header(later, "not signed in")
	if log := server.Log(); strings.Contains(log, "panic") {
		t.Error("the server's log tells of a panic")
	}
}
