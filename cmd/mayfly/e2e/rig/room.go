package rig

import (
	"fmt"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"mayfly/shared/wire"
)

// CSS selectors for the parts of a message's row that have no role and no name.
const (
	RowText = ".message-text"
	RowName = ".message-name"
	RowTime = ".message-time"
	RowLeft = ".left" // the time left
	RowMore = ".more" // the button that opens the actions
)

// CSS selectors for rows in a certain state, and for elements near the rows that byRole cannot find, or finds too slowly.
const (
	MineRow    = ".message-mine"
	WaitingRow = ".message-waiting" // the server has not accepted the message yet
	FailedRow  = ".message-failed"
	Divider    = ".divider" // above the first new message
	Jump       = ".jump"    // the button to the newest message; it has a role, but in a long room byRole is too slow
)

// Find returns a JavaScript expression: the first element that matches the CSS selector, null if there is none. It is for
// elements that have neither a role nor a name.
func Find(selector string) string { return fmt.Sprintf("document.querySelector(%q)", selector) }

// Script runs JavaScript in the page.
func (tab *Tab) Script(js string) {
	tab.t.Helper()
	tab.Do(chromedp.Evaluate[chromedp.Void](js))
}

// Press presses and releases a key. key is a constant of chromedp's package kb, or text.
func (tab *Tab) Press(key string, with ...chromedp.KeyOption) {
	tab.t.Helper()
	tab.Do(chromedp.KeyEvent(key, with...))
}

// Shift makes Press hold the Shift key.
var Shift = chromedp.KeyModifiers(chromedp.ModifierShift)

// maxAge is the largest step of Age. It is well below 35 s: after 35 s without a frame from the server, the client takes the
// connection for dead.
const maxAge = 20 * time.Second

// Age sets the time forward for the page by step, which is 20 s at most. It changes the wall clock of the page's device,
// and the server's time in each frame that comes by WebSocket. Once a second the client reads its wall clock and its
// monotonic clock, and counts with the one that has advanced further. So everything that becomes due by this step happens
// within a second. Age does not shorten timers of less than a second, and the browser's own timers.
func (tab *Tab) Age(step time.Duration) {
	tab.t.Helper()
	if step > maxAge {
		tab.t.Fatalf("a tab can't age by %s at once, but by %s", step, maxAge)
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
	aged += %d`, step.Milliseconds()))
}

// Outlive ages the tab, step by step, until a message has expired that was posted before the call and lives for life. After
// each step, r posts a message in room, so that the client does not take the connection for dead.
func (tab *Tab) Outlive(life time.Duration, r *Raw, room string) {
	tab.t.Helper()
	for aged := time.Duration(0); aged < life; aged += maxAge {
		tab.Age(maxAge)
		id := uuid.NewString()
		r.Send(wire.Post{ID: id, Room: room, Text: id})
		Next[wire.Accepted](r)
		tab.Shows(id)
	}
}

// AgeUntil calls Age with the time from now until half a second before moment, but with maxAge at most. The rest of the
// time passes as usual. Call it only for a tab that has not aged yet.
func (tab *Tab) AgeUntil(moment time.Time) {
	tab.t.Helper()
	if by := min(time.Until(moment)-time.Second/2, maxAge); by > 0 {
		tab.Age(by)
	}
}

// Before waits until the JavaScript expression is true, but only until moment, by the clock of this machine. It reports
// whether the expression is true. Use it with InTime. The tab must not have aged.
func (tab *Tab) Before(moment time.Time, js string) bool {
	tab.t.Helper()
	tab.Until(fmt.Sprintf(`Date.now() >= %d || (%s)`, moment.UnixMilli(), js))
	return Eval[bool](tab, "!!("+js+")")
}

// Row returns a JavaScript expression: the row whose text is text, undefined if there is none.
func Row(text string) string {
	return fmt.Sprintf(`[...%s].find(a => a.querySelector(%q).textContent === %q)`, Rows, RowText, text)
}

// Act clicks to open the actions of the message with this text, and then clicks the button with this name there.
func (tab *Tab) Act(text, name string) {
	tab.t.Helper()
	tab.Script(fmt.Sprintf(`%s?.querySelector(%q).click()`, Row(text), RowMore))
	tab.Script(Action(text, name) + `.click()`)
}

// Action returns a JavaScript expression: the button with this name in the open actions of the message with this text.
func Action(text, name string) string {
	return fmt.Sprintf(`[...%s.querySelectorAll('.message-actions button')].find(b => b.textContent === %q)`,
		Row(text), name)
}

// SignedIn returns a JavaScript condition: the header says that the user is signed in as name, or, if name is "", that the
// user is not signed in.
func SignedIn(name string) string {
	text := "not signed in"
	if name != "" {
		text = "Signed in as " + name
	}
	return fmt.Sprintf(`%s.innerText.replace(/\s+/g, ' ').includes(%q)`, ByRole("banner", ""), text)
}

// SignIn signs the user of tab in as one of the people of mayfly dev.
func (tab *Tab) SignIn(name string) {
	tab.t.Helper()
	tab.Click("button", "Sign in")
	tab.Click("button", name)
	tab.Until(SignedIn(name))
	tab.Ready()
}
