package rig

import (
	"context"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// Notifications is a JavaScript expression for the service worker (Tab.Worker): a promise of the notifications that the
// browser shows for the page's origin, such as "#tea: New message in #tea". If a notification has a text, it follows after
// another colon. The expression first waits until the worker has done everything that pages have asked of it (the variable
// last in web/worker.js). The reason is a fault of Chromium: while a notification is on its way to the screen, Chromium may
// forget it if any script asks which notifications are shown.
const Notifications = `(last = last.then(() => registration.getNotifications())).then(all => all.map(n =>
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

// KeepNotifications makes Chromium show the notifications of the service worker until something closes them. Otherwise
// Chromium itself closes each one after 25 s, and on a busy machine a test can take longer.
func (worker *Worker) KeepNotifications() {
	worker.t.Helper()
	worker.Script(`{
		const show = ServiceWorkerRegistration.prototype.showNotification;
		ServiceWorkerRegistration.prototype.showNotification = function (title, options) {
			return show.call(this, title, {...options, requireInteraction: true});
		};
	}`)
}

// ClickNotification does what a click on the notification of a room does. But as there is no real click, Chromium does not
// let the worker bring a window to the front.
func (worker *Worker) ClickNotification(room string) {
	worker.t.Helper()
	Eval[bool](worker.Tab, fmt.Sprintf(`registration.getNotifications({tag: %q}).then(([notification]) =>
		dispatchEvent(new NotificationEvent('notificationclick', {notification})))`, room))
}

// A Worker is a service worker, in which Script, Until and Eval run JavaScript.
type Worker struct{ *Tab }

// Worker returns the service worker of s, and attaches to it until the test ends or the tab is closed. While it is
// attached, Chromium does not end the worker. Otherwise Chromium ends a worker after 30 s without work.
func (tab *Tab) Worker(s *Server) *Worker {
	tab.t.Helper()
	all, err := chromedp.CallBrowser(tab.Ctx, target.GetTargets, target.GetTargetsParams{})
	if err != nil {
		tab.t.Fatal(err)
	}
	for _, is := range all.TargetInfos {
		if is.Type == "service_worker" && strings.HasPrefix(is.URL, s.URL) {
			ctx, detach := chromedp.NewContext(tab.Ctx, chromedp.WithTargetID(is.TargetID), chromedp.WithDetachOnCancel())
			tab.t.Cleanup(detach)
			if err := chromedp.Do(ctx); err != nil { // attaches to the worker for as long as this ctx lives
				tab.t.Fatal(err)
			}
			return &Worker{&Tab{t: tab.t, Ctx: ctx}}
		}
	}
	tab.t.Fatal("the page has no service worker")
	return nil
}
