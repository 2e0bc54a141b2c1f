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

// A guest's name is stored twice. The tab stores the name that the server has given to the guest, so that the guest keeps it
// after a reload (client.Config.KeepName). The device stores the name that the guest has asked for, if the guest wants that
// name on later visits, too. The two names can differ: two tabs of a device are two guests, and if both ask for "Ada", the
// server may call the second guest "Ada 2". On the next visit that guest must ask for "Ada" again, not for "Ada 2".

// StoredName returns the name that the guest of this tab would like: the name that the tab stores or, if it stores none, the
// name that the device stores. If there is neither, it returns "", and the server gives the guest a pseudonym.
func StoredName(tab, device *browser.Storage) string {
	if name, err := tab.Load(browser.NameKey); err == nil && name != "" {
		return name
	}
	name, _ := device.Load(browser.NameKey)
	return name
}

// rememberName stores the guest's name on the device if remembered is true and name is not ""; otherwise it deletes the
// stored name. If the browser denies storage, the name lasts only as long as the page.
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
	wish       string // the name that the guest asked for last; at first, the name that load found in the browser's storage
	remembered bool   // the device stores the name for later visits
	problem    string // why the guest can't have the name, "" if nothing is wrong
}

// load runs when the page is mounted. It sets wish to the name that the device stores or, if the device stores none, to the
// name that the tab stores. It sets remembered to whether the device stores a name.
func (n *nickname) load() {
	n.wish, _ = browser.DeviceStorage().Load(browser.NameKey)
	if n.remembered = n.wish != ""; !n.remembered {
		n.wish, _ = browser.TabStorage().Load(browser.NameKey)
	}
}

// render draws the form. An empty field shows the guest's present name as a placeholder.
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

// onInput runs when the guest changes the text in the field. If the form says why the guest can't have the name that was in
// the field before, onInput removes that sentence.
func (n *nickname) onInput(ctx goapp.Context, _ goapp.Event) {
	if n.problem == "" {
		ctx.PreventUpdate()
	}
	n.problem = ""
}

// onSubmit runs when the guest submits the form. It asks the server for the name in the field and empties the field. If the
// client knows already that the guest can't have the name, the field keeps its text and the form says why.
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

// rename asks the server to give the guest this name or, if name is "", the pseudonym again. If the client knows already
// that the guest can't have the name, rename asks nothing and returns a sentence that says why. Otherwise it returns "".
func (n *nickname) rename(name string) (problem string) {
	name = strings.Join(strings.Fields(tidy(name)), " ")
	if problem = words.Problem(n.client.Rename(name)); problem == "" {
		n.wish = name
		rememberName(browser.DeviceStorage(), name, n.remembered)
	}
	return problem
}

// afterView runs when the page has a new view. was is the previous view. If the server has given this guest another name,
// afterView makes a screen reader say the name.
func (n *nickname) afterView(was *client.View) {
	is := &n.view.Me
	if is.Anonymous && is.ID == was.Me.ID && is.Name != was.Me.Name {
		n.voice.say(words.With(words.NameNow, room.Called(*is)))
	}
}
