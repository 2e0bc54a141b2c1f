package offline_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// soon is how near to its time a message goes at the least.
const soon = time.Second

// openSkewed opens the server's page on a device whose wall clock is off by skew. skew in the page, in milliseconds, sets that
// clock while the page is open; performance.now() goes on meanwhile, as the monotonic clock of a device does.
func openSkewed(browser *rig.Browser, server *rig.Server, skew time.Duration) *rig.Tab {
	tab := browser.Tab("")
	tab.BeforeScripts(fmt.Sprintf(`{
		const Right = Date;
		window.skew = %d;
		window.Date = class extends Right {
			constructor(...at) { super(...(at.length ? at : [Right.now() + skew])); }
			static now() { return Right.now() + skew; }
		};
	}`, skew.Milliseconds()))
	tab.Do(chromedp.Navigate(server.URL))
	return tab
}

// note lets the page note when a text goes, by the clock of this machine.
var note = chromedp.Evaluate[chromedp.Void](`window.went = {}; {
	const there = new Set();
	new MutationObserver(() => {
		const now = [...document.querySelectorAll('.message-text')].map(e => e.textContent);
		for (const text of there) if (!now.includes(text)) went[text] ??= performance.timeOrigin + performance.now();
		now.forEach(text => there.add(text));
	}).observe(document.querySelector('.rows'), {childList: true, subtree: true});
}`)

// gone waits until text has come and gone in tab, and returns when it went.
func gone(tab *rig.Tab, text string) time.Time {
	tab.Until(fmt.Sprintf(`%q in went`, text))
	return time.UnixMilli(int64(rig.Eval[float64](tab, fmt.Sprintf(`went[%q]`, text))))
}

// TestWrongClocks shows a room to people whose clocks are hours and days off, and to one whose clock is right.
func TestWrongClocks(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-ttl", "4s")
	browser := rig.OpenBrowser(t)
	right := openSkewed(browser, server, 0)
	wrong := map[time.Duration]*rig.Tab{}
	for _, skew := range []time.Duration{time.Hour, -time.Hour, 24 * time.Hour, -24 * time.Hour} {
		wrong[skew] = openSkewed(browser, server, skew)
	}
	right.Ready().Do(note)
	for _, tab := range wrong {
		tab.Ready().Do(note)
	}
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	first, second := say(r, "first", 0), say(r, "second", 2*time.Second)
	wrong[time.Hour].Say("of one who is ahead")
	for text, expires := range map[string]time.Time{"first": first, "second": second, "of one who is ahead": {}} {
		went := gone(right, text)
		if early := expires.Sub(went); early > soon {
			t.Errorf("%q goes %s before its time", text, early)
		}
		for skew, tab := range wrong {
			if late := gone(tab, text).Sub(went); late.Abs() > soon {
				t.Errorf("where the clock is off by %s, %q goes %s later than where it is right", skew, text, late)
			}
		}
	}
}

// TestClockIsSet sets the clock of a device while its page is open.
func TestClockIsSet(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-ttl", "24h")
	tab := openSkewed(rig.OpenBrowser(t), server, 0).Ready()
	tab.Do(note)
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	onTime := func(text string, expires time.Time) {
		t.Helper()
		if late := gone(tab, text).Sub(expires); late.Abs() > soon {
			t.Errorf("%q goes %s after its time", text, late)
		}
	}
	say(r, "long", 0)
	say(r, "in doubt", time.Minute)
	tab.Shows("in doubt")
	tab.Do(chromedp.Evaluate[chromedp.Void](`skew = 3600e3; document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))`))
	gone(tab, "in doubt") // as if the device had slept for an hour
	tab.Shows("long")
	say(r, "counted", 40*time.Second)
	tab.Shows("counted")
	tab.Until(`+[...document.querySelectorAll('article')].find(a => a.textContent.includes('counted')).querySelector('.left').style.getPropertyValue('--left') < 1`)
	expires := say(r, "ahead", 2*time.Second)
	onTime("ahead", expires)

	expires = say(r, "behind", 3*time.Second)
	tab.Shows("behind")
	tab.Do(chromedp.Evaluate[chromedp.Void](`skew = -3600e3`))
	onTime("behind", expires)
}
