package chat_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
)

// TestUntilFollowsTheTab waits on a page that the browser then leaves and keeps, stopped, for the way back.
func TestUntilFollowsTheTab(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	tab.Do(chromedp.Navigate(server.URL + "/healthz"))
	tab.Script(`addEventListener('pagehide', e => sessionStorage.kept = e.persisted)`)
	tab.Until(`location.pathname === "/" || !(window.going ??= setTimeout(() => history.back()))`) // leaves while it waits
	if !rig.Eval[bool](tab, `sessionStorage.kept === 'true'`) {
		t.Fatal("the browser did not keep the page that it left")
	}
}
