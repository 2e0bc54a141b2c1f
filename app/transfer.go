package app

import (
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
	"mayfly/app/words"
)

// onPaste runs when the user pastes something. If that is a text, onPaste inserts only what the user sees of it.
func (c *composer) onPaste(ctx goapp.Context, e goapp.Event) {
	c.onTransfer(ctx, e)
	text := e.Get("clipboardData").Call("getData", "text/plain").String()
	if seen := tidy(text); seen != strings.ReplaceAll(text, "\r\n", "\n") { // otherwise the browser itself pastes the text
		e.PreventDefault()
		insertText(seen)
	}
}

// insertText writes text at the caret. The browser's Undo can take this back; it could not if the page set the field's
// value.
func insertText(text string) { dom.Document().Call("execCommand", "insertText", false, text) }

// onTransfer runs when the user pastes something, drags it over the page or drops it there. If it is a file, onTransfer says
// that files can't be sent, and keeps the browser from leaving the page to show the file. If the user pastes text and a file
// together, onTransfer ignores the file: word processors add a picture of the text.
func (c *composer) onTransfer(ctx goapp.Context, e goapp.Event) {
	event, data := e.Get("type").String(), "dataTransfer"
	if event == "paste" {
		data = "clipboardData"
	}
	types := e.Get(data).Get("types")
	if !types.Call("includes", "Files").Bool() || event == "paste" && types.Call("includes", "text/plain").Bool() {
		ctx.PreventUpdate()
		return
	}
	e.PreventDefault()
	if event == "dragover" { // the browser only sends drop if dragover was prevented
		ctx.PreventUpdate()
		return
	}
	c.problem = words.Of(words.NoFiles)
	focusComposer()
}
