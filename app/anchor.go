package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
)

// leaveToBrowser keeps go-app from seeing some clicks on links: those with Shift or Alt, and those with another mouse button
// than the main one. For them the browser opens a window or downloads. go-app would open the link in this tab, because it
// leaves only clicks with Ctrl or Meta to the browser. Call stop to end this.
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
