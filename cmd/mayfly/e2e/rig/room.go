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
	Divider    = ".divider" // above the first new message
	Jump       = ".jump"    // the button to the newest message; in a long room waiting for it by its role costs too much
)

// Find is the JavaScript expression of the first element that the CSS selector finds, null if there is none. It is for
// elements that have neither a role nor a name.
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

// Shift makes Press hold the Shift key.
var Shift = chromedp.KeyModifiers(chromedp.ModifierShift)

// maxAge is how much a tab may age at once: after 35 s without a frame from the server the connection counts as dead.
const maxAge = 20 * time.Second

// Age lets that much time pass at once for the page, 20 s at most: it sets forward the wall clock of the page's device, and
// the server's time in each frame that comes by WebSocket. The client counts by the device's clock that has gone further,
// and looks at both once a second. So everything that was due in that time happens within a second. Timers of less than a
// second, and the browser's own timers, take as long as ever.
func (tab *Tab) Age(by time.Duration) {
	tab.t.Helper()
	if by > maxAge {
		tab.t.Fatalf("a tab can't age by %s at once, but by %s", by, maxAge)
	}
	tab.Script(fmt.Sprintf(`if (!('aged' in window)) {
		window.aged = 0;
		const Device = Date;
		window.Date = class extends Device {
			constructor(...at) { super(...(at.length ? at : [Device.now() + aged])); }
			static now() { return Device.now() + aged; }
		};
		const data = Object.getOwnPropertyDescriptor(MessageEvent.prototype, 'data').get;
		Object.defineProperty(MessageEvent.prototype, 'data', {get() {
			const d = data.call(this);
			if (!(this.target instanceof WebSocket)) return d; // from the service worker
			return d.split('\n').map(line => {
				if (!line.includes('"now":')) return line;
				const frame = JSON.parse(line);
				if (frame.now) frame.now += aged;
				return JSON.stringify(frame);
			}).join('\n');
		}});
	}
	aged += %d`, by.Milliseconds()))
}

// AgeUntil lets time pass, for a tab that has not aged yet, until shortly before the time, but maxAge at most. The rest of
// the time passes as usual.
func (tab *Tab) AgeUntil(at time.Time) {
	tab.t.Helper()
	if by := min(time.Until(at)-time.Second/2, maxAge); by > 0 {
		tab.Age(by)
	}
}

// Before waits until the JavaScript expression is true, but only until that time by the clock of this machine, and reports
// whether it is true. It is for InTime. The tab must not have aged.
func (tab *Tab) Before(at time.Time, js string) bool {
	tab.t.Helper()
	tab.Until(fmt.Sprintf(`Date.now() >= %d || (%s)`, at.UnixMilli(), js))
	return Eval[bool](tab, "!!("+js+")")
}
