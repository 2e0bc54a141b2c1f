package chat_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/uuid"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// two opens the lobby for two people, in which the first has said text. Both see it.
func two(t *testing.T, text string, args ...string) (ann, ben *rig.Tab) {
	t.Helper()
	server := rig.Serve(t, args...)
	browser := rig.OpenBrowser(t)
	ann, ben = browser.Tab(server.URL).Ready(), browser.Tab(server.URL).Ready()
	ann.Say(text)
	ann.Shows(text)
	ben.Shows(text)
	return ann, ben
}

// unsent opens a server and a tab, kills the server, and writes a text, which then waits for a connection.
func unsent(t *testing.T, text string) (*rig.Server, *rig.Tab) {
	t.Helper()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	server.Kill()
	tab.Until(rig.Connection + ` !== 'Online'`)
	tab.Say(text)
	tab.Until(`!!` + rig.Row(text) + `?.matches('` + rig.WaitingRow + `')`)
	return server, tab
}

// in returns a JavaScript expression: what selector finds in the row whose text is text.
func in(text, selector string) string {
	return fmt.Sprintf(`%s?.querySelector(%q)`, rig.Row(text), selector)
}

func TestReactByMouseAndKeyboard(t *testing.T) {
	t.Parallel()
	ann, ben := two(t, "Lunch?")
	pill := in("Lunch?", ".reaction")
	says := func(tab *rig.Tab, shown, pressed string) {
		t.Helper()
		tab.Until(fmt.Sprintf(`%s?.textContent === %q && %[1]s.getAttribute('aria-pressed') === %[3]q`, pill, shown,
			pressed))
	}
	ben.Act("Lunch?", "👍")
	says(ben, "👍 1", "true")
	says(ann, "👍 1", "false")
	ann.Until(`/^👍 1: \S/.test(` + pill + `.computedName)`)

	ann.Press(kb.Tab, rig.Shift) // the log
	ann.Press(kb.End)
	ann.Do(rig.Enter()) // the first of the actions has the focus, the first reaction
	ann.Until(`document.activeElement.textContent === '👍'`)
	ann.Press(" ")
	says(ann, "👍 2", "true")
	says(ben, "👍 2", "true")
	ann.Until(`document.activeElement === ` + rig.Row("Lunch?") +
		` && document.activeElement.ariaLabel.endsWith('Reactions: 👍 2.')`)
	ann.Until(`/^👍 2: .*You/.test(` + pill + `.computedName)`)

	ann.Script(pill + `.focus()`) // it keeps the focus while others react
	ben.Act("Lunch?", "🎉")
	ann.Until(rig.Row("Lunch?") + `.querySelectorAll('.reaction').length === 2 && document.activeElement === ` + pill)
	ann.Script(pill + `.click()`)
	says(ann, "👍 1", "false")
	ben.Script(pill + `.click()`)
	ben.Until(pill + `?.textContent === '🎉 1'`)
	ann.Until(`document.activeElement === ` + rig.Row("Lunch?")) // its pill is gone
	ben.Script(pill + `.click()`)
	ann.Until(`!` + in("Lunch?", ".message-reactions"))
	for _, tab := range []*rig.Tab{ann, ben} {
		if said := rig.Eval[string](tab, polite+`.textContent`); said != "" && said != "Sent" &&
			said != rig.Eval[string](tab, rig.Row("Lunch?")+`.querySelector('.message-name').textContent`)+": Lunch?" {
			t.Errorf("a screen reader hears %q", said)
		}
	}
}

func TestReplyAndQuoteThatLeads(t *testing.T) {
	t.Parallel()
	ann, ben := two(t, "Lunch?")
	ben.Act("Lunch?", "Reply")
	ben.Until(rig.Form + `.innerText.includes('Replying to') && ` + rig.Composer + ` === document.activeElement`)
	ben.Press(kb.Escape)
	ben.Until(`!` + rig.Form + `.innerText.includes('Replying to')`)
	ben.Say("No reply")
	ben.Shows("No reply")
	ben.Act("Lunch?", "Reply")
	ben.Until(rig.Form + `.innerText.includes('Lunch?')`)
	ben.Say("Yes")
	for _, tab := range []*rig.Tab{ann, ben} {
		tab.Until(`/^In reply to .*: Lunch\?$/.test(` + in("Yes", "button.message-quote") + `?.computedName)`)
		tab.Until(`!` + in("No reply", ".message-quote"))
	}
	ben.Until(`!` + rig.Form + `.innerText.includes('Replying to')`)
	ann.Until(in("Yes", "button.message-quote") + `.textContent === 'In reply to you: Lunch?'`)
	ben.Script(in("Yes", "button.message-quote") + `.click()`)
	ben.Until(`document.activeElement === ` + rig.Row("Lunch?"))

	ben.Script(in("Yes", "button.message-quote") + `.focus()`)
	ann.Act("Lunch?", "Take back")
	ann.Until(`!` + rig.Row("Lunch?"))
	ann.Until(in("Yes", "p.message-quote") + `?.textContent === 'In reply to a message that was taken back'`)
	ben.Until(in("Yes", "p.message-quote") + `?.textContent === 'In reply to a message that was taken back'`)
	ben.Until(`document.activeElement === ` + rig.Row("Yes"))
	if html := rig.Eval[string](ben, `document.body.innerHTML`); rig.Eval[bool](ben,
		`document.body.innerHTML.includes('Lunch?')`) {
		t.Errorf("the text that was taken back is in the page: %s", html)
	}
}

// TestReplyArrivesAtTheEnd has a reply come while the log is at its end: the quote above it must not push the end out of
// sight.
func TestReplyArrivesAtTheEnd(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "1000/1s")
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	rig.Fill(r, wire.DefaultRoom, "line", 40, nil)
	tab.Until(rig.Newest("line", 40))
	seq := int64(40)
	r.Send(wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom, Text: "an answer", ReplyTo: &seq})
	tab.Until(`!!` + in("an answer", "button.message-quote"))
	tab.Until(belowSight + ` <= 1`)
}

func TestTargetExpiresWhileOneAnswers(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-ttl", "1h")
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	r.Send(wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom, Text: "soon gone", TTL: brief.Milliseconds()})
	r.Send(wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom, Text: "stays"})
	tab.Shows("stays")
	tab.Act("soon gone", "Reply")
	tab.Say("the answer")
	tab.Until(in("the answer", "button.message-quote") + `?.textContent.includes('soon gone')`)
	tab.Act("soon gone", "Reply")
	tab.Do(rig.Type("another"))
	tab.Outlive(brief, r, wire.DefaultRoom)
	tab.Until(in("the answer", "p.message-quote") + `?.textContent === 'In reply to a message that has expired'`)
	tab.Until(rig.Form + `.innerText.includes('The message that you reply to is gone.')`)
	tab.Do(rig.Enter())
	tab.Until(rig.Form + `.innerText.includes('That message is not there any more.') && ` + rig.Composer +
		`.value === 'another'`)
	tab.Press(kb.Escape)
	tab.Do(rig.Enter())
	tab.Until(`!!` + rig.Row("another") + ` && !` + in("another", ".message-quote"))
}

func TestTakeBackWithUndo(t *testing.T) {
	t.Parallel()
	ann, ben := two(t, "A slip")
	ben.Script(in("A slip", rig.RowMore) + `.click()`)
	if rig.Eval[bool](ben, rig.Row("A slip")+`.innerText.includes('Take back')`) {
		t.Error("a message of somebody else can be taken back")
	}
	ann.Act("A slip", "Take back")
	ann.Until(`!` + rig.Row("A slip") + ` && !!` + rig.ByRole("button", "Undo") + ` && ` + rig.Composer +
		` === document.activeElement`)
	ann.Until(polite + `.textContent === 'The message is taken back.'`)
	ann.Press(kb.Tab, rig.Shift)
	ann.Do(rig.Enter())
	ann.Until(`!!` + rig.Row("A slip") + ` && !` + rig.ByRole("button", "Undo") + ` && ` + rig.Composer +
		` === document.activeElement`)
	ann.Until(polite + `.textContent === 'The message is back.'`)
	ben.Shows("A slip")
	ann.Act("A slip", "Take back")
	ann.Until(`!` + rig.Row("A slip"))
	ben.ShowsNot("A slip")
	ann.Until(`!` + rig.ByRole("button", "Undo"))
}

func TestLongPressOpensTheActions(t *testing.T) {
	t.Parallel()
	ann, _ := two(t, "see https://example.com/a")
	press := func(on, kind string) bool {
		return rig.Eval[bool](ann, fmt.Sprintf(`%s.dispatchEvent(new PointerEvent('contextmenu', {bubbles: true,
			cancelable: true, pointerType: %q}))`,
			in("see https://example.com/a", on), kind))
	}
	const open = `!!document.querySelector('.message-actions')`
	if !press(rig.RowText, "mouse") || !press("a", "touch") || rig.Eval[bool](ann, open) {
		t.Error("the browser's own menu is prevented")
	}
	if press(rig.RowText, "touch") || !rig.Eval[bool](ann, open) {
		t.Error("a long press does not open the actions")
	}
	ann.Do(chromedp.Click(chromedp.CSS("header")))
	ann.Until(`!` + open)
}

func TestShorterLife(t *testing.T) {
	t.Parallel()
	ann, ben := two(t, "As long as all")
	const clock = `byRole('combobox', 'How long')[0]`
	ann.Script(clock + `.focus()`)
	ann.Press(kb.ArrowDown)
	ann.Until(clock + `.selectedOptions[0].textContent === '◷ 1 min'`)
	ann.Say("For a minute")
	ann.Shows("For a minute")
	ann.Until(clock + `.selectedIndex === 0`)
	ann.Say("Long again")
	for _, tab := range []*rig.Tab{ann, ben} {
		tab.Until(in("For a minute", ".message-life") + `?.textContent === 'Lives only 1 minute'`)
		tab.Until(rig.Row("For a minute") + `.ariaLabel.endsWith('Lives only 1 minute.')`)
		tab.Until(`!!` + rig.Row("Long again") + ` && !` + in("Long again", ".message-life") +
			` && !` + in("As long as all", ".message-life"))
	}
}
