package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/dom"
	"mayfly/app/list"
	"mayfly/app/words"
)

// Speak sets the language of the document, and of all sentences that the page draws from now on. tag names the language,
// such as "de". If Mayfly does not have that language, Speak sets English. It does not translate sentences that are drawn
// already, so call it before the page is first drawn.
func Speak(tag string) {
	is := words.Speak(tag)
	root := dom.Document().Get("documentElement")
	root.Set("lang", is.Tag)
	root.Set("dir", is.Dir)
}

// Brand puts the chat's own name and its sentence of welcome, if it has them, into the sentences that the page draws from
// now on. The page has them from the server (web/settings.js).
func Brand() {
	data := dom.Document().Get("documentElement").Get("dataset")
	if name := data.Get("name"); name.Truthy() {
		words.Brand(name.String(), data.Get("welcome").String())
	}
}

// Language returns the tag of the language that the user has chosen. If the user has chosen none, it returns the tag of a
// language that the browser asks for, or of English if Mayfly has none of those (browser.Language).
func Language() string {
	stored, _ := storedSettings() // without storage, stored is empty, and the browser's language counts
	return browser.Language(stored[pageLanguage])
}

// turn makes the page speak the language that the user has chosen, or the one that the browser asks for. go-app draws its
// own elements again; turn writes again what the page itself has written into the document. A sentence about something that
// has just happened stays in the old language.
func (p *page) turn() {
	tag := browser.Language(p.settings[pageLanguage])
	if words.Spoken().Tag == tag {
		return
	}
	Speak(tag)
	if rows := dom.ByID(list.RowsID); rows.Truthy() && rows.Call("contains", dom.Active()).Bool() {
		focusComposer() // the focus is in a row, and would be lost when all rows are replaced below
	}
	p.list.Restart()
	p.list.Mount(goapp.Undefined())
	p.list.Draw(p.content())
	p.composer.write()
	p.people.typing.afterView()
	p.connection.refresh()
	p.setTitle()
}
