package app

import (
	"strconv"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/dom"
	"mayfly/app/list"
	"mayfly/app/words"
)

const (
	paletteID      = "palette"
	paletteFieldID = "palette-field"
	paletteListID  = "palette-list"
)

// A palette is the dialog in which the user types a part of a name, and goes to a room, addresses a person or runs an
// action. It is a combobox: as in the composer with its suggestions, the focus stays in the field, and
// aria-activedescendant names the option that Enter accepts. The list changes only when the user types, so that no option
// moves below a finger.
type palette struct {
	*model
	dialog
	found  []choice // the options in the list
	chosen int      // the index in found of the option that Enter accepts
	// later runs a function after the dialog has left the document. Until then go-app would take the element of the palette
	// for that of the next dialog.
	later func(run func(goapp.Context))

	offers  func() []choice  // returns everything that the user can choose
	address func(suggestion) // writes a mention into the composer
}

// show opens the dialog. ctx must be the context of an element outside the dialog.
func (p *palette) show(ctx goapp.Context) {
	p.follow("")
	p.later = func(run func(goapp.Context)) {
		deferred(ctx, func(ctx goapp.Context) { dispatch(ctx, run) })
	}
	p.dialog.show(ctx)
}

// follow finds the options for what the user has written.
func (p *palette) follow(written string) {
	p.found, p.chosen = find(p.offers(), written, browser.Origin()), 0
}

func paletteOptionID(i int) string { return paletteListID + "-" + strconv.Itoa(i) }

// render draws the dialog, nil while it is closed. The dialog has a live region of its own, which says how many options
// there are: a screen reader ignores all live regions outside a modal dialog.
func (p *palette) render() goapp.UI {
	if !p.open {
		return nil
	}
	field := elem("input", "rooms-name")
	attributes(field, "id", paletteFieldID, "role", "combobox", "aria-label", words.Of(words.GoToLabel), "placeholder",
		words.Of(words.GoToLabel), "aria-autocomplete", "list", "aria-haspopup", "listbox", "aria-controls", paletteListID,
		"aria-expanded", strconv.FormatBool(len(p.found) > 0), "autocomplete", "off", "autocapitalize", "none",
		"spellcheck", "false", "enterkeyhint", "go")
	field.Attr("autofocus", true)
	said := textElem("p", "palette-nothing", words.Of(words.NothingFound))
	if n := len(p.found); n > 0 {
		attributes(field, "aria-activedescendant", paletteOptionID(p.chosen))
		said = textElem("p", "unseen", words.Count(words.Results, n))
	}
	var options []goapp.UI
	for i := range p.found {
		options = append(options, p.option(i))
	}
	box := elem("div", "palette-list", options...)
	attributes(box, "id", paletteListID, "role", "listbox", "aria-label", words.Of(words.Suggestions))
	on(field, "input", p.onInput)
	on(field, "keydown", p.onKeyDown)
	on(box, "mousedown", p.onDown)
	return p.frame(words.Of(words.GoTo), field, said.Attr("role", "status"), on(box, "click", p.onClick))
}

// option draws the option with this index. Its text is its accessible name. The sign before the text is part of that name
// only for a room of the list (goToRoom): screen readers skip the other signs.
func (p *palette) option(i int) goapp.UI {
	c := &p.found[i]
	class, sign := "suggestion-emoji palette-sign", "›"
	switch c.kind {
	case goToRoom:
		sign = "#"
	case openRoom:
		sign = "+"
	case addressee:
		class, sign = list.FaceClass(c.person.user), list.Initials(c.person.user)
		if c.person.user.Anonymous {
			class += " face-guest"
		}
	}
	before := textElem("span", class, sign)
	if c.kind != goToRoom {
		before.Attr("aria-hidden", "true")
	}
	option := elem("div", "suggestion", before, textElem("bdi", "person-name", c.shown()),
		textElem("span", "person-note", c.note))
	attributes(option, "id", paletteOptionID(i), "role", "option", "aria-selected", strconv.FormatBool(i == p.chosen))
	return option
}

// onInput runs when the user has changed the text.
func (p *palette) onInput(ctx goapp.Context, e goapp.Event) {
	p.follow(e.Get("target").Get("value").String())
	p.choose(ctx, 0)
}

// onKeyDown runs when a key goes down in the field. The browser itself handles Escape.
func (p *palette) onKeyDown(ctx goapp.Context, e goapp.Event) {
	press, n := pressOf(e), len(p.found)
	switch {
	case shortcutOf(press, false) == showPalette: // the shortcut that opens the palette closes it, too
		p.onButton(ctx, e)
	case n == 0 || press.composing || press.shift || press.command || press.alt:
		ctx.PreventUpdate()
		return
	case press.key == "ArrowDown":
		p.choose(ctx, (p.chosen+1)%n)
	case press.key == "ArrowUp":
		p.choose(ctx, (p.chosen+n-1)%n)
	case press.key == "Enter":
		p.accept(p.chosen)
	default:
		ctx.PreventUpdate()
		return
	}
	e.PreventDefault()
}

// onDown runs when a mouse button or a finger goes down on the list. It keeps the focus in the field.
func (p *palette) onDown(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	e.PreventDefault()
}

// onClick runs when the user clicks in the list. If the click is on an option, onClick accepts that option.
func (p *palette) onClick(_ goapp.Context, e goapp.Event) {
	option := e.Get("target").Call("closest", "[role=option]")
	for i := range p.found {
		if option.Truthy() && option.Equal(dom.ByID(paletteOptionID(i))) {
			p.accept(i)
			return
		}
	}
}

// choose makes the option with this index the one that Enter accepts, and scrolls to it once it is drawn.
func (p *palette) choose(ctx goapp.Context, i int) {
	p.chosen = i
	deferred(ctx, func(goapp.Context) {
		if option := dom.ByID(paletteOptionID(i)); option.Truthy() {
			option.Call("scrollIntoView", map[string]any{"block": "nearest"})
		}
	})
}

// accept closes the dialog, and then does what the option with this index says. The browser gives the focus back, so that a
// dialog that comes next knows where the focus was.
func (p *palette) accept(i int) {
	c := p.found[i]
	dom.ByID(p.id).Call("close")
	p.open = false
	p.later(func(ctx goapp.Context) {
		switch c.kind {
		case addressee:
			p.address(c.person)
		case runAction:
			c.does(ctx)
		default:
			if c.name == p.room {
				focusComposer()
			}
			ctx.Navigate(pathOf(c.name))
		}
	})
}
