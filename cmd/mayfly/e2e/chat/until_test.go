package chat_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
)

// TestUntilFollowsTheTab: Until begins to wait on a page, and the tab then goes back to the page before it. The browser
// keeps the page that it left frozen in its back/forward cache. Until must go on waiting on the page that the tab now shows.
func TestUntilFollowsTheTab(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.WholeBrowser(t).Tab(server.URL).Ready()
	tab.Do(chromedp.Navigate(server.URL + "/healthz"))
	tab.Script(`addEventListener('pagehide', e => sessionStorage.kept = e.persisted)`)
	tab.Until(`location.pathname === "/" || !(window.going ??= setTimeout(() => history.back()))`) // leaves while it waits
	if !rig.Eval[bool](tab, `sessionStorage.kept === 'true'`) {
		t.Fatal("the browser did not keep the page that it left")
	}
}
