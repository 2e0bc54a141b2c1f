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
	outdated = "protocol" // stands for the version without which the client can't connect

	checkEvery = time.Hour
	checkPause = time.Minute // after one check until there is a reason for the next
)

// An update looks for a newer version of Mayfly, which the service worker stores and a reload brings. The worker says
// which version it has; go-app's own event for it also comes at the first visit, and not if the page was not there to get
// it. While the user looks at the page, the user says when to reload; else the page reloads by itself, if nobody can tell
// the difference.
type update struct {
	*model
	version   string    // that a reload brings; "": the page's own
	dismissed string    // the version of which the user has said that it can wait
	checked   time.Time // when the page last looked for a newer version
	wantCheck bool      // there is a reason to look again
	lost      bool      // the connection was lost: servers are often replaced by newer ones
}

// ready returns what stands for the version to reload for, "" if there is none, or if it can wait.
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

// render draws that there is a newer version, nil if there is none.
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

// onReload runs when the user wants the newer version.
func (u *update) onReload(goapp.Context, goapp.Event) { u.reload() }

// onDismiss runs when the user says that the newer version can wait.
func (u *update) onDismiss(goapp.Context, goapp.Event) {
	u.dismissed = u.ready()
	focusComposer()
}

// due reports whether it is time to look for a newer version.
func (u *update) due(now time.Time) bool {
	age := now.Sub(u.checked)
	return age >= checkEvery || u.wantCheck && age >= checkPause
}

// checkSoon looks for a newer version as soon as it may.
func (u *update) checkSoon() {
	u.wantCheck = true
	u.check()
}

// check looks for a newer version if it is time to.
func (u *update) check() {
	now := time.Now()
	if !u.due(now) {
		return
	}
	u.checked, u.wantCheck = now, false
	spawn(browser.UpdateWorker)
}

// onWorkerVersion runs when the service worker has said which version a reload would bring.
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

// announce says that there is a newer version, or takes that back.
func (u *update) announce() {
	if u.ready() != "" {
		u.voice.say(u.text())
		yieldFocus(installID) // the offer to install waits now
	} else {
		yieldFocus(updateID)
	}
}

// afterView runs when a view is shown after before. It looks for a newer version once a connection is back that was lost,
// and reloads when the messages that waited are sent.
func (u *update) afterView(before *client.View) {
	v := &u.view
	switch {
	case v.Joined && u.lost:
		u.lost = false
		u.checkSoon()
	case !v.Joined && (before.Joined && before.Room == v.Room || v.Status != client.Connecting && v.Status != client.Online):
		u.lost = true
	}
	if v.Outdated != before.Outdated {
		u.checkSoon()
		u.announce()
	}
	u.reloadUnseen()
}

// reloadUnseen reloads for a newer version if nobody can tell the difference: the page is out of sight, nothing is
// written or on its way, and nothing waits to be read. Where servers of two versions take turns, a tab does not follow
// them back.
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

// idle reports whether a reload would leave all as it is.
func (u *update) idle() bool {
	if input := composerField(); input.Truthy() && input.Get("textLength").Int() != 0 {
		return false
	}
	allRead := u.list.Following() && u.unread.Count() == 0
	return (u.view.Joined || u.view.Outdated) && u.view.Unsent == 0 && allRead && !u.leaving
}
