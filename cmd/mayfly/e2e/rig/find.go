package rig

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// byRole is a script that adds two functions to every page of a Tab. The function byRole returns the elements that have
// this role for assistive technology, and a name that contains the given name. It reads computedRole and computedName,
// which Chromium's flag ComputedAccessibilityInfo gives to scripts. To read them takes Chromium several milliseconds for
// one element, and 0.7 s for all buttons in a room of 40 messages. So byRole first leaves out the elements that can't have
// the role, by the selectors in candidates, and those that can't have the name, by the texts from which a name is made. A
// name may have spaces that these texts lack, so spaces do not count there. The function theOne returns the first element
// that byRole returns, and caches it as long as it is in the page.
const byRole = `window.byRole = (role, name = '') => {
	const candidates = {
		alert: '[role=alert]', article: 'article', banner: 'header', button: 'button', dialog: 'dialog, [role=dialog]',
		checkbox: 'input', combobox: 'select, [role=combobox]', form: 'form', heading: 'h1, h2, h3', link: 'a',
		log: '[role=log]', main: 'main', navigation: 'nav', radio: 'input', region: 'section', status: '[role=status]',
		textbox: 'textarea, input', time: 'time',
	}[role] ?? '*';
	const bare = text => text.replace(/\s/g, '');
	const sources = e => [e.ariaLabel, e.textContent, e.title, e.placeholder, e.alt, e.value,
		...(e.labels ?? []), ...(e.getAttribute('aria-labelledby') ?? '').split(' ').map(id => document.getElementById(id))];
	const called = e => sources(e).some(s => bare(String(s?.textContent ?? s ?? '')).includes(bare(name)));
	return [...document.querySelectorAll(candidates)].filter(e =>
		called(e) && e.computedRole === role && e.computedName.includes(name));
};
window.theOne = (role, name = '') => {
	const key = role + ' ' + name, known = theOne.known ??= {};
	if (!known[key]?.isConnected) known[key] = byRole(role, name)[0];
	return known[key];
}`

// ByRole returns a JavaScript expression: the first element that has this role for assistive technology and a name that
// contains the given name, undefined if there is none.
func ByRole(role, name string) string { return fmt.Sprintf("byRole(%q, %q)[0]", role, name) }

// The parts of the page that nearly every test looks at, as JavaScript expressions. theOne caches the elements, so a test
// can evaluate these expressions often.
const (
	Header     = `theOne('banner')`
	Composer   = `theOne('textbox', 'Message')`
	Form       = `theOne('form', 'Write a message')`
	Log        = `theOne('log')`
	Connection = `theOne('status')?.innerText` // the header's text about the connection, such as "Online"
)

// Click waits for an element with this role and name, and clicks it.
func (tab *Tab) Click(role, name string) {
	tab.t.Helper()
	e := ByRole(role, name)
	tab.Until("!!" + e)
	tab.Do(chromedp.Evaluate[chromedp.Void](e + ".click()"))
}

// InTime calls try again and again until try reports that it was done before its messages expired. The argument life is how
// long these messages live. In the first call it is the parameter first, and it doubles with each further call. So even on
// a slow machine a test can look at messages that soon expire. If 64 times first is too short, too, the test fails.
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
