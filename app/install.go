package app

import (
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
)

// Mayfly can be installed: it then has a window and an icon of its own. The browser offers that where it likes; the page does
// so once one has sent a message, where it can work, and until one has said yes or no. Apple's browsers let no page ask, so
// there it says what to press.

const (
	installID  = "install"
	installKey = "mayfly-install" // there once one has said yes or no on this device
)

// An offer is what is known of installing.
type offer struct {
	possible bool   // the browser would ask, or one may do it oneself
	steps    string // what to press, where no page may ask
	wrote    bool   // one has sent a message since the page was opened
	answered bool
}

// OnAppInstallChange takes in that the browser would install Mayfly now, or has done so.
func (c *chat) OnAppInstallChange(ctx goapp.Context) {
	defer Guard()
	c.canInstall(ctx)
}

// canInstall looks whether there is something to offer.
func (c *chat) canInstall(ctx goapp.Context) {
	o := &c.offer
	if answer, err := browser.DeviceStorage().Load(installKey); err != nil || answer != "" {
		o.answered = true // or it would be asked again and again
	}
	o.possible = ctx.IsAppInstallable() && !installed()
	if o.possible && ctx.IsAppleBrowser() {
		navigator := goapp.Window().Get("navigator")
		o.steps = appleSteps(navigator.Get("userAgent").String(), navigator.Get("maxTouchPoints").Int() > 1)
		o.possible = o.steps != ""
	}
	if !o.possible {
		letGo(installID)
	}
	c.stayAtEnd(ctx)
}

// installed reports whether this is a window of an installed app, whatever that looks like. go-app knows one look.
func installed() bool {
	for _, mode := range []string{"minimal-ui", "fullscreen", "window-controls-overlay"} {
		if goapp.Window().Call("matchMedia", "(display-mode: "+mode+")").Get("matches").Bool() {
			return true
		}
	}
	return false
}

// appleSteps says what to press in Apple's browsers, "" where it does not work: in Safari on a Mac before version 17.
func appleSteps(userAgent string, touch bool) string {
	if touch || !strings.Contains(userAgent, "Macintosh") {
		return "To install Mayfly, tap Share, which may be behind “⋯”, then “Add to Home Screen”."
	}
	_, version, _ := strings.Cut(userAgent, "Version/")
	if major, _, _ := strings.Cut(version, "."); len(major) < 2 || major < "17" {
		return ""
	}
	return "To install Mayfly, choose “Add to Dock…” in Safari's File menu."
}

// installBar draws the offer, nil if there is none, or something else to say: it can wait.
func (c *chat) installBar() goapp.UI {
	o := &c.offer
	if !o.possible || !o.wrote || o.answered || c.newer() != "" || c.notice != "" || c.trouble().text != "" {
		return nil
	}
	if o.steps != "" {
		return bar("Install", installID, o.steps, "", nil, c.onNoInstall)
	}
	return bar("Install", installID, "Mayfly can be installed as an app.", "Install", c.onInstall, c.onNoInstall)
}

func (c *chat) onInstall(ctx goapp.Context, _ goapp.Event) {
	defer Guard()
	ctx.ShowAppInstallPrompt()
	c.answer()
}

func (c *chat) onNoInstall(goapp.Context, goapp.Event) {
	defer Guard()
	c.answer()
}

// answer takes in that one has said yes or no: that is for good.
func (c *chat) answer() {
	c.offer.answered = true
	_ = browser.DeviceStorage().Save(installKey, "answered") // or one is asked again after the next start
	focusComposer()
}
