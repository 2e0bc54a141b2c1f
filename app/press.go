package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// A press is one press of a key.
type press struct {
	key       string
	code      string // the place of the key on the keyboard, such as "KeyK"
	shift     bool
	command   bool // Ctrl, or ⌘ on a Mac
	alt       bool
	composing bool // an input method is composing a character or a word
}

// imeKeyCode is the keyCode that a browser gives to a key press while an input method is composing. Some browsers set only
// this keyCode then, and not isComposing.
const imeKeyCode = 229

func pressOf(e goapp.Event) press {
	return press{key: e.Get("key").String(), code: e.Get("code").String(), shift: e.Get("shiftKey").Truthy(),
		command: e.Get("ctrlKey").Truthy() || e.Get("metaKey").Truthy(), alt: e.Get("altKey").Truthy(),
		composing: e.Get("isComposing").Truthy() || e.Get("keyCode").Int() == imeKeyCode}
}

// sends reports whether the key press sends the text of the composer. breaks says whether Enter alone begins a new line.
//   - While an input method is composing, no key press sends.
//   - Enter with Ctrl or ⌘ sends, also if breaks is true: a keyboard with keys may be connected to a phone.
//   - Enter alone sends if breaks is false. Enter with Shift does not send.
func (p press) sends(breaks bool) bool {
	return p.key == "Enter" && !p.composing && (p.command || !p.shift && !breaks)
}
