package chat_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mayfly/cmd/mayfly/e2e/rig"
)

const (
	panel     = `document.getElementById('people')`
	count     = `document.getElementById('people-count')`
	typing    = `document.getElementById('typing')`
	ownName   = `document.querySelector('.who-name').textContent`
	nameField = `byRole('textbox', 'Your name as a guest')[0]`
)

// strangers opens the lobby for two guests with different names.
func strangers(t *testing.T) (ann, ben *rig.Tab) {
	t.Helper()
	g := guests(t, 2)
	return g[0], g[1]
}

// guests opens the lobby for n guests with different names. The name that a guest has at first is one of some hundreds at
// random. If two of the n guests have the same one, guests tries again with another server.
func guests(t *testing.T, n int) []*rig.Tab {
	t.Helper()
	for {
		server := rig.Serve(t)
		tabs, names := make([]*rig.Tab, n), map[string]bool{}
		for i := range tabs {
			tabs[i] = rig.OpenBrowser(t).Tab(server.URL).Ready()
			names[rig.Eval[string](tabs[i], ownName)] = true
		}
		if len(names) == n {
			return tabs
		}
	}
}

// toPeople opens the panel by keyboard: the Tab key leads from the composer to the button in the header.
func toPeople(tab *rig.Tab) {
	tab.Script(count + `.focus()`)
	tab.Do(rig.Enter())
	tab.Until(`document.activeElement === ` + panel)
}

func TestPeoplePanel(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	browser := rig.OpenBrowser(t)
	ann, ben := browser.Tab(server.URL).Ready(), browser.Tab(server.URL).Ready()
	ann.Until(count + `?.computedName === '2 people' && ` + count + `.ariaExpanded === 'false'`)
	toPeople(ann)
	ann.Until(count + `.ariaExpanded === 'true' && ` + panel + `.computedRole === 'region' && ` +
		panel + `.computedName === 'People'`)
	me, other := rig.Eval[string](ann, ownName), rig.Eval[string](ben, ownName)
	people := `[...` + panel + `.querySelectorAll('li')]
		.map(li => li.querySelector('.person-text').textContent.trim()).join()`
	ann.Until(fmt.Sprintf(`%s === %q`, people, me+" you · guest,"+other+" guest"))
	third := browser.Tab(server.URL).Ready()
	ann.Until(fmt.Sprintf(`%s === %q`, people, me+" you · guest,"+other+" guest,"+rig.Eval[string](third, ownName)+" guest"))
	ann.Until(count + `.computedName === '3 people' && byRole('heading', '3 people').length === 1`)
	third.Do(rig.Type("s"))
	ann.Until(`/ guest · typing…$/.test(` + people + `)`)

	// Beside the log the focus goes on to the page, and the panel stays open.
	ann.Script(`byRole('checkbox', 'Remember')[0].focus()`)
	ann.Press(kb.Tab)
	ann.Until(`!` + panel + `.contains(document.activeElement) &&
		getComputedStyle(` + rig.Log + `).visibility === 'visible'`)
	ann.Script(`byRole('button', 'Close')[0].focus()`)
	ann.Press(kb.Escape)
	ann.Until(`!` + panel + ` && document.activeElement === ` + count + ` && ` + count + `.ariaExpanded === 'false'`)
	ann.Do(rig.Enter())
	ann.Until(`document.activeElement === ` + panel)
	ann.Click("button", "Close")
	ann.Until(`!` + panel + ` && document.activeElement === ` + count)

	// On a phone the panel covers the log, and a message that is sent uncovers it.
	ann.Phone()
	toPeople(ann)
	ann.Until(`getComputedStyle(` + rig.Log + `).visibility === 'hidden' &&
		` + panel + `.offsetHeight >= ` + rig.Log + `.offsetHeight`)
	ann.Script(rig.Composer + `.focus()`)
	ann.Do(rig.Type("here"))
	ann.Click("button", "Send")
	ann.Until(`!` + panel + ` && document.activeElement === ` + rig.Composer)
	ann.Shows("here")
}

func TestTypingIsShownAndNotSaid(t *testing.T) {
	t.Parallel()
	ann, ben := strangers(t)
	name := rig.Eval[string](ben, ownName)
	top := rig.Eval[float64](ann, rig.Form+`.getBoundingClientRect().top`)
	types := func(tab *rig.Tab, name string) {
		t.Helper()
		tab.Until(fmt.Sprintf(`%s.textContent === %q`, typing, "\u2068"+name+" (guest)\u2069 is typing"))
	}
	ann.Script(`window.heard = [];
		for (const e of document.querySelectorAll('[aria-live], [role=status], [role=alert], [role=log]'))
			new MutationObserver(() => heard.push(e.id + e.textContent))
				.observe(e, {subtree: true, childList: true, characterData: true})`)
	ben.Do(rig.Type("l"))
	types(ann, name)
	if got := rig.Eval[float64](ann, rig.Form+`.getBoundingClientRect().top`); got != top {
		t.Errorf("the composer was at %g px and is at %g px while somebody types", top, got)
	}
	if rig.Eval[bool](ann, `!!`+typing+`.closest('[aria-live], [role=status], [role=alert], [role=log], form') ||
		heard.length > 0`) {
		t.Errorf("a screen reader hears that somebody types: %q", rig.Eval[[]string](ann, `heard`))
	}
	ben.Script(rig.Composer + `.value = ''`)
	ben.Say("lunch?")
	ann.Shows("lunch?")
	ann.Until(typing + `.textContent === ''`)
	ben.Do(rig.Type("y"))
	types(ann, name)
	ben.Close()
	ann.Until(typing + `.textContent === ''`)
}

// TestTypingIsSwitchedOff: Ann has switched signs of typing off. The others see no sign of Ann's typing, and Ann sees no
// sign of theirs, also after a reload. Cleo types after Ann: when Ben has seen Cleo's sign, he would also have seen Ann's
// sign.
func TestTypingIsSwitchedOff(t *testing.T) {
	t.Parallel()
	g := guests(t, 3)
	ann, ben, cleo := g[0], g[1], g[2]
	setting := rig.ByRole("checkbox", "Show who is typing")
	choose := func(on bool) {
		t.Helper()
		toSettings(ann)
		ann.Script(setting + `.click()`)
		ann.Until(fmt.Sprintf(`%s.checked === %t`, setting, on))
		ann.Press(kb.Escape)
		ann.Until(noDialog)
	}
	watch := func(tab *rig.Tab) { // stores each text of the line that says who is typing
		tab.Script(`window.lines = []; new MutationObserver(() => lines.push(` + typing + `.textContent))
			.observe(` + typing + `, {subtree: true, childList: true, characterData: true})`)
	}
	write := func(tab *rig.Tab, text string) {
		tab.Script(rig.Composer + `.focus()`)
		tab.Do(rig.Type(text))
	}
	named := func(tab *rig.Tab) string { // a JavaScript expression: a stored text names the user of tab
		return fmt.Sprintf(`lines.some(line => line.includes(%q))`, "\u2068"+rig.Eval[string](tab, ownName)+" (guest)")
	}
	silent := func(when string) {
		t.Helper()
		annNamed, cleoNamed := named(ann), named(cleo)
		watch(ann)
		watch(ben)
		write(ann, "Ann "+when)
		write(cleo, "Cleo "+when)
		ben.Until(cleoNamed)
		cleo.Do(rig.Enter())
		ben.Shows("Cleo " + when)
		ann.Do(rig.Enter())
		ben.Shows("Ann " + when)
		if rig.Eval[bool](ben, annNamed) {
			t.Errorf("%s, Ben saw that Ann types: %q", when, rig.Eval[[]string](ben, `lines`))
		}
		ann.Shows("Cleo " + when) // comes after the sign of typing
		if got := rig.Eval[[]string](ann, `lines`); len(got) > 0 {
			t.Errorf("%s, Ann saw %q", when, got)
		}
	}
	choose(false)
	silent("without signs")
	ann.Do(chromedp.Reload())
	ann.Ready()
	silent("after a reload")
	choose(true)
	watch(ben)
	write(ann, "/nick is no message")
	ann.Script(rig.Composer + `.value = ''`)
	ann.Do(rig.Type("x"))
	ben.Until(named(ann))
}

func TestGuestChoosesAName(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	browser := rig.OpenBrowser(t)
	ann, ben := browser.Tab(server.URL).Ready(), browser.Tab(server.URL).Ready()
	first := rig.Eval[string](ann, ownName)
	called := func(tab *rig.Tab, name string) {
		t.Helper()
		tab.Until(fmt.Sprintf(`%s === %q`, ownName, name))
	}
	ann.Say("/nick Zoë")
	called(ann, "Zoë")
	ann.Until(rig.Composer + `.value === '' && ` + polite + `.textContent === 'You are called Zoë now.'`)
	ann.Say("hello")
	ben.Until(in("hello", rig.RowName) + `?.textContent === 'Zoë (guest)' && ` +
		rig.Row("hello") + `.ariaLabel.startsWith('Zoë (guest): hello')`)
	ben.Say("/nick Zoë") // is taken
	called(ben, "Zoë 2")
	ann.Say("/nick Zoë Zoë Zoë Zoë Zoë Zoë Zoë Zoë Zoë Zoë Zoë")
	ann.Until(rig.Form + `.innerText.includes('That name is too long.') && ` + rig.Composer + `.value.startsWith('/nick')`)
	ann.Script(rig.Composer + `.value = ''`)

	ann.Do(chromedp.Reload())
	ann.Ready()
	called(ann, "Zoë")
	toPeople(ann)
	ann.Script(nameField + `.focus()`)
	ann.Say("Åsa")
	called(ann, "Åsa")
	ben.Until(`!!` + rig.Row("hello")) // what was said before keeps its name
	ben.Until(in("hello", rig.RowName) + `.textContent === 'Zoë (guest)'`)
	another := ann.Sibling(server.URL).Ready()
	if got := rig.Eval[string](another, ownName); got == "Åsa" || got == "Åsa 2" {
		t.Errorf("another tab has the name %q, which was not to be remembered", got)
	}
	ann.Script(`byRole('checkbox', 'Remember it')[0].click()`)
	later := ann.Sibling(server.URL).Ready()
	called(later, "Åsa 2") // as long as the first is there
	ann.Until(nameField + `.placeholder === 'Åsa'`)
	ann.Script(nameField + `.focus()`)
	ann.Do(rig.Enter())
	called(ann, first)
	if got := rig.Eval[string](ann.Sibling(server.URL).Ready(), ownName); got == "Åsa" || got == "Åsa 3" {
		t.Errorf("the name %q is still remembered", got)
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	ann, ben := strangers(t)
	ann.Say("/frobnicate now")
	ann.Until(rig.Form + `.innerText.includes('There is no command /frobnicate') && ` +
		rig.Composer + `.value === '/frobnicate now'`)
	ann.Script(rig.Composer + `.value = ''`)
	ann.Say("//shrug")
	ben.Shows("/shrug")
	ann.Say("/me waves")
	ben.Until(`!!` + in("waves", "em"))
	ann.Say("/help")
	ann.Until(helping + ` && ` + focused + `.closest('dialog').innerText.includes('/nick')`)
	ann.Press(kb.Escape)
	ann.Until(`!document.querySelector('dialog') && ` + focused + ` === ` + rig.Composer + ` &&
		` + rig.Composer + `.value === ''`)
	ann.Say("/clear")
	ann.Until(rig.Rows + `.length === 0 && ` + rig.Form + `.innerText.includes('2 messages are taken back.')`)
	ann.Click("button", "Undo")
	ann.Until(rig.Rows + `.length === 2`)
	ann.Say("/who")
	ann.Until(`document.activeElement === ` + panel)
	ann.Press(kb.Escape)
	ann.Until(`!` + panel + ` && document.activeElement === ` + rig.Composer + ` && ` + rig.Composer + `.value === ''`)
	if got := rig.Eval[int](ben, rig.Rows+`.length`); got != 2 {
		t.Errorf("%d messages were sent: %q", got, ben.Messages())
	}
	ann.Say("/clear")
	ben.Until(rig.Rows + `.length === 0`)
}

// TestClearSaysWhatItDiscards: a message that the server has not accepted cannot be brought back, so /clear says how many
// were discarded.
func TestClearSaysWhatItDiscards(t *testing.T) {
	t.Parallel()
	_, tab := unsent(t, "into the void")
	tab.Script(watchVoices)
	tab.Say("/clear")
	const what = `1 message that was not sent is discarded.`
	tab.Until(rig.Rows + `.length === 0 && byRole('region', 'Notice')[0]?.innerText.includes('` + what +
		`') && said.some(s => s.includes('` + what + `'))`)
}
