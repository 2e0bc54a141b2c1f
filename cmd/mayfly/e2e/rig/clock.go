package rig

import (
	"fmt"
	"time"

	"github.com/chromedp/chromedp"
)

// skewable gives each page of a tab a wall clock that SetClock sets. performance.now() is the monotonic clock of a device, and
// goes on as it does.
const skewable = `{
	const Right = Date;
	window.skew = %d;
	window.Date = class extends Right {
		constructor(...at) { super(...(at.length ? at : [Right.now() + skew])); }
		static now() { return Right.now() + skew; }
	};
}`

// TabWithClock opens url as a new person, on a device whose wall clock is ahead of this machine's by that much.
func (b *Browser) TabWithClock(url string, ahead time.Duration) *Tab {
	b.t.Helper()
	tab := b.Tab("")
	tab.BeforeScripts(fmt.Sprintf(skewable, ahead.Milliseconds()))
	tab.Do(chromedp.Navigate(url))
	return tab
}

// SetClock sets the wall clock of a page that TabWithClock opened. A page whose clock is set forward does what is due by then,
// as after a sleep, so no test need wait for that.
func (tab *Tab) SetClock(ahead time.Duration) {
	tab.t.Helper()
	tab.Do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`window.skew = %d`, ahead.Milliseconds())))
}
