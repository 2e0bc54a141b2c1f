package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
)

// leaveToBrowser hides some clicks on links from go-app, which would open the link in this tab: those for which the
// browser does something else. With Shift a browser opens a window, with Alt it downloads; go-app knows only Ctrl and
// Meta. Call stop to end that.
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

// special reports whether a click on a link makes the browser do something else than open the link in this tab.
func special(click goapp.Value) bool {
	return click.Get("shiftKey").Bool() || click.Get("altKey").Bool() || click.Get("button").Int() != 0
}
