package offline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

const (
	composer = `document.querySelector('textarea')`
	waits    = `Waiting for a connection`
)

// TestWrittenOfflineOutlivesAKilledBrowser: a message waits on the device from the moment that the page says so.
func TestWrittenOfflineOutlivesAKilledBrowser(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	first := rig.OwnBrowser(t)
	tab := first.Profile(server.URL).Ready().Installed()
	ann := rig.DialAnd(t, server, wire.DefaultRoom)
	ann.Send(wire.Post{ID: "0190a8f0-0000-4000-8000-000000000001", Room: wire.DefaultRoom, Text: "received-by-the-tab"})
	tab.Shows("received-by-the-tab")
	server.Kill()
	tab.Until(`!document.querySelector('[role=status]').innerText.includes('Online')`)
	tab.Say("written without a network")
	tab.Say("and one more")
	tab.Until(fmt.Sprintf(`%s.filter(m => m.includes(%q)).length === 2`, rig.Shown, waits))
	tab.Until(`document.querySelector('.status').innerText.includes('2 waiting')`)
	tab.Do(rig.Type("half written"))
	wantOnlyOwn(t, tab)
	first.Kill()

	tab = rig.OwnBrowserIn(t, first.Dir).Profile(server.URL)
	tab.Until(fmt.Sprintf(`%s.filter(m => m.includes(%q)).length === 2`, rig.Shown, waits))
	tab.Until(`document.activeElement === ` + composer)
	server.Start()
	cleo := rig.DialAnd(t, server, wire.DefaultRoom)
	tab.Ready()
	tab.Until(`!` + rig.Shown + `.some(m => m.includes('` + waits + `'))`)
	cleo.Send(wire.Post{ID: "0190a8f0-0000-4000-8000-000000000002", Room: wire.DefaultRoom, Text: "the end"})
	var got []string
	for p := rig.Next[wire.Posted](cleo); p.Text != "the end" && !t.Failed(); p = rig.Next[wire.Posted](cleo) {
		got = append(got, p.Text)
	}
	if want := []string{"written without a network", "and one more"}; !slices.Equal(got, want) {
		t.Errorf("posted was %q, want %q", got, want)
	}
	wantOnlyOwn(t, tab)
	if kept := rig.Eval[map[string]string](tab, rig.Device); len(kept) != 0 {
		t.Errorf("kept is still %v", kept)
	}
}

// wantOnlyOwn fails if anything is kept that the tab received.
func wantOnlyOwn(t *testing.T, tab *rig.Tab) {
	t.Helper()
	for where, what := range tab.Kept() {
		if where != "the page" && (strings.Contains(what, "received-by-the-tab") || strings.Contains(what, "the end")) {
			t.Errorf("%s holds what was received", where)
		}
	}
}

// TestDraftsStayInTheirRoom: over a change of room, a reload and a killed browser.
func TestDraftsStayInTheirRoom(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	first := rig.OwnBrowser(t)
	tab := first.Profile(server.URL).Ready()
	holds := func(text string) { tab.Until(fmt.Sprintf(`%s.value === %q`, composer, text)) }
	tab.Do(rig.Type("for the lobby"))
	tab.Do(chromedp.Evaluate[chromedp.Void](`document.querySelector('a.brand').href = '/r/tea'; document.querySelector('a.brand').click()`))
	tab.Until(`document.title.startsWith('#tea')`)
	holds("")
	tab.Do(rig.Type("for tea"))
	tab.Do(chromedp.Evaluate[chromedp.Void](`history.back()`))
	tab.Until(`document.title.startsWith('#lobby')`)
	holds("for the lobby")
	tab.Do(chromedp.Navigate(server.URL + "/r/tea"))
	holds("for tea")
	tab.Until(rig.Device + `.then(kept => Object.values(kept).length === 2)`)
	first.Kill()
	tab = rig.OwnBrowserIn(t, first.Dir).Profile(server.URL)
	holds("for the lobby")
	tab.Do(rig.Enter())
	tab.Shows("for the lobby")
	holds("")
	tab.Until(rig.Device + `.then(kept => Object.values(kept).length === 1)`)
}

// TestOpenTabsSendTheirOwn: two tabs of one person write without a network; each message goes out once.
func TestOpenTabsSendTheirOwn(t *testing.T) {
	t.Parallel()
	server, proxy, url := rig.ServeBehindProxy(t)
	browser := rig.OwnBrowser(t)
	one := browser.Profile(url).Ready()
	two := one.Sibling(url).Ready()
	cleo := rig.DialAnd(t, server, wire.DefaultRoom)
	proxy.Refuse(true)
	proxy.Cut()
	for i, tab := range []*rig.Tab{one, two} {
		tab.Until(`!document.querySelector('[role=status]').innerText.includes('Online')`)
		tab.Do(chromedp.Evaluate[chromedp.Void](composer + `.focus()`))
		tab.Say(fmt.Sprintf("from tab %d", i))
		tab.Until(rig.Shown + `.some(m => m.includes('` + waits + `'))`)
	}
	proxy.Refuse(false)
	for _, tab := range []*rig.Tab{one, two} {
		tab.Until(rig.Shown + `.length === 2 && !` + rig.Shown + `.some(m => m.includes('` + waits + `'))`)
	}
	cleo.Send(wire.Post{ID: "0190a8f0-0000-4000-8000-000000000003", Room: wire.DefaultRoom, Text: "the end"})
	count := map[string]int{}
	for p := rig.Next[wire.Posted](cleo); p.Text != "the end" && !t.Failed(); p = rig.Next[wire.Posted](cleo) {
		count[p.Text]++
	}
	if len(count) != 2 || count["from tab 0"] != 1 || count["from tab 1"] != 1 {
		t.Errorf("posted was %v", count)
	}
}
