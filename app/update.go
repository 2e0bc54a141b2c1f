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
	// outdated is what the method ready returns in place of a version if the server speaks a newer protocol, so that this
	// client can't connect. The bar must appear then, but the page may not know yet which version a reload brings.
	outdated = "protocol"

	checkEvery = time.Hour   // how often the page checks for a newer version if nothing calls checkSoon
	checkPause = time.Minute // the shortest time between two checks, even if checkSoon is called
)

// An update looks for a newer version of Mayfly. The service worker downloads and stores the newer version, and tells the
// page the name of that version. The user gets the newer version when the page is reloaded. While the page is visible, a bar
// offers the reload, and the user decides. A hidden page reloads by itself if the user would see no difference afterwards.
//
// go-app's own event for a new version is not used, and package web switches it off. That event also comes at the first
// visit. And a page that was opened after the event would never learn of the version.
type update struct {
	*model
	version   string    // the newer version that a reload brings; "": a reload brings the version that the page has
	dismissed string    // the version for which the user has dismissed the bar
	checked   time.Time // when the page last looked for a newer version
	wantCheck bool      // a check is wanted soon, for example because a lost connection is back; it waits for checkPause
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

// onReload runs when the user presses the button Reload in the bar.
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

// check looks for a newer version if the method due says that it is time. If this fails, or if the download of a newer
// version fails, onFailed decides when the page tries again.
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

// onFailed runs when the page could not look for a newer version, or when the browser could not download it. If the client
// is connected, onFailed makes the page try again after checkPause. Otherwise it does nothing, because the page looks again
// as soon as the connection is back (afterView).
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

// announce runs when something has changed that may make the bar appear or disappear. If the bar is shown, announce makes a
// screen reader say the bar's text. If no bar is shown, announce moves the focus from the bar, if it was there, to the
// composer.
func (u *update) announce() {
	if u.ready() != "" {
		u.voice.say(u.text())
		yieldFocus(installID) // the bar replaces the offer to install, which may have the focus
	} else {
		yieldFocus(updateID)
	}
}

// afterView runs after the page has shown a new view. previous is the view before it. If a lost connection is back,
// afterView looks for a newer version: the connection may have been lost because the operator replaced the server. afterView
// also reloads the page if reloadUnseen allows that now, for example because the last waiting message was sent.
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
// empty, no message waits to be sent, and no message is unread. Servers of two versions may answer by turns, and then the
// page would reload again and again. So reloadUnseen stores the version that it reloads away from, and never reloads to the
// stored version.
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
