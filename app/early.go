package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/client/outbox"
)

// An early gives the composer what the user has written before the client runs, in the composer of the shell (web/early.js).
// When the client's page is drawn, the shell's composer stays, and covers the composer, until the page may move the focus
// into the composer's field (arrived). Then the composer gets everything, and the shell goes.
type early struct {
	to        *composer
	composing bool                 // an input method is composing a text in the shell; composed runs after that
	composed  func()               // makes arrived run
	sent      func(texts []string) // sends what the user has sent in the shell
}

// start runs when the composer is in the document.
func (e *early) start(ctx goapp.Context, to *composer) {
	e.to = to
	e.composed = func() {
		dispatch(ctx, func(ctx goapp.Context) {
			ctx.PreventUpdate()
			e.composing = false
			to.arrived()
		})
	}
	e.sent = func(texts []string) {
		dispatch(ctx, func(ctx goapp.Context) { e.send(ctx, texts) })
	}
	browser.CoverWithShell()
}

// ends reports whether the shell may go now. It may not while an input method is composing a text: the text would be lost
// with the field in which it is composed.
func (e *early) ends() bool {
	if !e.composing {
		e.composing = browser.EarlyComposing(e.composed)
	}
	return !e.composing
}

// adopt gives the composer what the user has written in the shell, and removes the shell. If the page has gone on to another
// room than the one where the user has sent texts, adopt sends nothing: all of it comes into the field.
func (e *early) adopt() {
	is, ok := browser.EarlyWritten()
	if !ok {
		return
	}
	browser.EndEarly()
	if is.Room != e.to.draft.room {
		for _, sent := range is.Sent {
			e.put(sent)
		}
		is.Sent = nil
	}
	if is.Text != "" {
		e.put(is.Text)
		if input := composerField(); input.Get("value").String() == is.Text {
			input.Call("setSelectionRange", is.From, is.To)
		}
		e.to.onTyping(is.Text)
	}
	if len(is.Sent) > 0 {
		e.sent(is.Sent)
	}
}

// send sends texts. A text that can't be sent comes into the field.
func (e *early) send(ctx goapp.Context, texts []string) {
	for _, text := range texts {
		if !e.to.post(ctx, tidy(text)) {
			e.put(text)
		}
	}
}

// put adds text after the text in the field.
func (e *early) put(text string) {
	input := composerField()
	input.Set("value", outbox.JoinDrafts(input.Get("value").String(), text))
	e.to.measure()
	e.to.keepDraft()
}
