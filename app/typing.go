package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
	"mayfly/app/words"
)

const typingID = "typing"

// A typing is the line above the composer that says who is typing. Screen readers do not read it out, because it is no live
// region. Its height never changes, so the page does not move when a text appears. The user can switch signs of typing off:
// then the line is always empty, and other users don't see that the user types.
type typing struct {
	*model
	shown string // the text that is in the line now
}

// line draws the empty line. afterView writes the text into it without go-app, because people begin and end typing too often
// to draw the whole page each time.
func (t *typing) line() goapp.UI { return elem("p", "typing").Attr("id", typingID) }

// off reports whether the user has switched signs of typing off.
func (t *typing) off() bool { return t.settings[typingSigns] == noTyping }

// apply runs when the user has switched signs of typing on or off. It tells the client, and draws the line again.
func (t *typing) apply() {
	t.client.ShareTyping(!t.off())
	t.afterView()
}

// afterView runs when the page has a new view, room or language, or when the user switches signs of typing on or off. It
// updates the text of the line, which says who is typing.
func (t *typing) afterView() {
	text := ""
	if !t.off() && t.view.Room == t.room {
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
