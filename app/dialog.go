package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
	"mayfly/app/words"
)

// A dialog is a modal window over the page. The browser keeps the focus in it, closes it on Escape and on a click beside it,
// and gives the focus back to the element that had it. A closed dialog is not in the document.
type dialog struct {
	id   string
	open bool

	// drawn runs f once the page is drawn, even if the element that the user has pressed in the dialog is gone by then.
	drawn func(f func())
}

// show opens the dialog once it is drawn. ctx must be the context of an element outside the dialog.
func (d *dialog) show(ctx goapp.Context) {
	d.open = true
	d.drawn = func(f func()) { deferred(ctx, func(goapp.Context) { f() }) }
	deferred(ctx, func(goapp.Context) {
		if e := dom.ByID(d.id); e.Truthy() && !e.Get("open").Bool() {
			e.Call("showModal")
			if !e.Call("querySelector", "[autofocus]").Truthy() {
				e.Call("focus") // so that a screen reader says the dialog's name, and no control has the focus by chance
			}
		}
	})
}

// frame draws the dialog: a heading, which names it, a button that closes it, and body.
func (d *dialog) frame(heading string, body ...goapp.UI) goapp.UI {
	headingID := d.id + "-heading"
	closing := textElem("button", "button", words.Of(words.Close)).Attr("type", "button")
	head := elem("div", "dialog-head", textElem("h2", "dialog-title", heading).Attr("id", headingID),
		on(closing, "click", d.onButton))
	frame := elem("dialog", "dialog", append([]goapp.UI{head}, body...)...)
	attributes(frame, "id", d.id, "aria-labelledby", headingID, "tabindex", "-1", "closedby", "any")
	return on(frame, "close", d.onClose)
}

// onButton runs when the user presses the button that closes the dialog.
func (d *dialog) onButton(ctx goapp.Context, _ goapp.Event) {
	ctx.PreventUpdate()
	dom.ByID(d.id).Call("close")
}

// onClose runs after the browser has closed the dialog. The element that had the focus may be gone by now.
func (d *dialog) onClose(goapp.Context, goapp.Event) {
	d.open = false
	if dom.Active().Equal(dom.Document().Get("body")) {
		focusComposer()
	}
}
