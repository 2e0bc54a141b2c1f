package rig

import (
	"context"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// Notifications is a JavaScript expression: a promise of the notifications that the browser shows for the page's origin,
// such as "#tea: New message in #tea". If a notification has a text, it follows after another colon.
const Notifications = `navigator.serviceWorker.ready.then(r => r.getNotifications()).then(all => all.map(n =>
	'#' + [n.tag, n.title, n.body].filter(Boolean).join(': ').replace(/[\u2066-\u2069]/g, '')).sort().join('; '))`

// Permit sets what the user has answered when the browser asked whether pages may show notifications. It holds for all tabs
// of the tab's browser profile. Until then, Chromium without a window answers each request with no.
func (tab *Tab) Permit(answer browser.PermissionSetting) {
	tab.t.Helper()
	tab.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		is, err := chromedp.CallBrowser(ctx, target.GetTargetInfo, target.GetTargetInfoParams{TargetID: t.TargetID})
		if err != nil {
			return err
		}
		_, err = chromedp.CallBrowser(ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: "notifications"}, Setting: answer,
			BrowserContextID: is.TargetInfo.BrowserContextID,
		})
		return err
	}))
}

// KeepNotifications makes Chromium show the notifications of the service worker of s until something closes them. Otherwise
// Chromium itself closes each one after 25 s, and on a busy machine a test can take longer.
func (tab *Tab) KeepNotifications(s *Server) {
	tab.t.Helper()
	tab.worker(s).Script(`{
		const show = ServiceWorkerRegistration.prototype.showNotification;
		ServiceWorkerRegistration.prototype.showNotification = function (title, options) {
			return show.call(this, title, {...options, requireInteraction: true});
		};
	}`)
}

// ClickNotification does in the service worker of s what a click on the notification of a room does. But as there is no real
// click, Chromium does not let the worker bring a window to the front.
func (tab *Tab) ClickNotification(s *Server, room string) {
	tab.t.Helper()
	Eval[bool](tab.worker(s), fmt.Sprintf(`registration.getNotifications({tag: %q}).then(([notification]) =>
		dispatchEvent(new NotificationEvent('notificationclick', {notification})))`, room))
}

// worker returns the service worker of s, in which Script and Eval run JavaScript. As long as a tab is open, Chromium does
// not end the worker until the test ends. Otherwise it ends a worker after 30 s without work.
func (tab *Tab) worker(s *Server) *Tab {
	tab.t.Helper()
	all, err := chromedp.CallBrowser(tab.Ctx, target.GetTargets, target.GetTargetsParams{})
	if err != nil {
		tab.t.Fatal(err)
	}
	for _, is := range all.TargetInfos {
		if is.Type == "service_worker" && strings.HasPrefix(is.URL, s.URL) {
			ctx, detach := chromedp.NewContext(tab.Ctx, chromedp.WithTargetID(is.TargetID), chromedp.WithDetachOnCancel())
			tab.t.Cleanup(detach)
			return &Tab{t: tab.t, Ctx: ctx}
		}
	}
	tab.t.Fatal("the page has no service worker")
	return nil
}
