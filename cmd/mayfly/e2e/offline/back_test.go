package offline_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
)

// watch lets each page remember when it was frozen, when it ran again, and the texts in the first frame after that. It runs
// before Mayfly's scripts, so it gets the events before they do.
const watch = `{
	const held = () => document.body.textContent;
	addEventListener('freeze', () => { window.froze = Date.now(); }, true);
	const woken = e => {
		if (e.type === 'pageshow') window.kept = e.persisted;
		window.ran = Date.now();
		window.frame = undefined;
		requestAnimationFrame(() => { window.frame = held(); });
	};
	addEventListener('resume', woken, true);
	addEventListener('pageshow', woken, true);
}`

// reader sends short-lived messages to one tab, and reads which texts the tab shows.
type reader struct {
	t      *testing.T
	tab    *rig.Tab
	server *rig.Server
	n      int // how many texts were sent

	clockError time.Duration // the ClockError of the present page
}

// brief posts a message that lives for life. seen is true if the tab shows it before it expires.
func (k *reader) brief(life time.Duration) (text string, expires time.Time, seen bool) {
	k.t.Helper()
	k.n++
	text = fmt.Sprintf("brief %d.", k.n)
	expires = say(k.t, k.server, text, life)
	k.until(fmt.Sprintf(`Date.now() >= %d || document.body.textContent.includes(%q)`, expires.UnixMilli(), text))
	return text, expires, k.alive(expires)
}

// alive reports whether it is still before expires, by the tab's own clock too, so that the tab must still show the
// message that expires then.
func (k *reader) alive(expires time.Time) bool {
	k.t.Helper()
	return time.Now().Add(k.clockError).Before(expires)
}

// had reports whether text is in the texts that the page has stored in the variable called when.
func (k *reader) had(when, text string) bool {
	k.t.Helper()
	return rig.Eval[bool](k.tab, fmt.Sprintf(`%s.includes(%q)`, when, text))
}

// until does what Tab.Until does, but also works in a page that came from the browser's cache, where chromedp's own wait
// fails.
func (k *reader) until(js string) {
	k.t.Helper()
	rig.Eval[bool](k.tab, `new Promise(done => { (function look() { `+js+` ? done(true) : setTimeout(look, 20); })(); })`)
}

// wantGone waits for the first frame of the page, which must not contain text, and checks that the page works.
func (k *reader) wantGone(where, text string) {
	k.t.Helper()
	k.until(`window.frame !== undefined`)
	if k.had("frame", text) {
		k.t.Errorf("%s: it is still there in the first frame", where)
	}
	k.until(`document.activeElement === ` + rig.Composer)
	k.n++
	other, own := fmt.Sprintf("to you %d.", k.n), fmt.Sprintf("to all %d.", k.n)
	say(k.t, k.server, other, time.Hour)
	k.tab.Say(own)
	k.until(fmt.Sprintf(`[%q, %q].every(t => %s.some(m => m.includes(t))) && !%s && %s === 'Online'`, other, own, rig.Shown,
		rig.Find(rig.WaitingRow), rig.Connection))
}

// back goes back to the page before this one, and waits until that page is there, because the page that is left answers
// nothing.
func (k *reader) back() {
	k.t.Helper()
	there := make(chan struct{}, 1)
	listening, cancel := context.WithCancel(k.tab.Ctx)
	defer cancel()
	err := chromedp.Listen(listening, func(e any) {
		if _, ok := e.(*page.EventFrameNavigated); ok {
			there <- struct{}{}
		}
	})
	if err != nil {
		k.t.Fatal(err)
	}
	k.tab.Do(chromedp.Evaluate[chromedp.Void](`setTimeout(() => history.back())`))
	select {
	case <-there:
	case <-time.After(rig.Timeout):
		k.t.Fatal("there is no way back")
	}
}

// TestNothingExpiredComesBack lets messages expire while their page does not run, and looks at the page when it runs
// again.
func TestNothingExpiredComesBack(t *testing.T) {
	t.Parallel()
	const life = 2 * time.Second
	server := rig.Serve(t, "-ttl", "1h")
	tab := rig.OwnBrowser(t).Tab("")
	tab.TimeWelcomes()
	tab.BeforeScripts(watch)
	tab.Do(chromedp.Navigate(server.URL))
	k := &reader{t: t, tab: tab.Ready(), server: server}
	k.clockError = tab.ClockError()

	tab.Script(`document.addEventListener('resume', () => { window.after = document.body.textContent; })`)
	rig.InTime(t, life, func(life time.Duration) bool {
		tab.Minimize()
		text, expires, alive := k.brief(life)
		if alive {
			tab.Freeze()
			pass(expires.Add(k.clockError))
			tab.Thaw()
		}
		tab.Restore()
		// Chromium answers Freeze before the page is really frozen. If the page froze only after the message had expired,
		// this try shows nothing. The page itself says when it froze. Whether the message is gone would not tell: when the
		// page runs again, a timer may remove the message before the page hears of the event resume.
		if !alive || !rig.Eval[bool](tab, fmt.Sprintf(`froze < %d`, expires.Add(-k.clockError).UnixMilli())) {
			return false
		}
		k.wantGone("in a frozen tab", text)
		if !rig.Eval[bool](tab, fmt.Sprintf(`ran >= %d`, expires.UnixMilli())) {
			t.Error("the tab ran before the message expired: it was not frozen")
		}
		if k.had("after", text) {
			t.Error("it is still there when the page has heard that it runs again")
		}
		return true
	})

	rig.InTime(t, life, func(life time.Duration) bool {
		k.clockError = tab.ClockError() // the page has connected again
		text, expires, alive := k.brief(life)
		due := expires.Add(k.clockError)
		tab.Script(fmt.Sprintf(`window.frame = undefined; window.looked = %[1]q; {
			const hides = %[3]s;
			requestAnimationFrame(function look(began) {
				if (window.looked !== %[1]q) return;
				const at = performance.timeOrigin + began;
				// The first frame may have begun before the laptop slept.
				if (at < %[2]d || Number.isFinite(hides) && at <= hides) return requestAnimationFrame(look);
				window.frame = document.body.innerText; // innerText leaves out invisible texts
			});
		}`, text, due.UnixMilli(), hidesAt(text)))
		wake := tab.Sleep()
		if alive = alive && k.alive(expires); alive {
			pass(due)
		}
		wake()
		if alive {
			k.wantGone("while the laptop sleeps", text)
		}
		return alive
	})

	for _, kept := range []bool{true, false} {
		rig.InTime(t, life, func(life time.Duration) bool {
			k.clockError = tab.ClockError()
			text, expires, alive := k.brief(life)
			if !kept {
				tab.Script(`addEventListener('unload', () => {})`)
			}
			tab.Do(chromedp.Navigate(server.URL + "/robots.txt"))
			if alive = alive && k.alive(expires); alive {
				pass(expires.Add(k.clockError))
			}
			k.back()
			if !alive {
				k.until(`window.frame !== undefined && document.activeElement === ` + rig.Composer)
				return false
			}
			k.wantGone(fmt.Sprintf("in a page that the browser keeps (%t)", kept), text)
			if got := rig.Eval[bool](tab, `kept`); got != kept {
				t.Errorf("the browser kept the page: %t, want %t", got, kept)
			}
			return true
		})
	}
}
