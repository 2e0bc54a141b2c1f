package offline_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
)

// blind stops everything that could run Mayfly's own code: timers, and frames that come on a connection.
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

// hidesAt returns a JavaScript expression: the time, in Unix milliseconds, at which the browser hides the last row with
// that text if no script does. An animation of the row, or of the element with all rows, waits for that time. Without
// such an animation the value is not a finite number.
func hidesAt(text string) string {
	return fmt.Sprintf(`(performance.timeOrigin + Math.max(...document.getAnimations().filter(a => {
		const e = a.effect.target;
		return e.closest('[role=log]') && (!e.matches('article') || e.textContent.includes(%q));
	}).map(a => a.startTime ?? Infinity)))`, text)
}

// TestBrowserHidesWhatExpiresWhereNoScriptRuns stops Mayfly's code in the page of a user who prefers no motion.
func TestBrowserHidesWhatExpiresWhereNoScriptRuns(t *testing.T) {
	t.Parallel()
	const (
		life = 2 * time.Second
		many = 20 // more rows than have an animation of their own
	)
	server := rig.Serve(t, "-ttl", "24h", "-rate", "1000/1s")
	tab := rig.OpenBrowser(t).Tab("")
	tab.TimeWelcomes()
	tab.BeforeScripts(blind)
	tab.Do(chromedp.Navigate(server.URL), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}},
		})
		return err
	}))
	tab.Ready()
	// there and visible return JavaScript expressions: how many rows have a text that begins with text, and how many of
	// these the user sees.
	there := func(text string) string {
		return fmt.Sprintf(`[...%s].filter(a => a.textContent.includes(%q)).length`, rig.Rows, text)
	}
	visible := func(text string) string {
		return fmt.Sprintf(`[...%s].filter(a => a.innerText.includes(%q) &&
			[...a.querySelectorAll('*')].some(e => e.checkVisibility({visibilityProperty: true}))).length`, rig.Rows, text)
	}
	count := func(expression string) int { return rig.Eval[int](tab, expression) }
	// untilFrame waits for the first frame that begins at the time at or later. Animations use the same clock.
	untilFrame := func(at time.Time) {
		t.Helper()
		rig.Eval[bool](tab, fmt.Sprintf(`new Promise(done => requestAnimationFrame(function look(began) {
			performance.timeOrigin + began < %d ? requestAnimationFrame(look) : done(true);
		}))`, at.UnixMilli()))
	}
	wantOthers := func(when string) {
		t.Helper()
		if count(visible("long")) != 1 || count(visible("own")) != 1 {
			t.Errorf("what lives on is hidden %s", when)
		}
	}
	// hides posts n messages and stops Mayfly's code. The browser must hide the messages when they have expired, and not
	// before.
	hides := func(name string, n int) {
		t.Helper()
		try := 0
		rig.InTime(t, life, func(life time.Duration) bool {
			try++
			text := fmt.Sprintf("%s in try %d,", name, try)
			var first, last time.Time
			for i := range n {
				last = say(t, server, fmt.Sprintf("%s message %d.", text, i), life)
				if i == 0 {
					first = last
				}
			}
			clockError := tab.ClockError()
			tab.Before(first, there(text)+` === `+fmt.Sprint(n))
			tab.Script(`window.blind = true`)
			seen := count(visible(text))
			inTime := time.Now().Add(clockError).Before(first)
			if inTime && seen != n {
				t.Errorf("%d of %d messages %q are visible before their time", seen, n, text)
			}
			// A page that gets no processor time while it draws sets the animation too late: that proves nothing.
			at := rig.Eval[float64](tab, fmt.Sprintf(`[%s].map(at => Number.isFinite(at) ? at : 0)[0]`, hidesAt(text)))
			hidden := time.UnixMilli(int64(at) + 1)
			inTime = inTime && at > 0 && hidden.Before(last.Add(clockError+soon))
			if inTime {
				untilFrame(hidden)
				if got := count(there(text)); got != n {
					t.Fatalf("a script has run: %d rows are left of %d", got, n)
				}
				if got := count(visible(text)); got != 0 {
					t.Errorf("%d messages %q are visible past their time", got, text)
				}
				if n == 1 {
					wantOthers("with it")
				}
			}
			tab.Script(`window.blind = false; document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))`)
			tab.ShowsNot(text)
			return inTime
		})
	}
	say(t, server, "long", 0)
	tab.Say("own")
	tab.Shows("long")
	tab.Until(`!` + rig.Find(rig.WaitingRow))
	hides("one", 1)
	hides("many", many)
	wantOthers("afterwards")
}
