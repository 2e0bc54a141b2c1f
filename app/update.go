package app

import (
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
)

const (
	updateID = "update"
	// outdated is the result of ready if the server speaks a newer protocol, so that this client can't connect.
	outdated = "protocol"

	checkEvery = time.Hour
	checkPause = time.Minute // the shortest time between two checks
)

// An update looks for a newer version of Mayfly. The service worker downloads and stores it, and a reload of the page brings
// it. The worker sends the version that it has stored. (go-app's own event for a new version is not used, and package web
// switches it off: it also comes at the first visit, and a page that is opened after the event never learns of the version.)
// While the page is visible, the user decides when to reload. A hidden page reloads by itself, if the user would see no
// difference afterwards.
type update struct {
	*model
	version   string    // the version that a reload brings; "": the version that the page has
	dismissed string    // the version for which the user has dismissed the bar
	checked   time.Time // when the page last looked for a newer version
	wantCheck bool      // there is a reason to look again, but the last check was less than checkPause ago
	lost      bool      // the connection was lost, so a newer server may have replaced the old one
}

// ready returns the version for which the bar is shown; "": no bar is shown.
func (u *update) ready() string {
	version := u.version
	if u.view.Outdated {
		version = outdated
	}
	if version == u.dismissed {
		return ""
	}
	return version
}

// render draws the bar that offers the newer version, nil if no bar is shown.
func (u *update) render() goapp.UI {
	if u.ready() == "" {
		return nil
	}
	return bar(words.Of(words.UpdateRegion), updateID, u.text(), words.Of(words.Reload), u.onReload, u.onDismiss)
}

func (u *update) text() string {
	if u.view.Outdated {
		return words.Of(words.UpdateNeeded)
	}
	return words.Of(words.UpdateReady)
}

// onReload runs when the user presses the button that reloads.
func (u *update) onReload(goapp.Context, goapp.Event) { u.reload() }

// onDismiss runs when the user dismisses the bar.
func (u *update) onDismiss(goapp.Context, goapp.Event) {
	u.dismissed = u.ready()
	focusComposer()
}

// due reports whether the page should look for a newer version now.
func (u *update) due(now time.Time) bool {
	age := now.Sub(u.checked)
	return age >= checkEvery || u.wantCheck && age >= checkPause
}

// checkSoon looks for a newer version at once, or when checkPause is over.
func (u *update) checkSoon(ctx goapp.Context) {
	u.wantCheck = true
	u.check(ctx)
}

// check looks for a newer version if a check is due. If the look or the download fails although there is a connection, the
// page tries again after checkPause.
func (u *update) check(ctx goapp.Context) {
	now := time.Now()
	if !u.due(now) {
		return
	}
	u.checked, u.wantCheck = now, false
	spawn(func() {
		if browser.UpdateWorker() != nil {
			dispatch(ctx, u.onFailed)
		}
	})
}

// onFailed runs when the page could not look for a newer version, or the browser could not download it. Without a
// connection the page looks anyway as soon as the connection is back.
func (u *update) onFailed(ctx goapp.Context) {
	ctx.PreventUpdate()
	u.wantCheck = u.wantCheck || u.view.Joined
}

// onWorkerVersion runs when the service worker sends the version that a reload would bring.
func (u *update) onWorkerVersion(ctx goapp.Context, version string) {
	if version == goapp.Getenv("GOAPP_VERSION") {
		version = ""
	}
	if version == u.version {
		ctx.PreventUpdate()
		return
	}
	u.version = version
	u.announce()
	u.reloadUnseen()
}

// announce runs when the bar may have appeared or disappeared. If a reload brings a newer version, the bar appears, and
// announce makes a screen reader say so. Otherwise announce moves the focus out of the bar, which disappears.
func (u *update) announce() {
	if u.ready() != "" {
		u.voice.say(u.text())
		yieldFocus(installID) // the bar replaces the offer to install, which may have the focus
	} else {
		yieldFocus(updateID)
	}
}

// afterView runs after a view was shown. previous is the view before it. If a lost connection is back, afterView looks for a
// newer version. It reloads the page if the user would not notice, for example because the last waiting message was sent.
func (u *update) afterView(ctx goapp.Context, previous *client.View) {
	v := &u.view
	switch {
	case v.Joined && u.lost:
		u.lost = false
		u.checkSoon(ctx)
	case !v.Joined && (previous.Joined && previous.Room == v.Room ||
		v.Status != client.Connecting && v.Status != client.Online):
		u.lost = true
	}
	if v.Outdated != previous.Outdated {
		u.checkSoon(ctx)
		u.announce()
	}
	u.reloadUnseen()
}

// reloadUnseen reloads the page for a newer version if the user would see no difference: the page is hidden, the composer is
// empty, no message waits to be sent, and no message is unread. The tab stores which version it had before the reload, and
// does not reload back to it. So it does not reload again and again while servers of two versions answer by turns.
func (u *update) reloadUnseen() {
	if u.version == "" || !dom.Hidden() || !u.idle() {
		return
	}
	tab := browser.TabStorage()
	if was, err := tab.Load(browser.UpdatedKey); err != nil || was == u.version {
		return
	}
	if tab.Save(browser.UpdatedKey, goapp.Getenv("GOAPP_VERSION")) == nil {
		u.reload()
	}
}

// idle reports whether a reload would lose nothing that the user sees or has written.
func (u *update) idle() bool {
	if input := composerField(); input.Truthy() && input.Get("textLength").Int() != 0 {
		return false
	}
	allRead := u.list.Following() && u.unread.Count() == 0
	return (u.view.Joined || u.view.Outdated) && u.view.Unsent == 0 && allRead && !u.leaving
}
