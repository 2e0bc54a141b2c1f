package app

import (
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/words"
)

// onPaste runs when the user pastes something. A pasted text may have control characters, which the user would not see in
// the field. onPaste then inserts the text without them (see tidy).
func (c *composer) onPaste(ctx goapp.Context, e goapp.Event) {
	c.onTransfer(ctx, e)
	text := e.Get("clipboardData").Call("getData", "text/plain").String()
	if seen := tidy(text); seen != strings.ReplaceAll(text, "\r\n", "\n") { // otherwise the browser itself pastes the text
		e.PreventDefault()
		insertText(seen)
	}
}

// onTransfer runs when the user pastes something, drags something over the page or drops something there. For a file, the
// composer says that files can't be sent. Without onTransfer the browser would leave the page and show a dropped file. If
// the user pastes text and a file together, onTransfer ignores the file: word processors add a picture of the text.
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
	if event == "dragover" { // PreventDefault was enough: it makes the browser send a drop event later
		ctx.PreventUpdate()
		return
	}
	c.problem = words.Of(words.NoFiles)
	focusComposer()
}
