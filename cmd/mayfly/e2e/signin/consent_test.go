package signin_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/server/devidp"
)

// noticesWarning is a script that sets warned when the page warns that the sign-in ends. When the sign-in has ended, another
// sentence replaces the warning. On a busy machine that may happen before the test looks.
const noticesWarning = `addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
	window.warned ||= document.body.textContent.includes('Your sign-in ends soon.');
}).observe(document.body, {subtree: true, childList: true, characterData: true}))`

// TestProviderThatWantsConsent gives a refresh token only for prompt=consent, as OpenID Connect lets it. Without one the
// page says that the sign-in ends soon, and the log says that nobody renews; with it the sign-in goes on.
func TestProviderThatWantsConsent(t *testing.T) {
	t.Parallel()
	consent := devidp.Faults{Faults: []devidp.Fault{{At: devidp.Authorize, Do: devidp.WantConsent}}}
	t.Run("without", func(t *testing.T) {
		t.Parallel()
		browser := rig.OpenBrowser(t)
		server := rig.Dev(t, "-access-ttl", frugal.String())
		server.SetFaults(consent)
		first := browser.Tab("")
		first.BeforeScripts(noticesWarning)
		first.Do(chromedp.Navigate(server.URL))
		tabs := []*rig.Tab{first.Ready()}
		for range 2 * server.Nodes() { // so that three tabs are on one node, which then knows
			tabs = append(tabs, first.Sibling(server.URL).Ready())
		}
		first.SignIn("Ada Lovelace") // the others follow: a page that begins later may begin after the end of the token
		for _, tab := range tabs[1:] {
			header(tab, "Signed in as Ada Lovelace")
		}
		first.Until(`window.warned === true`)
		for _, tab := range tabs {
			tab.Until(`document.body.innerText.includes("your sign-in has ended")`)
		}
		server.UntilLogs(t, "sign-ins end with their tokens, and none was renewed")
		if n := server.Calls()[devidp.Tokens]; n != 1 {
			t.Errorf("the provider was asked %d times for tokens, want once", n)
		}
	})
	t.Run("with", func(t *testing.T) {
		t.Parallel()
		browser := rig.OpenBrowser(t)
		server := rig.Dev(t, "-access-ttl", frugal.String(), "-authorize-params", "prompt=consent")
		server.SetFaults(consent)
		tab := browser.Tab(server.URL).Ready()
		tab.SignIn("Ada Lovelace")
		server.UntilAsked(t, devidp.Tokens, 1) // it was renewed
		signedIn(tab, "Ada Lovelace")
	})
}
