package offline_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mayfly/cmd/mayfly/e2e/rig"
)

// bar is true while the page says that there is a newer version.
var bar = `!!` + rig.ByRole("region", "New version")

// version returns the version of the page.
func version(tab *rig.Tab) string { return rig.Eval[string](tab, `goappGetenv('GOAPP_VERSION')`) }

// is returns a JavaScript expression that is true once the page has that version and shows its room.
func is(version string) string {
	return `typeof goappGetenv === 'function' && goappGetenv('GOAPP_VERSION') === '` + version + `' && ` + rig.MayWrite
}

// written returns the text in the composer.
func written(tab *rig.Tab) string {
	return rig.Eval[string](tab, rig.Composer+`.value`)
}

// next waits until the server has another version than old, and returns it.
func next(tab *rig.Tab, old string) string {
	return rig.Eval[string](tab, `new Promise(done => {
		const look = () => fetch('/app-worker.js', {cache: 'no-store'}).then(r => r.headers.get('Mayfly-Version')).catch(() => null)
			.then(v => v && v !== '`+old+`' ? done(v) : setTimeout(look, 20));
		look();
	})`)
}

// reload reloads the tab as the browser's button does, and returns the version of the new page.
func reload(t *testing.T, tab *rig.Tab) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(tab.Ctx, rig.Timeout)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, chromedp.Reload())
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range response.Headers {
		if strings.EqualFold(name, "Mayfly-Version") {
			return fmt.Sprint(value)
		}
	}
	return ""
}

func TestNewVersion(t *testing.T) {
	t.Parallel()
	network := newTroubled()
	front := rig.NewFront(t, network.wrap, nil)
	server := front.Serve()
	deploy := func(name string) { // deploys a version that differs only in a header
		server.Kill()
		server = front.Serve("-origins", "http://"+name+".example")
	}
	tab := rig.OpenBrowser(t).Tab(front.URL + "/r/x").Ready()
	tab.Installed()

	// The worker has taken over a page that had no worker, and there is no newer version. If the page drew anything for
	// this, it would draw that before messages that are posted later.
	rig.Eval[bool](tab, `new Promise(done => {
		navigator.serviceWorker.addEventListener('message', () => done(true), {once: true});
		navigator.serviceWorker.controller.postMessage('version');
	})`)
	first := version(tab)
	tab.Say("to stay")
	tab.Shows("to stay")
	drawn(tab)
	if rig.Eval[bool](tab, bar) {
		t.Error("the first visit says that there is a newer version")
	}
	tab.Do(rig.Type("half writ"))
	deploy("two")
	second := next(tab, first)
	tab.Until(bar)
	tab.Ready()
	tab.Shows("to stay")
	if got := version(tab); got != first || written(tab) != "half writ" {
		t.Errorf("the page is of version %s, with %q in the composer", got, written(tab))
	}
	wantQuietBar(t, tab)

	tab.Script(rig.Composer + `.blur()`)
	press(t, tab, "Reload")
	tab.Until(is(second))
	draft(tab, "half writ")
	tab.Ready()
	if rig.Eval[bool](tab, bar) {
		t.Error("after Reload the bar is still there")
	}
	tab.Until(keepsAll)

	// The download of the next version fails. The present version stays complete, although the server has the next one.
	network.cuts.Store(true)
	deploy("three")
	third := next(tab, second)
	network.wantCut(t)
	if got := reload(t, tab); got != second {
		t.Errorf("while version %s is not here yet a reload brings the page of %s, want %s", third, got, second)
	}
	network.gone.Store(true)
	server.Kill()
	startsOffline(t, tab, front.URL, offlineStart{"/r/x", "x", "half writ"})
	if got := version(tab); got != second {
		t.Errorf("without a network it starts as version %s, want %s", got, second)
	}

	// The version comes while the page is hidden. The page reloads as soon as the draft is stored.
	tab.Do(rig.Visible(false))
	network.cuts.Store(false)
	network.gone.Store(false)
	deploy("three")
	tab.Until(bar)
	if got := version(tab); got != second || !strings.Contains(written(tab), "written offline") {
		t.Errorf("out of sight it became version %s, with %q in the composer", got, written(tab))
	}
	tab.Do(rig.Visible(true))
	press(t, tab, "Dismiss")
	tab.Until(`!(` + bar + `) && ` + rig.MayWrite)
	tab.Do(chromedp.Evaluate[chromedp.Void](`document.activeElement.select()`), chromedp.KeyEvent(kb.Backspace),
		rig.Visible(false))
	tab.Until(is(third))
	tab.Ready()

	// The page can connect to a server of another version, but not to one that speaks another protocol.
	network.other.Store(true)
	deploy("three")
	tab.Say("not sent yet")
	tab.Do(rig.Type("half writ"), chromedp.Evaluate[chromedp.Void](`window.before = true`))
	tab.Until(bar + ` && document.querySelector('[aria-label="New version"]').innerText.includes('The server needs a newer version of Mayfly. Reload to go on.')`)
	press(t, tab, "Reload")
	tab.Until(`!window.before`)
	draft(tab, "half writ")
	tab.Shows("not sent yet")
	network.other.Store(false)
	tab.Until(`!(` + bar + `)`)
	tab.Ready()
	tab.Until(`document.querySelectorAll('article').length === 1 && !document.querySelector('.message-waiting')`)
}

// TestDownloadThatFailsIsTriedAgain lets the download of a newer version fail once, while the page is open and stays online.
func TestDownloadThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	network := newTroubled()
	front := rig.NewFront(t, network.wrap, nil)
	server := front.Serve()
	tab := rig.OpenBrowser(t).Tab("")
	tab.BeforeScripts(`{
		const update = ServiceWorkerRegistration.prototype.update;
		window.states = [];
		ServiceWorkerRegistration.prototype.update = function () {
			const found = update.call(this);
			found.then(({installing: worker}) =>
				worker?.addEventListener('statechange', () => states.push(worker.state)));
			return found;
		};
	}`)
	tab.Do(chromedp.Navigate(front.URL))
	tab.Ready().Installed()
	first := version(tab)
	network.cuts.Store(true)
	server.Kill()
	front.Serve("-origins", "http://two.example")
	second := next(tab, first)
	tab.Until(`states.includes('redundant')`) // the page has looked because the connection is back
	network.cuts.Store(false)
	tab.Until(bar) // after a minute, the shortest time between two looks
	press(t, tab, "Reload")
	tab.Until(is(second))
}

// wantQuietBar checks the bar: it is a region that does not interrupt a screen reader, and it fits a narrow screen and
// fingers.
func wantQuietBar(t *testing.T, tab *rig.Tab) {
	t.Helper()
	nodes := rig.Accessible(tab)
	for _, want := range []rig.Node{{Role: "region", Name: "New version"}, {Role: "button", Name: "Reload"}, {Role: "button", Name: "Dismiss"}} {
		if !slices.Contains(nodes, want) {
			t.Errorf("there is no %+v among %+v", want, nodes)
		}
	}
	if rig.Eval[bool](tab, `document.activeElement !== `+rig.Composer+` || !!`+rig.ByRole("region", "New version")+`.closest('[role=alert]') ||
		byRole('alert').some(e => e.checkVisibility() && e.innerText !== '')`) {
		t.Error("it takes the focus or is an alert")
	}
	fits(t, tab, "New version")
}

// fits fails unless the bar of that name fits a phone of 320 px and its buttons are large enough for fingers.
func fits(t *testing.T, tab *rig.Tab, name string) {
	t.Helper()
	tab.Do(chromedp.EmulateViewport(320, 640, chromedp.EmulateMobile, chromedp.EmulateTouch))
	if wide := rig.Eval[int](tab, `document.documentElement.scrollWidth`); wide > 320 {
		t.Errorf("with the bar %q the page is %d px wide on a screen of 320", name, wide)
	}
	if rig.Eval[bool](tab, `[...`+rig.ByRole("region", name)+`.querySelectorAll('button')].some(b => {
		const r = b.getBoundingClientRect();
		return r.width < 44 || r.height < 44 || r.left < 0 || r.right > 320 || document.elementFromPoint(r.left + r.width/2, r.top + r.height/2) !== b;
	})`) {
		t.Errorf("a button of the bar %q is smaller than 44 px, or covered", name)
	}
	tab.Do(chromedp.EmulateViewport(1280, 800))
}

// press presses the button of that name by keyboard. It moves the focus there with the Tab key, from the start of the
// page.
func press(t *testing.T, tab *rig.Tab, name string) {
	t.Helper()
	tab.Do(chromedp.Evaluate[chromedp.Void](rig.ByRole("link", "Skip to the message box") + `.focus()`))
	for range 12 {
		tab.Do(chromedp.KeyEvent(kb.Tab))
		if rig.Eval[string](tab, `document.activeElement.innerText`) == name {
			tab.Do(rig.Enter())
			return
		}
	}
	t.Fatalf("the Tab key does not come to the button %s", name)
}
