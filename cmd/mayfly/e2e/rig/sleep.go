package rig

import (
	"context"
	"fmt"
	"sync"
	"syscall"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/systeminfo"
	"github.com/chromedp/chromedp"
)

// Freeze freezes the page, as browsers do with hidden tabs. Chromium then breaks the page's connections.
func (tab *Tab) Freeze() {
	tab.t.Helper()
	tab.lifecycle(page.SetWebLifecycleStateStateFrozen)
}

// Thaw lets a frozen page run again, hidden. After some time Chromium fires the timers of a hidden page only once a minute,
// too seldom for the method Until, which needs a timer of the page. So minimize the window before Freeze, and restore it
// after Thaw: then the page is visible.
func (tab *Tab) Thaw() {
	tab.t.Helper()
	tab.lifecycle(page.SetWebLifecycleStateStateActive)
}

func (tab *Tab) lifecycle(state page.SetWebLifecycleStateState) {
	tab.t.Helper()
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: state})
		return err
	}))
}

// Minimize minimizes the tab's window, so that the page becomes hidden. Use it only in a browser from OwnBrowser: the tabs
// of other tests would miss keys and frames.
func (tab *Tab) Minimize() {
	tab.t.Helper()
	tab.window(browser.WindowStateMinimized, "hidden")
}

// Restore shows the tab's window again.
func (tab *Tab) Restore() {
	tab.t.Helper()
	tab.window(browser.WindowStateNormal, "visible")
}

func (tab *Tab) window(state browser.WindowState, page string) {
	tab.t.Helper()
	tab.Do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		w, err := chromedp.CallBrowser(ctx, browser.GetWindowForTarget,
			browser.GetWindowForTargetParams{TargetID: target.TargetID})
		if err != nil {
			return err
		}
		_, err = chromedp.CallBrowser(ctx, browser.SetWindowBounds,
			browser.SetWindowBoundsParams{WindowID: w.WindowID, Bounds: &browser.Bounds{WindowState: state}})
		return err
	}))
	tab.Until(`document.visibilityState === '` + page + `'`)
}

// Visible tells the page whether it is visible, because a headless browser tells every page that it is.
func Visible(yes bool) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`{
		const shown = %t;
		Object.defineProperty(document, 'visibilityState', {value: shown ? 'visible' : 'hidden', configurable: true});
		Object.defineProperty(document, 'hidden', {value: !shown, configurable: true});
		document.dispatchEvent(new Event('visibilitychange', {bubbles: true}));
	}`, yes))
}

// Sleep stops all of Chromium's processes until wake is called. The browser then behaves as on a laptop with a closed lid.
func (tab *Tab) Sleep() (wake func()) {
	tab.t.Helper()
	all, err := chromedp.CallBrowser(tab.Ctx, systeminfo.GetProcessInfo, cdp.Empty{})
	if err != nil {
		tab.t.Fatal(err)
	}
	send := func(signal syscall.Signal) {
		for _, p := range all.ProcessInfo {
			if err := syscall.Kill(int(p.ID), signal); err != nil && err != syscall.ESRCH {
				tab.t.Error(err)
			}
		}
	}
	wake = sync.OnceFunc(func() { send(syscall.SIGCONT) })
	tab.t.Cleanup(wake)
	send(syscall.SIGSTOP)
	return wake
}
