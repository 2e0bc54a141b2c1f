package app

import (
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/dom"
	"mayfly/app/words"
)

const installID = "install"

// An install offers to install Mayfly as an app with its own window and icon. If the browser can install apps, the page
// shows the offer once the user has sent a message, until the user accepts or dismisses it. In Apple's browsers a page can't
// begin the installation, so there the offer says which menu items the user must press.
type install struct {
	*model
	possible bool   // the browser can install Mayfly, from the page or from a menu
	steps    string // in Apple's browsers: the sentence that says which menu items to press; otherwise ""
	wrote    bool   // the user has sent a message since the page was opened
	answered bool   // the user has accepted or dismissed the offer, now or earlier in this browser
}

// check finds out whether this browser can install Mayfly, and how. It sets i.possible and i.steps, and i.answered if the
// user has answered earlier.
func (i *install) check(ctx goapp.Context) {
	if answer, err := browser.DeviceStorage().Load(browser.InstallKey); err != nil || answer != "" {
		i.answered = true // if the browser has no storage, don't ask: the page would ask again after each start
	}
	i.possible = ctx.IsAppInstallable() && !installed()
	if i.possible && ctx.IsAppleBrowser() {
		navigator := goapp.Window().Get("navigator")
		i.steps = appleSteps(navigator.Get("userAgent").String(), navigator.Get("maxTouchPoints").Int() > 1)
		i.possible = i.steps != ""
	}
	if !i.possible {
		yieldFocus(installID)
	}
}

// installed reports whether this window is that of the installed app. It need not check the usual display mode, standalone:
// go-app's IsAppInstallable checks that mode.
func installed() bool {
	for _, mode := range []string{"minimal-ui", "fullscreen", "window-controls-overlay"} {
		if dom.Matches("(display-mode: " + mode + ")") {
			return true
		}
	}
	return false
}

// appleSteps returns the sentence that says which menu items install the page in one of Apple's browsers. touch says whether
// the device has a touch screen: that distinguishes an iPad from a Mac, because both call themselves Macintosh. If the
// browser can't install apps, such as Safari before version 17 on a Mac, appleSteps returns "".
func appleSteps(userAgent string, touch bool) string {
	if touch || !strings.Contains(userAgent, "Macintosh") {
		return words.Of(words.InstallByShare)
	}
	_, version, _ := strings.Cut(userAgent, "Version/")
	if major, _, _ := strings.Cut(version, "."); len(major) < 2 || major < "17" {
		return ""
	}
	return words.Of(words.InstallByDock)
}

// onSent runs after the user has sent a message.
func (i *install) onSent(ctx goapp.Context) {
	if !i.wrote {
		i.wrote = true
		i.check(ctx)
	}
}

// render draws the offer, nil if there is none.
func (i *install) render() goapp.UI {
	if !i.possible || !i.wrote || i.answered {
		return nil
	}
	region := words.Of(words.InstallRegion)
	if i.steps != "" {
		return bar(region, installID, i.steps, "", nil, i.onDismiss)
	}
	return bar(region, installID, words.Of(words.InstallOffer), words.Of(words.Install), i.onInstall, i.onDismiss)
}

// onInstall runs when the user wants to install Mayfly.
func (i *install) onInstall(ctx goapp.Context, _ goapp.Event) {
	ctx.ShowAppInstallPrompt()
	i.answer()
}

// onDismiss runs when the user does not want to install Mayfly.
func (i *install) onDismiss(goapp.Context, goapp.Event) { i.answer() }

// answer stores that the user has answered, so that the page does not ask again in this browser.
func (i *install) answer() {
	i.answered = true
	_ = browser.DeviceStorage().Save(browser.InstallKey, "answered") // on an error the page asks again after its next start
	focusComposer()
}
