package rig

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// byRole is a JavaScript function in every page of a Tab. It returns the elements that assistive technology finds by that
// role, and by a name that contains the given one. Role and name are Chromium's own (computedRole and computedName, which
// the flag ComputedAccessibilityInfo gives to scripts). Each question makes Chromium build its accessibility tree of the
// whole page, which takes tenths of a second in a long room. So the selectors leave out most elements, and theOne, for the
// few parts that stay as long as the page, asks once and returns the same element as long as it is in the page.
const byRole = `window.byRole = (role, name = '') => {
	const candidates = {
		alert: '[role=alert]', article: 'article', banner: 'header', button: 'button', dialog: 'dialog, [role=dialog]',
		form: 'form',
		heading: 'h1, h2, h3', link: 'a', log: '[role=log]', main: 'main', navigation: 'nav', region: 'section',
		status: '[role=status]',
		textbox: 'textarea, input', time: 'time',
	}[role] ?? '*';
	return [...document.querySelectorAll(candidates)].filter(e => e.computedRole === role && e.computedName.includes(name));
};
window.theOne = (role, name = '') => {
	const key = role + ' ' + name, known = theOne.known ??= {};
	if (!known[key]?.isConnected) known[key] = byRole(role, name)[0];
	return known[key];
}`

// ByRole is the JavaScript expression of the first element that assistive technology finds by that role, and by a name that
// contains the given one; undefined if there is none.
func ByRole(role, name string) string { return fmt.Sprintf("byRole(%q, %q)[0]", role, name) }

// The parts of the page that nearly every test looks at, as JavaScript expressions. They cost little to ask for often.
const (
	Header     = `theOne('banner')`
	Composer   = `theOne('textbox', 'Message')`
	Form       = `theOne('form', 'Write a message')`
	Log        = `theOne('log')`
	Connection = `theOne('status')?.innerText` // the header's word for the connection
)

// Click waits for the element of that role and name, and clicks it.
func (tab *Tab) Click(role, name string) {
	tab.t.Helper()
	e := ByRole(role, name)
	tab.Until("!!" + e)
	tab.Do(chromedp.Evaluate[chromedp.Void](e + ".click()"))
}

// InTime calls try until try reports that it was done before the messages expired. Each time it doubles the life of the
// messages, which it begins with first. So a test can look at messages that are about to expire, on any slow machine.
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
