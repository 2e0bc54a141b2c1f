package app

import (
	"strconv"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/words"
)

const (
	settingsID     = "settings"
	settingsKeptID = "settings-kept"
	// notifyHintID is the id of the sentence that explains what a notification shows.
	notifyHintID = settingsID + "-notify-hint"
)

// A settingsDialog is the dialog in which the user chooses the settings. A choice applies at once in this tab. If the
// browser allows storage, the device stores the choice, and the other tabs apply it, too.
type settingsDialog struct {
	*model
	dialog
	lost bool // the browser denies storage, or could not store a choice: the dialog then says that settings are lost

	permission browser.Permission // whether the browser lets the page show notifications, as it last said
	mounted    goapp.Context      // the context of the page, in the browser only

	onChosen func(was settings) // runs after a setting has changed; was has the settings before the change
	breaks   func() bool        // reports whether Enter begins a new line in the composer
}

// load runs when the page is mounted. It applies the settings that the device has stored.
func (d *settingsDialog) load(ctx goapp.Context) {
	d.mounted = ctx
	stored, err := storedSettings()
	d.lost = err != nil
	d.apply(stored)
}

// onStored runs when another tab has stored something on the device. It applies the stored settings. If the browser denies
// storage, this tab keeps its settings.
func (d *settingsDialog) onStored() {
	if stored, err := storedSettings(); err == nil {
		d.apply(stored)
	}
}

func (d *settingsDialog) apply(chosen settings) {
	was := d.settings
	d.settings = chosen
	if chosen != was {
		d.onChosen(was)
	}
}

// show opens the dialog. It reads each time whether the browser permits notifications, because the user may change that in
// the browser.
func (d *settingsDialog) show(ctx goapp.Context) {
	d.permission = browser.NotifyPermission()
	d.dialog.show(ctx)
}

// render draws the dialog, nil while it is closed.
func (d *settingsDialog) render() goapp.UI {
	if !d.open {
		return nil
	}
	kept := words.SettingsKept
	if d.lost {
		kept = words.SettingsLost
	}
	form := elem("form", "settings",
		d.radios(theme, words.ThemeLabel, 0,
			option{"", words.ThemeOfSystem}, option{"light", words.ThemeLight}, option{"dark", words.ThemeDark}),
		d.radios(textSize, words.TextLabel, 0, option{"small", words.TextSmall}, option{"", words.TextNormal},
			option{"large", words.TextLarge}, option{"largest", words.TextLargest}),
		d.radios(timeLeft, words.TimeLeftLabel, words.TimeLeftHint, option{"", words.TimeLeftRing},
			option{showNumbers, words.TimeLeftNumbers}, option{showNothing, words.TimeLeftNothing}),
		d.radios(enterKey, words.EnterLabel, words.EnterHint,
			option{enterSends, words.EnterSends}, option{browser.EnterBreaks, words.EnterBreaks}),
		d.renderTyping(), d.renderNotifying(), d.renderLanguage(),
		textElem("p", "settings-kept", words.Of(kept)).Attr("id", settingsKeptID).Attr("role", "status"))
	return d.frame(words.Of(words.Settings), on(form, "change", d.onChange))
}

// An option is a value that the user can choose for a setting, and the name of the value in the dialog.
type option struct {
	value string
	name  words.Key
}

// defaultValue is written in the dialog's elements in place of the value "", because go-app can't set an attribute to "".
const defaultValue = "default"

// radios draws the setting s as a group of radio buttons, one for each option. hint is a sentence that explains the setting,
// 0 for none.
func (d *settingsDialog) radios(s setting, legend, hint words.Key, options ...option) goapp.UI {
	name, is := offered[s].name, d.settings[s]
	if s == enterKey {
		is = enterSends
		if d.breaks() {
			is = browser.EnterBreaks
		}
	}
	var pills []goapp.UI
	for i, o := range options {
		class, value := "pill", o.value
		if o.value == is {
			class += " pill-chosen"
		}
		if value == "" {
			value = defaultValue
		}
		radio := elem("input", "").Attr("checked", o.value == is)
		attributes(radio, "id", settingsID+"-"+name+"-"+strconv.Itoa(i), "type", "radio", "name", name, "value", value)
		pills = append(pills, elem("label", class, radio, goapp.Text(words.Of(o.name))))
	}
	body := []goapp.UI{textElem("legend", "", words.Of(legend)), elem("div", "pills", pills...)}
	group := elem("fieldset", "setting")
	if hint != 0 {
		id := settingsID + "-" + name + "-hint"
		body = append(body, textElem("p", "setting-hint", words.Of(hint)).Attr("id", id))
		group.Attr("aria-describedby", id)
	}
	return group.Body(body...)
}

// renderTyping draws the checkbox that switches signs of typing on or off.
func (d *settingsDialog) renderTyping() goapp.UI {
	box := elem("input", "").Attr("checked", d.settings[typingSigns] != noTyping)
	attributes(box, "type", "checkbox", "name", offered[typingSigns].name)
	return elem("label", "choice setting", box, goapp.Text(words.Of(words.TypingSetting)))
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

// renderLanguage draws the field in which the user chooses the language. The name of each language is in that language
// itself. So its speakers find it while the page is in another language.
func (d *settingsDialog) renderLanguage() goapp.UI {
	named := func(value, name string) goapp.HTMLElem {
		return textElem("option", "", name).Attr("value", value).Attr("selected", value == d.settings[pageLanguage])
	}
	options := []goapp.UI{named(defaultValue, words.Of(words.LanguageOfBrowser)).
		Attr("selected", d.settings[pageLanguage] == "")}
	for _, each := range words.Languages() {
		options = append(options, named(each.Tag, each.Name).Attr("lang", each.Tag).Attr("dir", each.Dir))
	}
	field := elem("select", "choice-of", options...).Attr("name", offered[pageLanguage].name)
	return elem("label", "choice setting", textElem("span", "", words.Of(words.LanguageLabel)), field)
}

// onChange runs when the user has chosen something in the dialog.
func (d *settingsDialog) onChange(_ goapp.Context, e goapp.Event) {
	field := e.Get("target")
	s, ok := settingNamed(field.Get("name").String())
	if !ok {
		return
	}
	value := s.known(field.Get("value").String())
	switch checked := field.Get("checked"); {
	case s == typingSigns && checked.Bool():
		value = ""
	case s == typingSigns:
		value = noTyping
	case s == notifying && !checked.Bool():
		value = notifyOn
	}
	d.choose(s, value)
}

// choose stores and applies value as the new value of the setting s.
func (d *settingsDialog) choose(s setting, value string) {
	if storeSetting(s, value) != nil {
		d.lost = true
	}
	chosen := d.settings
	chosen[s] = value
	d.apply(chosen)
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
