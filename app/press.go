package app

import goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

// touchKeyboard is the media query for a device whose keyboard is on the screen: it has no Shift+Enter. A device with a
// mouse or a touch pad besides the screen has a keyboard, too.
const touchKeyboard = "(pointer: coarse) and (hover: none)"

// A press is one press of a key.
type press struct {
	key       string
	shift     bool
	command   bool // Ctrl, or ⌘ on a Mac
	composing bool // an input method composes
}

// imeKeyCode is the keyCode of a key press while an input method composes, in browsers that don't set isComposing.
const imeKeyCode = 229

func pressOf(e goapp.Event) press {
	return press{key: e.Get("key").String(), shift: e.Get("shiftKey").Truthy(),
		command:   e.Get("ctrlKey").Truthy() || e.Get("metaKey").Truthy(),
		composing: e.Get("isComposing").Truthy() || e.Get("keyCode").Int() == imeKeyCode}
}

// sends reports whether the key press sends the text: Enter without Shift does, unless an input method is composing. With a
// touch keyboard Enter begins a line, and the button sends. A keyboard of keys may be connected all the same: with Ctrl or ⌘
// Enter sends everywhere.
func (p press) sends(touch bool) bool {
	return p.key == "Enter" && !p.composing && (p.command || !p.shift && !touch)
}
