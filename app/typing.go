package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/dom"
	"mayfly/app/words"
)

const typingID = "typing"

// A typing is the line above the composer that says who is typing. It is no live region, and has one height whether it is
// empty or not. The user can switch signs of typing off: then the line stays empty, and other users don't see that the user
// types. The device stores that choice.
type typing struct {
	*model
	off   bool
	shown string // what the line says
}

// line draws the line, empty: afterView writes its text, because people begin and end typing too often to draw the page each
// time.
func (t *typing) line() goapp.UI { return elem("p", "typing").Attr("id", typingID) }

// load finds out whether the user has switched signs of typing off.
func (t *typing) load() {
	answer, _ := browser.DeviceStorage().Load(browser.TypingKey) // without storage, each visit begins with signs of typing
	t.choose(answer != "")
}

func (t *typing) choose(off bool) {
	t.off = off
	t.client.ShareTyping(!off)
	t.afterView()
}

// afterView runs when the page has a new view.
func (t *typing) afterView() {
	text := ""
	if !t.off && t.view.Room == t.room {
		text = words.Typing(t.view.Typing)
	}
	if text != t.shown {
		t.shown = text
		dom.Write(typingID, text)
	}
}

// onInput runs when the user has changed the text in the composer. While the user writes a command, other users see no sign
// of typing, because they will not see the command.
func (t *typing) onInput(text string) {
	if c := readCommand(text); c.does != doSay && c.does != doAct {
		text = ""
	}
	t.client.Typing(text)
}

// renderSetting draws the setting.
func (t *typing) renderSetting() goapp.UI {
	return checkbox(words.Of(words.TypingSetting), !t.off, t.onSetting)
}

// onSetting runs when the user has changed the setting.
func (t *typing) onSetting(_ goapp.Context, e goapp.Event) {
	device := browser.DeviceStorage()
	t.choose(!e.Get("target").Get("checked").Bool())
	if t.off { // an error means that the browser denies storage: then the setting holds until the page is closed
		_ = device.Save(browser.TypingKey, "off")
	} else {
		_ = device.Delete(browser.TypingKey)
	}
}

// checkbox draws a checkbox with its label.
func checkbox(label string, checked bool, onChange goapp.EventHandler) goapp.UI {
	box := elem("input", "").Attr("type", "checkbox").Attr("checked", checked)
	return elem("label", "choice", on(box, "change", onChange), goapp.Text(label))
}
