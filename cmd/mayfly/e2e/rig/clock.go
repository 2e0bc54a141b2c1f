package rig

import (
	"fmt"
	"time"

	"github.com/chromedp/chromedp"
)

// deviceClock gives each page of a tab a wall clock that SetClock sets. performance.now() is the monotonic clock of the
// device, and goes on unchanged.
const deviceClock = `{
	const Right = Date;
	window.skew = %d;
	window.Date = class extends Right {
		constructor(...at) { super(...(at.length ? at : [Right.now() + skew])); }
		static now() { return Right.now() + skew; }
	};
}`

// timedWelcome lets each page of a tab remember how long its last welcome took to come, in milliseconds: from the first
// frame that it sent on a WebSocket to the first that it got.
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

// ClockError returns by how much the page may be wrong about the server's time. A page learns it from a welcome, and takes
// half of the time that the welcome took for its way back. On a busy machine that may be more than a second.
func (tab *Tab) ClockError() time.Duration {
	tab.t.Helper()
	const unknown = 5000 // ms, for a page that polls
	return time.Duration(Eval[float64](tab, fmt.Sprintf(`window.welcomeTook ?? %d`, unknown)) * float64(time.Millisecond))
}

// TabWithClock opens url as a new person, on a device whose wall clock is ahead of this machine's by that much.
func (b *Browser) TabWithClock(url string, ahead time.Duration) *Tab {
	b.t.Helper()
	tab := b.Tab("")
	tab.TimeWelcomes()
	tab.BeforeScripts(fmt.Sprintf(deviceClock, ahead.Milliseconds()))
	tab.Do(chromedp.Navigate(url))
	return tab
}

// SetClock sets the wall clock of a page that TabWithClock opened. A page whose clock is set forward does everything that
// became due, as after a sleep, so no test need wait for it.
func (tab *Tab) SetClock(ahead time.Duration) {
	tab.t.Helper()
	tab.Script(fmt.Sprintf(`window.skew = %d`, ahead.Milliseconds()))
}
