package app

import goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

// touchKeyboard is the media query for a device whose keyboard is on the screen, and so has no Shift+Enter. It does not
// match a device with a mouse or a touch pad: such a device has a keyboard with keys, too.
const touchKeyboard = "(pointer: coarse) and (hover: none)"

// A press is one press of a key.
type press struct {
	key       string
	shift     bool
	command   bool // Ctrl, or ⌘ on a Mac
	composing bool // an input method is composing a character or a word
}

// imeKeyCode is the keyCode of a key press while an input method composes, in browsers that don't set isComposing.
const imeKeyCode = 229

func pressOf(e goapp.Event) press {
	return press{key: e.Get("key").String(), shift: e.Get("shiftKey").Truthy(),
		command:   e.Get("ctrlKey").Truthy() || e.Get("metaKey").Truthy(),
		composing: e.Get("isComposing").Truthy() || e.Get("keyCode").Int() == imeKeyCode}
}

// sends reports whether the key press sends the text: Enter without Shift does, unless an input method is composing. With a
// touch keyboard, Enter begins a new line, and the button sends. Enter with Ctrl or ⌘ always sends, because a keyboard with
// keys may be connected to a phone.
func (p press) sends(touch bool) bool {
	return p.key == "Enter" && !p.composing && (p.command || !p.shift && !touch)
}
