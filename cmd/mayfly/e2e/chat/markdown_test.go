package chat_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// TestMarkdownIsShown sends texts and looks at the elements that they become, and at what a screen reader says of them.
func TestMarkdownIsShown(t *testing.T) {
	t.Parallel()
	tab, r := open(t)
	for _, tt := range []struct{ name, text, html, says string }{
		{"plain", "2*3*4 and snake_case_name", "2*3*4 and snake_case_name", "2*3*4 and snake_case_name"},
		{"styles", "**bold *and italic*** ~~struck~~ `co_d_e`",
			"<strong>bold <em>and italic</em></strong> <s>struck</s> <code>co_d_e</code>",
			"bold and italic struck co_d_e"},
		{"a quote", "> Lunch?\nYes", "<blockquote dir=\"auto\">Lunch?\n</blockquote>Yes", "Lunch? Yes"},
		{"lists", "- soup\n- rice\n7. seven", "<ul dir=\"auto\"><li>soup\n</li><li>rice\n</li></ul>" +
			"<ol dir=\"auto\"><li value=\"7\">seven</li></ol>", "soup rice 7. seven"},
		{"HTML", "<b>**x**</b>", "&lt;b&gt;<strong>x</strong>&lt;/b&gt;", "<b>x</b>"},
	} {
		say(r, tt.text)
		tab.Until(fmt.Sprintf(`[...%s].some(a => a.querySelector('%s').innerHTML.replaceAll(/ class=""/g, '') === %s &&
			a.getAttribute("aria-label").replaceAll('\n', ' ').includes(%s))`,
			rig.Rows, rig.RowText, js(tt.html), js(": "+tt.says+" – ")))
	}
	say(r, "small 🎉")
	tab.Shows("small 🎉")
	say(r, "🎉👍")
	tab.Shows("🎉👍")
	if got := rig.Eval[float64](tab, `(([a, b]) => b / a)([...`+rig.Rows+`].slice(-2).map(e =>
		parseFloat(getComputedStyle(e.querySelector('`+rig.RowText+`')).fontSize)))`); got < 2 {
		t.Errorf("a message of two emoji is %.1f times as large as other messages", got)
	}
	noFaults(t, tab)
}

// TestCopyCode copies the lines of code of a message with the keyboard, and then the whole text as it was written.
func TestCopyCode(t *testing.T) {
	t.Parallel()
	const text = "**Look:**\n```go\nx := 1\n\ty(x)\n```\nDone."
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL + "/r/" + uuid.NewString()[:8]).Ready()
	tab.Script(watchVoices + `; window.copied = ''; navigator.clipboard.writeText = async text => { copied = text; }`)
	tab.Do(rig.Type(text), rig.Enter())
	tab.Until(`said.length === 1`)
	tab.Do(chromedp.Click(chromedp.CSS(rig.RowMore)))
	copies := rig.ByRole("button", "Copy code “x := 1 y(x)”")
	tab.Until(copies + `?.tabIndex === 0`)
	tab.Script(copies + `.focus()`)
	for n := 2; n <= 3; n++ {
		tab.Do(rig.Enter())
		tab.Until(fmt.Sprintf(`said.length === %d && said.at(-1).trim() === 'Copied' &&
			document.activeElement.textContent === 'Copied'`, n))
	}
	if got := rig.Eval[string](tab, `copied`); got != "x := 1\n\ty(x)\n" {
		t.Errorf("Copy code copies %q", got)
	}
	tab.Click("button", "Copy text “Look: x := 1 y(x) Done.”")
	tab.Until(`said.length === 4`)
	if got := rig.Eval[string](tab, `copied`); got != text {
		t.Errorf("Copy text copies %q", got)
	}
	noFaults(t, tab)
}

// TestMarkdownFitsPhone shows long code, lists in lists and a quote on a small phone: nothing is wider than the screen.
func TestMarkdownFitsPhone(t *testing.T) {
	t.Parallel()
	tab, r := open(t)
	tab.Do(chromedp.EmulateViewport(320, 640))
	for _, text := range []string{
		"```\n" + longWord + "\n```", "> > - " + longWord, "- a\n  - b\n    - c\n      - `" + longWord + "`",
		"**" + longWord + "**",
	} {
		clean, problem := wire.CleanText(text)
		if problem != "" {
			t.Fatal(problem)
		}
		say(r, clean)
	}
	tab.Until(rig.Rows + `.length === 6`)
	if got := rig.Eval[string](tab, `[...document.querySelectorAll('article, article *')].filter(e =>
		e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && !e.closest('.face')).map(e => e.outerHTML.slice(0, 60)).join('; ')`); got != "" {
		t.Errorf("too wide: %s", got)
	}
}

// longWord does not fit into a line of a phone.
const longWord = "anExtraordinarilyLongIdentifierThatNobodyWouldEverWriteByHandButThatSomeToolMakes"
