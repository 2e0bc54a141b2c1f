package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
)

// leaveToBrowser hides some clicks on links from go-app, so that the browser handles them. These are clicks with Shift or
// Alt, for which the browser opens a window or downloads the file, and clicks with another mouse button than the main one.
// Without leaveToBrowser, go-app would open the link in this tab. (go-app itself leaves clicks with Ctrl or Meta to the
// browser.) Once the caller has called stop, go-app sees all clicks again.
func leaveToBrowser() (stop func()) {
	onClick := goapp.FuncOf(func(_ goapp.Value, args []goapp.Value) any {
		click := args[0]
		if special(click) && click.Get("target").Call("closest", "a").Truthy() {
			click.Call("stopPropagation") // go-app listens on the window, which a click reaches after the document
		}
		return nil
	})
	dom.Document().Call("addEventListener", "click", onClick)
	return func() {
		dom.Document().Call("removeEventListener", "click", onClick)
		onClick.Release()
	}
}

// special reports whether the user has clicked with Shift, Alt or another button than the main one. After such a click
// on a link, the browser does something else than open the link in this tab.
func special(click goapp.Value) bool {
	return click.Get("shiftKey").Bool() || click.Get("altKey").Bool() || click.Get("button").Int() != 0
}
