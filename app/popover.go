package app

import (
	"strconv"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
)

// onToggle runs before the browser opens or closes the drawer with the rooms, or the header's menu. It tells the style sheet
// where the header ends (--below), so that the drawer or menu begins there. The height of the header varies.
func onToggle(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	bottom := dom.Document().Call("querySelector", "header").Call("getBoundingClientRect").Get("bottom").Float()
	e.Get("target").Get("style").Call("setProperty", "--below", pixels(bottom))
}

// pixels returns the length n, in CSS pixels, as a value for a style, such as "12px".
func pixels(n float64) string { return strconv.FormatFloat(n, 'f', 0, 64) + "px" }

// hidePopover closes the popover with this id. It returns false if that popover is not open.
func hidePopover(id string) bool {
	e := dom.ByID(id)
	open := e.Call("matches", ":popover-open").Bool()
	if open {
		e.Call("hidePopover")
	}
	return open
}
