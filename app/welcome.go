package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/words"
)

const welcomeID = "welcome"

// A welcome is a sentence over the beginning of the message list that explains Mayfly to a user at the first visit. When the
// user dismisses the sentence or sends a message, the device stores that, and later visits do not show the sentence. If the
// first room is empty, the page does not show the sentence either, because an empty room explains the same itself.
type welcome struct {
	*model
	help  *help
	first bool // nothing on the device says that the user has been here before
	asked bool // the page has decided whether to show the sentence; it decides only once
	shown bool // the page shows the sentence now
}

// load finds out whether this is the first visit, and sets first. If the browser denies storage, first is false: otherwise
// every visit would seem to be the first, and the page would show the sentence each time.
func (w *welcome) load() {
	before, err := browser.DeviceStorage().Load(browser.WelcomeKey)
	w.first = err == nil && before == ""
}

// afterView runs when the page has a new view. When the user has joined the first room, afterView decides whether the page
// shows the sentence. The page never shows it later, because the messages would move while the user reads them.
func (w *welcome) afterView() {
	if !w.asked && w.view.Joined {
		w.asked, w.shown = true, w.first && len(w.messages()) > 0
	}
}

// render draws the sentence, nil if there is none.
func (w *welcome) render() goapp.UI {
	if !w.shown {
		return nil
	}
	return bar(words.Of(words.WelcomeRegion), welcomeID, words.Of(words.WelcomeText), words.Of(words.HowItWorks), w.onHelp,
		w.onDismiss)
}

// onHelp runs when the user presses the button "How it works". It opens the help.
func (w *welcome) onHelp(ctx goapp.Context, _ goapp.Event) { w.help.show(ctx) }

// onDismiss runs when the user dismisses the sentence.
func (w *welcome) onDismiss(goapp.Context, goapp.Event) {
	w.end()
	focusComposer()
}

// end removes the sentence, also for later visits: the user has dismissed it, or has sent a message.
func (w *welcome) end() {
	w.asked, w.shown = true, false
	if w.first {
		w.first = false
		_ = browser.DeviceStorage().Save(browser.WelcomeKey, "seen") // on an error the next visit counts as the first
	}
}
