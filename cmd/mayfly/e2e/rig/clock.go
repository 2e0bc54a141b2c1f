package rig

import (
	"fmt"
	"time"

	"github.com/chromedp/chromedp"
)

// deviceClock is a script that replaces the wall clock of each page of a tab by a clock that SetClock sets. It does not
// change performance.now(), the monotonic clock of the device.
const deviceClock = `{
	const Right = Date;
	window.skew = %d;
	window.Date = class extends Right {
		constructor(...at) { super(...(at.length ? at : [Right.now() + skew])); }
		static now() { return Right.now() + skew; }
	};
}`

// timedWelcome is a script that measures in each page of a tab how long the last welcome took to come: the milliseconds from
// the first frame that the page sent on a WebSocket to the first frame that it got there.
const timedWelcome = `window.WebSocket = class extends WebSocket {
	#asked; #answered;
	constructor(...args) {
		super(...args);
		this.addEventListener('message', () => {
			if (!this.#answered) window.welcomeTook = performance.now() - this.#asked;
			this.#answered = true;
		});
	}
	send(frame) {
		this.#asked ??= performance.now();
		super.send(frame);
	}
}`

// TimeWelcomes prepares ClockError. Call it before the tab opens the pages.
func (tab *Tab) TimeWelcomes() {
	tab.t.Helper()
	tab.BeforeScripts(timedWelcome)
}

// ClockError returns by how much the page may be wrong about the server's time. The page learns that time from a welcome. It
// assumes that the way back took half of the time between hello and welcome, which on a busy machine may be more than a
// second.
func (tab *Tab) ClockError() time.Duration {
	tab.t.Helper()
	const unknown = 5000 // milliseconds, for a page that polls and so measures nothing
	return time.Duration(Eval[float64](tab, fmt.Sprintf(`window.welcomeTook ?? %d`, unknown)) * float64(time.Millisecond))
}

// TabWithClock opens url as a new user, on a device whose wall clock is ahead of this machine's clock by the duration ahead.
func (b *Browser) TabWithClock(url string, ahead time.Duration) *Tab {
	b.t.Helper()
	tab := b.Tab("")
	tab.TimeWelcomes()
	tab.BeforeScripts(fmt.Sprintf(deviceClock, ahead.Milliseconds()))
	tab.Do(chromedp.Navigate(url))
	return tab
}

// SetClock sets the wall clock of a page that TabWithClock opened: ahead of this machine's clock by the duration ahead. A
// page whose clock is set forward does at once everything that became due, as after a sleep. So a test need not wait for it.
func (tab *Tab) SetClock(ahead time.Duration) {
	tab.t.Helper()
	tab.Script(fmt.Sprintf(`window.skew = %d`, ahead.Milliseconds()))
}
