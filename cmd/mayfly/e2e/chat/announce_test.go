package chat_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// watchVoices lists in said each text that is written into the polite live region, and in alerts each text that is
// written into the other. Removing a text adds nothing to the lists.
const watchVoices = `{
	window.said = [], window.alerts = [];
	const watch = (id, list) => new MutationObserver(records => {
		for (const r of records) for (const n of r.addedNodes) list.push(n.textContent);
	}).observe(document.getElementById(id), {subtree: true, childList: true, characterData: true});
	watch('polite', said);
	watch('alert', alerts);
}`

// polite and alert find the two live regions of the announcer, by their ids.
const (
	polite = `document.getElementById('polite')`
	alert  = `document.getElementById('alert')`
)

// wantSaid fails unless exactly these texts were said so far.
func wantSaid(t *testing.T, tab *rig.Tab, want ...string) {
	t.Helper()
	if got := rig.Eval[[]string](tab, "said"); !slices.Equal(got, want) {
		t.Errorf("said was %q, want %q", got, want)
	}
}

func TestAnnouncerIsApartFromTheConnection(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	if got := rig.Eval[[]string](tab, `byRole('status').map(e => e.textContent)`); !slices.Equal(got, []string{"Online", ""}) {
		t.Errorf("the elements with role=status say %q, want the connection and then an empty announcer", got)
	}
	if rig.Eval[bool](tab, `(r => r.width > 1 || r.height > 1)(`+polite+`.getBoundingClientRect())`) {
		t.Error("the announcer can be seen")
	}
}

func TestOneMessageIsSaidOnceAndItsExpiryIsNot(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	browser := rig.OpenBrowser(t)
	rig.InTime(t, 2*time.Second, func(life time.Duration) bool {
		tab := browser.Tab(server.URL).Ready()
		tab.Script(watchVoices)
		expires := rig.Fill(rig.DialAnd(t, server, wire.DefaultRoom), wire.DefaultRoom, "brief", 1, lives(life))
		if !tab.Before(expires, `said.length > 0`) {
			return false
		}
		first := rig.Eval[[]string](tab, "said")[0]
		if !strings.HasSuffix(first, " (guest): brief 1.") {
			t.Errorf("said is %q, want the author and the text", first)
		}
		tab.Until(rig.Gone("brief", 1))
		tab.Until(`!document.body.textContent.includes('brief 1.')`) // the text is not left in the live region either
		tab.Say("mine")
		tab.Until(`said.length > 1`)
		wantSaid(t, tab, first, "Sent")
		return true
	})
}

func TestOwnMessageIsSaidToBeSentOnce(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	tab.Script(watchVoices)
	tab.Say("one")
	tab.Until(`said.length === 1`)
	say(r, "two")
	tab.Until(`said.length === 2`)
	tab.Say("three")
	tab.Until(`said.length === 3`)
	said := rig.Eval[[]string](tab, "said")
	if said[0] != "Sent" || !strings.HasSuffix(said[1], ": two") || said[2] != "Sent" {
		t.Errorf("said was %q", said)
	}
	if alerts := rig.Eval[[]string](tab, "alerts"); len(alerts) != 0 {
		t.Errorf("alerts: %q", alerts)
	}
}

func TestBurstIsSaidAsANumber(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	// This makes the page's timers slower while the messages come. So, by these timers, the messages come together even
	// on a slow machine.
	tab.Script(watchVoices + `
		window.stretch = 40;
		let at = performance.now(), shown = at;
		const now = performance.now.bind(performance);
		performance.now = () => { const to = now(); shown += (to - at) / stretch; at = to; return shown; };`)
	rig.Fill(r, wire.DefaultRoom, "line", 5, nil)
	tab.Until(rig.Newest("line", 5))
	tab.Script(`stretch = 1`)
	tab.Until(`said.length > 0`)
	tab.Say("the end")
	tab.Until(`said.length > 1`)
	wantSaid(t, tab, "5 new messages", "Sent")
}

// TestBacklogIsNotSaid opens a full room, goes to another room, and comes back after an outage. A screen reader must not
// read out the messages that were there before.
func TestBacklogIsNotSaid(t *testing.T) {
	t.Parallel()
	server, proxy, url := rig.ServeBehindProxy(t)
	for _, room := range []string{wire.DefaultRoom, "tea"} {
		rig.Fill(rig.DialAnd(t, server, room), room, room, 5, nil)
	}
	tab := rig.OpenBrowser(t).Tab("")
	tab.BeforeScripts(`addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
		const text = ` + polite + `?.textContent ?? '';
		if (text !== (window.last ?? '')) (window.said ??= []).push(text);
		window.last = text;
	}).observe(document.body, {subtree: true, childList: true, characterData: true}))`)
	tab.Do(chromedp.Navigate(url + "/r/tea"))
	tab.Ready()
	tab.Until(rig.Newest("tea", 5))
	tab.Script(rig.Find(`a[href="/"]`) + `.click()`)
	tab.Until(rig.Newest(wire.DefaultRoom, 5))
	tab.Until(`window.said?.length > 0`)
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	proxy.Refuse(true)
	proxy.Cut()
	tab.Until(rig.Connection + `.startsWith('Reconnecting')`)
	rig.Fill(r, wire.DefaultRoom, "missed", 5, nil)
	proxy.Refuse(false)
	tab.Until(rig.Newest("missed", 5))
	rig.Fill(r, wire.DefaultRoom, "seen", 1, nil)
	tab.Until(`said.length > 1`)
	said := rig.Eval[[]string](tab, "said")
	if len(said) != 2 || said[0] != fmt.Sprintf("Room %s, 5 messages", wire.DefaultRoom) || !strings.HasSuffix(said[1], ": seen 1.") {
		t.Errorf("said was %q", said)
	}
}
