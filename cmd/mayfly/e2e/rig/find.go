package rig

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// byRole is a JavaScript function that every page of a Tab has: it returns the elements that assistive technology finds by that
// role, and by a name that holds the given one. Role and name are Chromium's own (computedRole and computedName, which the flag
// ComputedAccessibilityInfo gives to scripts). The selectors only spare it to ask for each element.
const byRole = `window.byRole = (role, name = '') => {
	const candidates = {
		alert: '[role=alert]', article: 'article', banner: 'header', button: 'button', dialog: 'dialog, [role=dialog]', form: 'form',
		heading: 'h1, h2, h3', link: 'a', log: '[role=log]', main: 'main', navigation: 'nav', region: 'section', status: '[role=status]',
		textbox: 'textarea, input', time: 'time',
	}[role] ?? '*';
	return [...document.querySelectorAll(candidates)].filter(e => e.computedRole === role && e.computedName.includes(name));
}`

// ByRole is the JavaScript expression of the first element that assistive technology finds by that role, and by a name that
// holds the given one; undefined if there is none.
func ByRole(role, name string) string { return fmt.Sprintf("byRole(%q, %q)[0]", role, name) }

// The parts of the page that nearly every test looks at, as JavaScript expressions.
var (
	Composer   = ByRole("textbox", "Message")
	Log        = ByRole("log", "")
	Connection = ByRole("status", "") + "?.innerText" // what the header says of the connection
)

// Click waits for the element of that role and name, and clicks it.
func (tab *Tab) Click(role, name string) {
	tab.t.Helper()
	e := ByRole(role, name)
	tab.Until("!!" + e)
	tab.Do(chromedp.Evaluate[chromedp.Void](e + ".click()"))
}

// InTime calls try with lives of messages that double from the first one, until try reports that it has seen what it wanted to
// see before they expired. So a test may look at what is about to expire, however slow the machine is.
func InTime(t *testing.T, first time.Duration, try func(life time.Duration) (inTime bool)) {
	t.Helper()
	for life := first; life <= 64*first; life *= 2 {
		if try(life) {
			return
		}
		t.Logf("a life of %s was too short: once more with a longer one", life)
	}
	t.Fatalf("nothing was seen before it expired, with lives of up to %s", 64*first)
}
