package app

import (
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/client"
	"mayfly/app/client/room"
	"mayfly/app/dom"
	"mayfly/app/words"
)

const (
	nameID        = "guest-name"
	nameHintID    = "guest-name-hint"
	nameProblemID = "guest-name-problem"
)

// A guest's name is stored twice. The tab stores the name that the server has given, for reloads (client.Config.KeepName).
// The device stores the name that the guest has asked for, if it is to be remembered for other visits: two tabs of a device
// are two guests, and the server may call the second "Ada 2", which must not become the name of the next visit.

// StoredName returns the name that the guest of this tab would like: that of the tab, or else that of the device; "" for the
// pseudonym. Without storage it returns "".
func StoredName(tab, device *browser.Storage) string {
	if name, err := tab.Load(browser.NameKey); err == nil && name != "" {
		return name
	}
	name, _ := device.Load(browser.NameKey)
	return name
}

// rememberName stores the name that a guest has asked for on the device, if it is to be remembered. Where the browser denies
// storage, the name lives as long as the page.
func rememberName(device *browser.Storage, name string, remembered bool) {
	if remembered && name != "" {
		_ = device.Save(browser.NameKey, name)
	} else {
		_ = device.Delete(browser.NameKey)
	}
}

// A nickname is the form in which a guest chooses a name.
type nickname struct {
	*model
	wish       string // the name that the guest has asked for last, or that the device or else the tab remembers
	remembered bool   // the device shall remember the name
	problem    string // why the guest can't have the name, "" if nothing is wrong
}

// load finds out which name the guest has asked for, and whether the device remembers it.
func (n *nickname) load() {
	n.wish, _ = browser.DeviceStorage().Load(browser.NameKey)
	if n.remembered = n.wish != ""; !n.remembered {
		n.wish, _ = browser.TabStorage().Load(browser.NameKey)
	}
}

// render draws the form. The name that the guest has stands in the empty field.
func (n *nickname) render() goapp.UI {
	field := elem("input", "rooms-name")
	attributes(field, "id", nameID, "name", "nickname", "placeholder", room.Called(n.view.Me), "dir", "auto",
		"autocomplete", "nickname", "spellcheck", "false", "aria-describedby", nameHintID+" "+nameProblemID)
	label := textElem("label", "", words.Of(words.NameLabel)).Attr("for", nameID)
	set := textElem("button", "button", words.Of(words.NameSet)).Attr("type", "submit")
	problem := textElem("p", "composer-problem", n.problem)
	attributes(problem, "id", nameProblemID, "role", "alert")
	form := elem("form", "people-name", label, elem("div", "rooms-row", on(field, "input", n.onInput), set), problem,
		textElem("p", "person-note", words.Of(words.NameHint)).Attr("id", nameHintID),
		checkbox(words.Of(words.NameRemember), n.remembered, n.onRemember))
	return on(form, "submit", n.onSubmit)
}

// onInput runs when the guest changes the text in the field. It removes the sentence about the old text.
func (n *nickname) onInput(ctx goapp.Context, _ goapp.Event) {
	if n.problem == "" {
		ctx.PreventUpdate()
	}
	n.problem = ""
}

// onSubmit runs when the guest has chosen a name.
func (n *nickname) onSubmit(_ goapp.Context, e goapp.Event) {
	e.PreventDefault()
	field := dom.ByID(nameID)
	if n.problem = n.rename(field.Get("value").String()); n.problem == "" {
		field.Set("value", "")
	}
}

// onRemember runs when the guest has chosen whether the device remembers the name.
func (n *nickname) onRemember(_ goapp.Context, e goapp.Event) {
	n.remembered = e.Get("target").Get("checked").Bool()
	rememberName(browser.DeviceStorage(), n.wish, n.remembered)
}

// rename asks for another name, "" for the pseudonym. It says why the user can't have it, "" if nothing is known against it.
func (n *nickname) rename(name string) (problem string) {
	name = strings.Join(strings.Fields(tidy(name)), " ")
	if problem = words.Problem(n.client.Rename(name)); problem == "" {
		n.wish = name
		rememberName(browser.DeviceStorage(), name, n.remembered)
	}
	return problem
}

// afterView runs when the page has a new view; was is the view before it. It says aloud what a guest is called now.
func (n *nickname) afterView(was *client.View) {
	is := &n.view.Me
	if is.Anonymous && is.ID == was.Me.ID && is.Name != was.Me.Name {
		n.voice.say(words.With(words.NameNow, room.Called(*is)))
	}
}
