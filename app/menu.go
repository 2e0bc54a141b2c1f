package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/dom"
	"mayfly/app/words"
)

const menuID = "menu"

// A menu has the buttons of the header that open dialogs, and these dialogs. In a narrow window the buttons are in a
// popover, which another button opens. In a wider window the style sheet draws the same elements in the header.
type menu struct {
	*model
	invite     invite
	help       help
	settings   settingsDialog
	palette    palette
	moderation moderation
}

func newMenu(m *model) menu {
	return menu{m, invite{model: m, dialog: dialog{id: inviteID}}, help{model: m, dialog: dialog{id: helpID}},
		settingsDialog{model: m, dialog: dialog{id: settingsID}}, palette{model: m, dialog: dialog{id: paletteID}},
		moderation{model: m, dialog: dialog{id: moderationID}}}
}

// load runs when the page is mounted. It reads the stored settings. It also finds out which keys the device has,
// because the help names them.
func (m *menu) load(ctx goapp.Context) {
	m.settings.load(ctx)
	m.help.apple, m.help.touch = dom.Apple(), dom.Matches(browser.TouchKeyboard)
}

// render draws the buttons.
func (m *menu) render() goapp.UI {
	opens := textElem("button", "button menu-button", "⋯")
	attributes(opens, "type", "button", "popovertarget", menuID, "aria-label", words.Of(words.Menu))
	var buttons []goapp.UI
	add := func(name words.Key, open func(goapp.Context)) {
		button := textElem("button", "button", words.Of(name))
		attributes(button, "type", "button", "aria-haspopup", "dialog")
		buttons = append(buttons, on(button, "click", func(ctx goapp.Context, e goapp.Event) {
			leaveMenu(e.Get("currentTarget"))
			open(ctx)
		}))
	}
	add(words.GoTo, m.palette.show)
	if !m.badRoom {
		add(words.Invite, m.invite.show)
	}
	add(words.Help, m.help.show)
	add(words.Settings, m.settings.show)
	box := elem("div", "menu", buttons...)
	attributes(box, "id", menuID, "popover", "auto")
	if m.client != nil {
		on(box, "beforetoggle", onToggle)
	}
	return elem("div", "tools", opens, box)
}

// leaveMenu runs when the user presses button, before button opens its dialog. When the dialog is closed later, the browser
// moves the focus back to the element that has the focus now. So leaveMenu moves the focus to an element that stays visible.
// If the popover is open, leaveMenu closes the popover, and the browser focuses the button ⋯ that opened the popover.
// Otherwise leaveMenu focuses button itself, because not every browser focuses a button that the user presses.
func leaveMenu(button goapp.Value) {
	if !hidePopover(menuID) {
		button.Call("focus")
	}
}

// renderDialog draws the dialog that is open, nil if none is.
func (m *menu) renderDialog() goapp.UI {
	for _, dialog := range []goapp.UI{m.invite.render(), m.help.render(), m.settings.render(),
		m.palette.render(), m.moderation.render()} {
		if dialog != nil {
			return dialog
		}
	}
	return nil
}
