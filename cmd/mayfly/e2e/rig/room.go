package rig

import (
	"fmt"
	"time"

	"github.com/chromedp/chromedp"
)

// Parts of a message's row that have no role and no name: CSS selectors, below a row.
const (
	RowText = ".message-text"
	RowName = ".message-name"
	RowTime = ".message-time"
	RowLeft = ".left" // the button with the time left, which opens the actions
)

// Rows in a state, and marks between rows, that have no role of their own: CSS selectors.
const (
	MineRow    = ".message-mine"
	WaitingRow = ".message-waiting" // not accepted yet
	FailedRow  = ".message-failed"
	Divider    = ".divider" // above the first message that is new
	Jump       = ".jump"    // the button that leads to the newest message; by its role it is too dear to wait for in a long room
)

// Find is the JavaScript expression of the first element that the CSS selector finds, null if there is none. It is for what has
// neither a role nor a name.
func Find(selector string) string { return fmt.Sprintf("document.querySelector(%q)", selector) }

// Script runs JavaScript in the page.
func (tab *Tab) Script(js string) {
	tab.t.Helper()
	tab.Do(chromedp.Evaluate[chromedp.Void](js))
}

// Press presses and releases a key of chromedp's kb.
func (tab *Tab) Press(key string, with ...chromedp.KeyOption) {
	tab.t.Helper()
	tab.Do(chromedp.KeyEvent(key, with...))
}

// Shift is for Press.
var Shift = chromedp.KeyModifiers(chromedp.ModifierShift)

// MaxAge is how far a tab ages in all before its clock counts as a wrong one: a beat of the server that is 10 s late (maxLag in
// session) makes the client connect anew, to learn the server's time. The rest is for beats that come late on a busy machine.
const MaxAge = 7 * time.Second

// Age sets the wall clock of the page's device forward, as if that much time had passed. The client counts by the clock of the
// device that has gone further, and looks at both once a second, so what was due in that time happens within a second. A tab
// may age by MaxAge in all; by more only while nothing comes from the server.
func (tab *Tab) Age(by time.Duration) {
	tab.t.Helper()
	tab.Script(fmt.Sprintf(`if (!('aged' in window)) {
		window.aged = 0;
		const Device = Date;
		window.Date = class extends Device {
			constructor(...at) { super(...(at.length ? at : [Device.now() + aged])); }
			static now() { return Device.now() + aged; }
		};
	}
	aged += %d`, by.Milliseconds()))
}

// AgeUntil ages a tab that has not aged yet until shortly before the time, but by MaxAge at most: the rest passes as it does
// everywhere.
func (tab *Tab) AgeUntil(at time.Time) {
	tab.t.Helper()
	if by := min(time.Until(at)-time.Second/2, MaxAge); by > 0 {
		tab.Age(by)
	}
}

// Before waits until the JavaScript expression is true, but only until that time by the clock of this machine, and reports
// whether it is. It is for InTime. The tab may not have aged.
func (tab *Tab) Before(at time.Time, js string) bool {
	tab.t.Helper()
	tab.Until(fmt.Sprintf(`Date.now() >= %d || (%s)`, at.UnixMilli(), js))
	return Eval[bool](tab, "!!("+js+")")
}
