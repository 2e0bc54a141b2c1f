package offline_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
)

// soon is how far from its deadline a message may disappear at most; the clock error of the page is added to it.
const soon = time.Second

// watchRows lets the page store which texts it has shown, when each disappeared by the clock of this machine, and how
// late that was. Lateness is counted in turns of the page's own timers, so that a page that gets no processor time is not
// late. For each text a chain of timers counts from the deadline (see due) until the text has disappeared.
var watchRows = chromedp.Evaluate[chromedp.Void](`{
	window.shown = new Set();
	window.went = {};
	window.turns = {};
	const now = () => performance.timeOrigin + performance.now();
	const look = () => {
		const there = [...` + rig.Rows + `].map(a => a.querySelector('` + rig.RowText + `').textContent);
		for (const text of shown) if (!there.includes(text)) went[text] ??= now();
		there.forEach(text => shown.add(text));
	};
	new MutationObserver(look).observe(` + rig.Log + `, {childList: true, subtree: true});
	look();
	window.due = (text, at) => {
		turns[text] = 0;
		(function turn() {
			if (went[text]) return;
			if (now() >= at) turns[text]++;
			setTimeout(turn, turnTime);
		})();
	};
	window.turnTime = 20;
}`)

const turnTime = 20 * time.Millisecond

// wantOnTime waits until text has disappeared from tab, and fails if that was before earliest or after latest. seen is
// true if the tab had shown the text.
func wantOnTime(t *testing.T, tab *rig.Tab, where, text string, earliest, latest time.Time) (seen bool) {
	t.Helper()
	tab.Script(fmt.Sprintf(`due(%q, %d)`, text, latest.UnixMilli()))
	clockError := tab.ClockError()
	tab.Until(fmt.Sprintf(`%q in went || !shown.has(%[1]q) && `+realTime+` > %d`, text,
		latest.Add(clockError).UnixMilli()))
	if !rig.Eval[bool](tab, fmt.Sprintf(`%q in went`, text)) {
		return false
	}
	went := time.UnixMilli(int64(rig.Eval[float64](tab, fmt.Sprintf(`went[%q]`, text))))
	if early := earliest.Sub(went); early > soon+clockError {
		t.Errorf("%s %q goes %s before its time", where, text, early)
	}
	if late := time.Duration(rig.Eval[int](tab, fmt.Sprintf(`turns[%q]`, text))) * turnTime; late > soon+clockError {
		t.Errorf("%s %q goes more than %s after its time", where, text, late)
	}
	return true
}

// realTime is JavaScript for the time by the clock of this machine, not by that of the page's device.
const realTime = `(performance.timeOrigin + performance.now())`

// TestWrongClocks shows a room to users whose clocks are wrong by hours and days.
func TestWrongClocks(t *testing.T) {
	t.Parallel()
	rig.InTime(t, 3*time.Second, func(life time.Duration) bool {
		server := rig.Serve(t, "-ttl", life.String())
		browser := rig.OpenBrowser(t)
		wrong := map[time.Duration]*rig.Tab{}
		for _, skew := range []time.Duration{time.Hour, -time.Hour, 24 * time.Hour, -24 * time.Hour} {
			wrong[skew] = browser.TabWithClock(server.URL, skew)
		}
		for _, tab := range wrong {
			tab.Ready().Do(watchRows)
		}
		whole, half := say(t, server, "whole life", 0), say(t, server, "half a life", life/2)
		own := func(skew time.Duration) string { return fmt.Sprintf("of the user whose clock is off by %s", skew) }
		first, last := map[time.Duration]time.Time{}, map[time.Duration]time.Time{}
		for skew, tab := range wrong {
			first[skew] = time.Now().Add(life)
			tab.Say(own(skew))
			tab.Until(fmt.Sprintf(`%q in went || shown.has(%[1]q) && !%s`, own(skew), rig.Find(rig.WaitingRow)))
			last[skew] = time.Now().Add(life)
		}
		inTime := true
		for skew, tab := range wrong {
			where := fmt.Sprintf("where the clock is off by %s,", skew)
			inTime = wantOnTime(t, tab, where, "half a life", half, half) && inTime
			inTime = wantOnTime(t, tab, where, "whole life", whole, whole) && inTime
			inTime = wantOnTime(t, tab, where, own(skew), first[skew], last[skew]) && inTime
		}
		return inTime
	})
}

// TestClockIsSet sets the clock of a device while its page is open.
func TestClockIsSet(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-ttl", "24h")
	tab := rig.OpenBrowser(t).TabWithClock(server.URL, 0).Ready()
	tab.Do(watchRows)

	say(t, server, "long", 0) // this message lives for the default of the room
	say(t, server, "in doubt", 10*time.Minute)
	tab.Shows("in doubt")
	tab.SetClock(time.Hour)
	tab.Script(`document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))`)
	tab.ShowsNot("in doubt") // the message disappears early, as if the device had slept for an hour
	tab.Shows("long")
	tab.Ready()

	rig.InTime(t, 20*time.Second, func(life time.Duration) bool {
		text := fmt.Sprintf("counted for %s", life)
		expires := say(t, server, text, life)
		left := fmt.Sprintf(`[...%s].find(a => a.textContent.includes(%q))?.querySelector(%q).style.getPropertyValue('--left')`,
			rig.Rows, text, rig.RowLeft)
		tab.Until(fmt.Sprintf(`window.counted = +%s < 1, counted || %s > %d`, left, realTime, expires.UnixMilli()))
		return rig.Eval[bool](tab, `counted`)
	})

	rig.InTime(t, time.Second, func(life time.Duration) bool {
		text := fmt.Sprintf("ahead for %s", life)
		expires := say(t, server, text, life)
		return wantOnTime(t, tab, "where the clock was set forward,", text, expires, expires)
	})

	back := time.Duration(0)
	rig.InTime(t, 2*time.Second, func(life time.Duration) bool {
		text := fmt.Sprintf("behind for %s", life)
		expires := say(t, server, text, life)
		tab.Until(fmt.Sprintf(`shown.has(%q) || `+realTime+` > %d`, text, expires.UnixMilli()))
		back -= 2 * time.Hour
		tab.SetClock(back)
		set := time.Now()
		return wantOnTime(t, tab, "where the clock was set back,", text, expires, expires) && set.Before(expires)
	})
}
