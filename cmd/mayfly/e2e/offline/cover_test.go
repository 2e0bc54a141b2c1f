package offline_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// blind stops all that could run Mayfly's own code: timers, and what comes on a connection.
const blind = `{
	const later = setTimeout;
	window.setTimeout = (f, ms, ...args) => later((...args) => { if (!window.blind) f(...args); }, ms, ...args);
	window.WebSocket = class extends WebSocket {
		constructor(...args) {
			super(...args);
			this.addEventListener('message', e => { if (window.blind) e.stopImmediatePropagation(); });
		}
	};
}`

// TestBrowserHidesWhatExpiresWhereNoScriptRuns keeps Mayfly from running, for somebody who wants no motion.
func TestBrowserHidesWhatExpiresWhereNoScriptRuns(t *testing.T) {
	t.Parallel()
	const many = 20
	server := rig.Serve(t, "-ttl", "24h", "-rate", "1000/1s")
	tab := rig.OpenBrowser(t).Tab("")
	tab.BeforeScripts(blind)
	tab.Do(chromedp.Navigate(server.URL), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}},
		})
		return err
	}))
	tab.Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	// visible is JavaScript for what of texts that begin so one sees.
	visible := func(text string) string {
		return fmt.Sprintf(`[...document.querySelectorAll('article')].filter(a => a.innerText.includes(%q) &&
			[...a.querySelectorAll('*')].some(e => e.checkVisibility({visibilityProperty: true}))).length`, text)
	}
	count := func(text string) int { return rig.Eval[int](tab, visible(text)) }
	there := func(text string) int {
		return rig.Eval[int](tab, fmt.Sprintf(`[...document.querySelectorAll('article')].filter(a => a.textContent.includes(%q)).length`, text))
	}
	say(r, "long", 0)
	expires := say(r, "brief", 3*time.Second)
	tab.Shows("brief")
	tab.Say("own")
	tab.Until(`!document.querySelector('.message-waiting')`)
	tab.Do(chromedp.Evaluate[chromedp.Void](`window.blind = true`))
	if n := count("brief"); n != 1 {
		t.Errorf("%d messages are visible before their time, want 1", n)
	}
	until(t, expires)
	if there("brief") != 1 {
		t.Fatal("a script has run")
	}
	if n := count("brief"); n != 0 {
		t.Error("it is visible past its time")
	}
	if count("long") != 1 || count("own") != 1 {
		t.Error("what lives on is hidden")
	}

	see := chromedp.Evaluate[chromedp.Void](`window.blind = false; document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))`)
	tab.Do(see)
	tab.ShowsNot("brief")
	var last time.Time
	for i := range many {
		last = say(r, fmt.Sprintf("many %d.", i), 3*time.Second)
	}
	tab.Shows(fmt.Sprintf("many %d.", many-1))
	tab.Do(chromedp.Evaluate[chromedp.Void](`window.blind = true`))
	if n := count("many"); n != many {
		t.Fatalf("%d messages are visible before their time, want %d: or is this machine too slow?", n, many)
	}
	until(t, last)
	if there("many") != many {
		t.Fatal("a script has run")
	}
	if n := count("many"); n != 0 {
		t.Errorf("%d messages are visible past their time", n)
	}
	tab.Do(see)
	tab.ShowsNot("many")
	if count("long") != 1 || count("own") != 1 {
		t.Error("what lives on stays hidden")
	}
}
