package app

import (
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
)

const composerID = "message"

// composerField returns the field that the user writes in. It is not Truthy on a page that shows no room.
func composerField() goapp.Value { return dom.ByID(composerID) }

func focusComposer() { dom.Focus(composerID) }

// yieldFocus moves the focus to the composer if it is in an element of these ids, which is about to change or to go.
func yieldFocus(ids ...string) {
	if dom.Active().Call("closest", "#"+strings.Join(ids, ",#")).Truthy() {
		focusComposer()
	}
}
