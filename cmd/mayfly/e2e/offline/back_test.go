package offline_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// watch lets each page remember what it held when it ran again, and in the first frame after that. It is there before Mayfly's
// scripts, so it hears of it before they do.
const watch = `{
	const held = () => document.body.textContent;
	const woken = e => {
		if (e.type === 'pageshow') window.kept = e.persisted;
		window.before = held();
		window.frame = undefined;
		requestAnimationFrame(() => { window.frame = held(); });
	};
	addEventListener('resume', woken, true);
	addEventListener('pageshow', woken, true);
}`

// a reader looks at what one tab shows.
type reader struct {
	t    *testing.T
	tab  *rig.Tab
	room *rig.Raw // somebody else who writes
	n    int
}

// brief has a message come that lives for a few seconds.
func (k *reader) brief() (text string, expires time.Time) {
	k.t.Helper()
	k.n++
	text = fmt.Sprintf("brief %d", k.n)
	expires = say(k.room, text, 3*time.Second)
	k.until(fmt.Sprintf(`document.querySelector('main').innerText.includes('%s')`, text))
	return text, expires
}

// had reports whether what the page remembers as when has text.
func (k *reader) had(when, text string) bool {
	k.t.Helper()
	return rig.Eval[bool](k.tab, fmt.Sprintf(`%s.includes(%q)`, when, text))
}

// until is Tab.Until for a page that came from the browser's cache, in which chromedp does not know its way.
func (k *reader) until(js string) {
	k.t.Helper()
	rig.Eval[bool](k.tab, `new Promise(done => { (function look() { `+js+` ? done(true) : setTimeout(look, 20); })(); })`)
}

// wantGone waits for the first frame, in which text must not be any more, and sees to it that the page works.
func (k *reader) wantGone(where, text string) {
	k.t.Helper()
	k.until(`window.frame !== undefined`)
	if k.had("frame", text) {
		k.t.Errorf("%s: it is still there in the first frame", where)
	}
	k.until(`document.activeElement?.tagName === 'TEXTAREA'`)
	k.n++
	other, own := fmt.Sprintf("to you %d", k.n), fmt.Sprintf("to all %d", k.n)
	say(k.room, other, time.Minute)
	k.tab.Say(own)
	k.until(fmt.Sprintf(`['%s', '%s'].every(t => document.querySelector('main').innerText.includes(t)) && !document.querySelector('.message-waiting')`, other, own))
	if status := rig.Eval[string](k.tab, `document.querySelector('[role=status]').innerText`); status != "Online" {
		k.t.Errorf("%s: the status is %q", where, status)
	}
}

// back goes back to the page before this one, and waits until it is there: what is asked of the one that is left would get no
// answer.
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

// TestNothingExpiredComesBack lets messages expire while their page does not run, and looks at it when it does again.
func TestNothingExpiredComesBack(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OwnBrowser(t).Tab("")
	tab.BeforeScripts(watch)
	tab.Do(chromedp.Navigate(server.URL))
	k := &reader{t: t, tab: tab.Ready(), room: rig.DialAnd(t, server, wire.DefaultRoom)}

	tab.Minimize()
	text, _ := k.brief()
	tab.ShowsNot(text)
	text, expires := k.brief()
	tab.Do(chromedp.Evaluate[chromedp.Void](`document.addEventListener('resume', () => { window.after = document.body.textContent; })`))
	tab.Freeze()
	until(t, expires)
	tab.Thaw()
	tab.Restore()
	k.wantGone("in a frozen tab", text)
	if !k.had("before", text) {
		t.Error("the tab was not frozen: the message went meanwhile")
	}
	if k.had("after", text) {
		t.Error("it is still there when the page has heard that it runs again")
	}

	text, expires = k.brief()
	tab.Do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`window.frame = undefined; requestAnimationFrame(function look(began) {
		if (performance.timeOrigin + began < %d) return requestAnimationFrame(look); // one that began before the laptop slept, too
		window.frame = document.body.innerText; // without what is there but not visible
	})`, expires.UnixMilli()+150)))
	wake := tab.Sleep()
	until(t, expires)
	wake()
	k.wantGone("while the laptop sleeps", text)

	for _, kept := range []bool{true, false} {
		text, expires = k.brief()
		if !kept {
			tab.Do(chromedp.Evaluate[chromedp.Void](`addEventListener('unload', () => {})`))
		}
		tab.Do(chromedp.Navigate(server.URL + "/robots.txt"))
		until(t, expires)
		k.back()
		k.wantGone(fmt.Sprintf("in a page that the browser keeps (%t)", kept), text)
		if got := rig.Eval[bool](tab, `kept`); got != kept {
			t.Errorf("the browser kept the page: %t, want %t", got, kept)
		}
	}
}
