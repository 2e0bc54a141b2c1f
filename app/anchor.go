package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
)

// leaveToBrowser keeps clicks on links from go-app, which would follow the link in place, if the browser does something
// else with them: with Shift it opens a window, with Alt it downloads, and go-app knows only Ctrl and Meta. Call stop to end
// that.
func leaveToBrowser() (stop func()) {
	onClick := goapp.FuncOf(func(_ goapp.Value, args []goapp.Value) any {
		click := args[0]
		if special(click) && click.Get("target").Call("closest", "a").Truthy() {
			click.Call("stopPropagation") // go-app listens on the window, to which the click comes last
		}
		return nil
	})
	dom.Document().Call("addEventListener", "click", onClick)
	return func() {
		dom.Document().Call("removeEventListener", "click", onClick)
		onClick.Release()
	}
}

// special reports whether the browser does something else with a click on a link than follow it in place.
func special(click goapp.Value) bool {
	return click.Get("shiftKey").Bool() || click.Get("altKey").Bool() || click.Get("button").Int() != 0
}
