package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/words"
)

// This file has the part of the settings in which the user switches notifications on and off.

// notifyHintID is the id of the sentence that explains what a notification shows.
const notifyHintID = settingsID + "-notify-hint"

// show opens the dialog. It asks the browser for the permission each time, because the user may change it in the browser.
func (d *settingsDialog) show(ctx goapp.Context) {
	d.permission = browser.NotifyPermission()
	d.dialog.show(ctx)
}

// notifies reports whether notifications are on. They are off if the browser does not permit them any more.
func (d *settingsDialog) notifies() bool {
	return d.settings[notifying] != "" && d.permission == browser.Granted
}

// renderNotifying draws the sentence that explains notifications, whether they are on, the button that switches them on and
// off, and the checkbox for the text. The browser asks the user for the permission only after the button was pressed.
func (d *settingsDialog) renderNotifying() goapp.UI {
	state, press := words.NotifyIsOff, words.NotifyTurnOn
	switch {
	case d.permission == browser.Unsupported:
		state = words.NotifyUnsupported
	case d.permission == browser.Denied:
		state = words.NotifyDenied
	case d.notifies():
		state, press = words.NotifyIsOn, words.NotifyTurnOff
	}
	body := []goapp.UI{textElem("legend", "", words.Of(words.NotifyLabel)),
		textElem("p", "setting-hint", words.Of(words.NotifyHint)).Attr("id", notifyHintID),
		textElem("p", "setting-state", words.Of(state)).Attr("role", "status")}
	if d.permission != browser.Unsupported {
		button := textElem("button", "button", words.Of(press))
		attributes(button, "type", "button", "aria-describedby", notifyHintID)
		body = append(body, on(button, "click", d.onNotify))
	}
	if d.notifies() {
		box := elem("input", "").Attr("checked", d.settings[notifying] == notifyText)
		attributes(box, "type", "checkbox", "name", offered[notifying].name, "value", notifyText)
		body = append(body, elem("label", "choice", box, goapp.Text(words.Of(words.NotifyText))))
	}
	return elem("fieldset", "setting", body...)
}

// onNotify runs when the user presses the button that switches notifications on or off. It uses the context of the page,
// because the user may close the dialog before answering the browser.
func (d *settingsDialog) onNotify(goapp.Context, goapp.Event) {
	if d.notifies() {
		d.choose(notifying, "")
		return
	}
	spawn(func() {
		permission := browser.AskToNotify()
		dispatch(d.mounted, func(goapp.Context) {
			if d.permission = permission; permission == browser.Granted && d.settings[notifying] == "" {
				d.choose(notifying, notifyOn)
			}
		})
	})
}
