package app

import (
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/client"
	"mayfly/app/dom"
)

// A newer version of Mayfly: it is looked for, kept by the service worker, and there after a reload. The worker says which
// version it has; go-app's own word for it also comes at the first visit, and not if the page was not there to hear it. While
// one looks at the page, one says when to reload; else it does by itself, if nobody can tell the difference.

const (
	updateID   = "update"
	updatedKey = "mayfly-updated" // the version that this tab was the last time it reloaded by itself
	outdated   = "protocol"       // stands for the version that one cannot do without

	lookEvery = time.Hour
	lookPause = time.Minute // after one look until there is a reason for the next
)

// An upgrade is what is known of a newer version.
type upgrade struct {
	version string    // that a reload brings; "": the page's own
	waits   string    // the version of which one has said that it can wait
	looked  time.Time // when it was last looked for
	wanted  bool      // there is a reason to look again
	lost    bool      // the connection was lost: servers are often replaced by newer ones
}

// due reports whether it is time to look.
func (u *upgrade) due(now time.Time) bool {
	age := now.Sub(u.looked)
	return age >= lookEvery || u.wanted && age >= lookPause
}

// newer returns what stands for the version to reload for, "" if there is none, or if it can wait.
func (c *chat) newer() string {
	version := c.upgrade.version
	if c.view.Outdated {
		version = outdated
	}
	if version == c.upgrade.waits {
		return ""
	}
	return version
}

// wish looks for a newer version as soon as it may.
func (c *chat) wish() {
	c.upgrade.wanted = true
	c.look()
}

// look looks for a newer version if it is time to.
func (c *chat) look() {
	now := time.Now()
	if !c.upgrade.due(now) {
		return
	}
	c.upgrade.looked, c.upgrade.wanted = now, false
	go func() {
		defer Guard()
		browser.UpdateWorker()
	}()
}

// brings takes in which version a reload would bring.
func (c *chat) brings(ctx goapp.Context, version string) {
	defer Guard()
	if version == goapp.Getenv("GOAPP_VERSION") {
		version = ""
	}
	if version == c.upgrade.version {
		ctx.PreventUpdate()
		return
	}
	c.upgrade.version = version
	c.tellUpdate(ctx)
	c.reloadUnseen()
}

// tellUpdate says that there is a newer version, or takes that back.
func (c *chat) tellUpdate(ctx goapp.Context) {
	if c.newer() != "" {
		c.say(c.updateWords())
		letGo(installID) // that waits now
	} else {
		letGo(updateID)
	}
	c.stayAtEnd(ctx)
}

func (c *chat) updateWords() string {
	if c.view.Outdated {
		return "The server needs a newer version of Mayfly. Reload to go on."
	}
	return "A new version is ready."
}

// updateBar draws that there is a newer version, nil if there is none.
func (c *chat) updateBar() goapp.UI {
	if c.newer() == "" {
		return nil
	}
	return bar("New version", updateID, c.updateWords(), "Reload", c.onReload, c.onLater)
}

func (c *chat) onReload(goapp.Context, goapp.Event) {
	defer Guard()
	c.reload()
}

func (c *chat) onLater(goapp.Context, goapp.Event) {
	defer Guard()
	c.upgrade.waits = c.newer()
	focusComposer()
}

// reload makes the page anew, once what is written is kept; whatever reloads it does so here. Once is enough: a reload that is
// asked for again begins again.
func (c *chat) reload() {
	if c.reloads {
		return
	}
	c.reloads = true
	c.settle(func() { goapp.Window().Get("location").Call("reload") })
}

// follows looks for a newer version once a connection is back that was lost, and reloads when what was waited for is sent.
func (c *chat) follows(ctx goapp.Context, before *client.View) {
	v := &c.view
	switch {
	case v.Joined && c.upgrade.lost:
		c.upgrade.lost = false
		c.wish()
	case !v.Joined && (before.Joined && before.Room == v.Room || v.Status != client.Connecting && v.Status != client.Online):
		c.upgrade.lost = true
	}
	if v.Outdated != before.Outdated {
		c.wish()
		c.tellUpdate(ctx)
	}
	c.reloadUnseen()
}

// reloadUnseen reloads for a newer version if nobody can tell the difference: the page is out of sight, nothing is written or
// on its way, and nothing waits to be read. Where servers of two versions take turns, a tab does not follow them back.
func (c *chat) reloadUnseen() {
	if c.upgrade.version == "" || !dom.Hidden() || !c.idle() {
		return
	}
	tab := browser.TabStorage()
	if was, err := tab.Load(updatedKey); err != nil || was == c.upgrade.version {
		return
	}
	if tab.Save(updatedKey, goapp.Getenv("GOAPP_VERSION")) == nil {
		c.reload()
	}
}

// idle reports whether a reload would leave all as it is.
func (c *chat) idle() bool {
	input := composerField()
	return (c.view.Joined || c.view.Outdated) && c.view.Unsent == 0 && c.atEnd && c.attention.unread() == 0 && !c.leaving &&
		(!input.Truthy() || input.Get("textLength").Int() == 0)
}
