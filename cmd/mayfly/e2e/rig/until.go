package rig

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/chromedp/chromedp"
)

// attempt is the longest time in which a page answers Until. Until waits twice as long for the answer, for a machine that is
// busy. The browser keeps some pages that the tab has left, in case the user goes back. Such a page is stopped and answers
// nothing, so Until must ask again, and asks the page that the tab has by then. (chromedp.Poll can't be used: it may go on
// asking the stopped page.)
const attempt = Timeout / 36

// untils counts the calls of Until.
var untils atomic.Int64

// Until waits until the JavaScript expression js is true, on this page or on a page that follows it in the tab. If js
// throws, Until goes on waiting: a page that has just begun lacks the elements that js reads.
//
// Until asks the page again and again. On a busy machine Until may give up an attempt before its answer comes. So the page
// remembers in untilOf that js was true once, and the next attempt gets that answer. An attempt in the page ends when the
// next one begins: otherwise more and more attempts would run for which nobody waits.
func (tab *Tab) Until(js string) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.Ctx, Timeout)
	defer cancel()
	wait := chromedp.Evaluate[bool](fmt.Sprintf(`(async id => {
		const all = self.untilOf?.id === id ? untilOf : self.untilOf = {id, attempts: 0};
		const at = ++all.attempts, end = performance.now() + %d;
		for (; at === all.attempts && performance.now() < end; await new Promise(r => setTimeout(r, 20))) {
			try { if (all.yes ||= await (%s)) break; } catch {}
		}
		return !!all.yes;
	})(%d)`, attempt.Milliseconds(), js, untils.Add(1)), chromedp.EvalAwaitPromise)
	for {
		once, end := context.WithTimeout(ctx, 2*attempt)
		yes, err := chromedp.Run(once, wait)
		late := once.Err() != nil
		end()
		if err == nil && yes {
			return
		}
		if ctx.Err() != nil || err != nil && !late && !left(err) {
			last, end := context.WithTimeout(tab.Ctx, attempt)
			defer end()
			_, thrown := chromedp.Run(last, chromedp.Evaluate[chromedp.Void](js, chromedp.EvalAwaitPromise))
			shown, _ := chromedp.Run(last, chromedp.Evaluate[string]("document.body.innerText"))
			tab.t.Fatalf("never true: %s: %v; it throws: %v; the page shows:\n%s", js, err, thrown, shown)
		}
	}
}

// left reports whether err says that the tab left the page before the page could evaluate an expression.
func left(err error) bool {
	return strings.Contains(err.Error(), "navigated or closed") || strings.Contains(err.Error(), "context was destroyed") ||
		strings.Contains(err.Error(), "Cannot find context")
}

// ready is a JavaScript expression. It is true when the tab is online and the user can write.
const ready = `document.querySelector('[role=status]')?.innerText.toLowerCase().includes('online') && ` + MayWrite

// MayWrite is a JavaScript expression. It is true when the client's own composer has the focus, not the shell's.
const MayWrite = `!document.querySelector('.shell') && document.activeElement?.matches('textarea:enabled')`

// Ready waits until the tab is online and its composer has the focus.
func (tab *Tab) Ready() *Tab {
	tab.t.Helper()
	tab.Until(ready)
	return tab
}

// Installed waits until a service worker serves the page. By then the worker has cached all files that the page needs.
func (tab *Tab) Installed() *Tab {
	tab.t.Helper()
	tab.Until(`navigator.serviceWorker.ready.then(
		r => r.active.state === 'activated' && !!navigator.serviceWorker.controller)`)
	return tab
}
