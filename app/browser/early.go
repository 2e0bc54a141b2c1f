package browser

// The shell is the page as the server sends it. The script web/early.js makes the shell's composer work before the client
// runs. The script knows the two constants, too.
const (
	// EnterBreaks is the value of a user's setting: Enter begins a new line, and does not send.
	EnterBreaks = "break"

	// TouchKeyboard is the media query for a device whose keyboard is on the screen, and so has no Shift+Enter. It does not
	// match a device with a mouse or a touch pad: such a device has a keyboard with keys, too.
	TouchKeyboard = "(pointer: coarse) and (hover: none)"
)

// Early is what the user has written in the shell's composer.
type Early struct {
	Room     string   // the room in which the user has written
	Sent     []string // the texts that the user has sent, the oldest first
	Text     string   // the text in the field
	Touched  bool     // the user has written in the field, even if Text is ""
	From, To int      // the range of Text that is selected, in UTF-16 units; the caret is at its end
}
