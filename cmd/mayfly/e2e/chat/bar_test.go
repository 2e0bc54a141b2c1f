package chat_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/uuid"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/shared/wire"
)

// point moves the mouse to the middle of an element, the value of a JavaScript expression.
func point(tab *rig.Tab, element string) {
	at := tab.Middle(element)
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{
			Type: input.DispatchMouseEventTypeMouseMoved, X: at.X, Y: at.Y})
		return err
	}))
}

// inSight returns a JavaScript condition: the bar of the row with this text is shown, and nothing cuts or covers it.
func inSight(text string) string {
	return fmt.Sprintf(`(bar => !!bar && bar.checkVisibility({visibilityProperty: true}) &&
		[...bar.querySelectorAll('button')].every(b => { const r = b.getBoundingClientRect();
			return [r.top + 2, r.bottom - 2].every(y => document.elementFromPoint(r.x + r.width / 2, y) === b); }))(%s)`,
		in(text, ".message-actions"))
}

// shownBars is a JavaScript expression: how many bars are shown.
const shownBars = `[...document.querySelectorAll('.message-actions')]
	.filter(b => b.checkVisibility({visibilityProperty: true})).length`

// places is a JavaScript expression: where all rows and their texts are on the screen.
const places = `JSON.stringify([...document.querySelectorAll('article, .message-text')].map(e => e.getBoundingClientRect()))`

// TestBarByMouse: the bar comes to the row under the pointer and moves nothing, also to the first row of a block of rows.
func TestBarByMouse(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "1000/1s")
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	rig.Fill(rig.DialAnd(t, server, wire.DefaultRoom), wire.DefaultRoom, "line", 24, nil)
	tab.Until(rig.Newest("line", 24))
	first := rig.Eval[string](tab, `document.querySelector('.block:last-child article .message-text').textContent`)
	at := rig.Eval[string](tab, places)
	for _, text := range []string{"line 23.", first, "line 24."} {
		point(tab, in(text, rig.RowText))
		tab.Until(inSight(text) + ` && ` + shownBars + ` === 1`)
	}
	if got := rig.Eval[string](tab, places); got != at {
		t.Errorf("the bar moves the rows from\n%s to\n%s", at, got)
	}
	bar := in("line 24.", ".message-actions")
	point(tab, bar) // the pointer does not lose it on the way
	tab.Until(inSight("line 24."))
	like := tab.Middle(bar + `.querySelector('button')`)
	tab.Do(chromedp.MouseClickXY(like.X, like.Y))
	tab.Until(in("line 24.", ".reaction") + `?.textContent === '👍 1' && ` + bar +
		`.querySelector('button').getAttribute('aria-pressed') === 'true' && ` + inSight("line 24."))

	tab.Script(rig.Composer + `.focus()`)
	tab.Press(kb.Escape)
	tab.Until(shownBars + ` === 0`)
	point(tab, in("line 24.", rig.RowName)) // it stays away until the pointer comes to the row anew
	point(tab, in("line 23.", rig.RowText))
	tab.Until(inSight("line 23.") + ` && !` + bar)
	more := in("line 23.", rig.RowMore)
	tab.Script(more + `.click()`)
	point(tab, in("line 24.", rig.RowText)) // the open bar stays
	tab.Until(more + `.ariaExpanded === 'true' && ` + inSight("line 24.") + ` && ` + inSight("line 23."))
	tab.Script(more + `.click()`)
	point(tab, rig.Header)
	tab.Until(`!document.querySelector('.message-actions')`)
}

// TestBarByKeyboard: the focus shows the bar, Enter leads into it, the arrows move within it, and Escape leads back.
func TestBarByKeyboard(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t)
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	for _, text := range []string{"before", "see https://example.com/a"} {
		r.Send(wire.Post{ID: uuid.NewString(), Room: wire.DefaultRoom, Text: text})
		tab.Shows(text)
	}
	const link = "see https://example.com/a"
	tab.Press(kb.Tab, rig.Shift)
	tab.Press(kb.End)
	tab.Until(inSight(link) + ` && document.activeElement === ` + rig.Row(link))
	if n := rig.Eval[int](tab, rig.Log+`.querySelectorAll('[tabindex="0"]').length`); n != 1 {
		t.Errorf("the Tab key stops at %d things in the log, want the row only", n)
	}
	at := rig.Eval[string](tab, places)
	tab.Do(rig.Enter())
	tab.Until(rig.ByRole("toolbar", "Actions") + `?.contains(document.activeElement)`)
	if got := rig.Eval[string](tab, places); got != at {
		t.Errorf("the bar moves the rows from\n%s to\n%s", at, got)
	}
	walk := func(keys ...string) {
		t.Helper()
		for i := 0; i < len(keys); i += 2 {
			tab.Press(keys[i])
			if got := rig.Eval[string](tab, `document.activeElement.textContent`); got != keys[i+1] {
				t.Errorf("after %q the focus is on %q, want %q", keys[i], got, keys[i+1])
			}
		}
	}
	walk(kb.ArrowRight, "❤️", kb.ArrowLeft, "👍", kb.ArrowLeft, "Copy text", kb.ArrowLeft, "Reply")
	walk(kb.ArrowRight, "Copy text", kb.ArrowRight, "👍", kb.End, "Copy text", kb.Home, "👍")
	tab.Script(`document.documentElement.dir = 'rtl'`)
	walk(kb.ArrowLeft, "❤️", kb.ArrowRight, "👍")
	tab.Script(`document.documentElement.dir = ''`)
	walk(kb.ArrowRight, "❤️", kb.Tab, "https://example.com/a")
	tab.Press(kb.Tab, rig.Shift)
	tab.Until(`document.activeElement.textContent === '❤️'`) // the bar is one stop, where the user left it
	tab.Press(kb.Escape)
	tab.Until(`document.activeElement === ` + rig.Row(link) + ` && ` + shownBars + ` === 0`)
	tab.Press(kb.ArrowUp)
	tab.Until(inSight("before") + ` && ` + shownBars + ` === 1`)
	tab.Press(kb.Escape)
	tab.Until(`document.activeElement === ` + rig.Composer + ` && ` + shownBars + ` === 0`)
}

// TestBarOfAMessageThatIsAccepted: a message gets its other actions while the focus is in its bar. The focus stays on the
// button, so that the next key does not go elsewhere.
func TestBarOfAMessageThatIsAccepted(t *testing.T) {
	t.Parallel()
	server, tab := unsent(t, "Lunch?")
	tab.TabBackTo(rig.Log)
	tab.Press(kb.End)
	tab.Do(rig.Enter())
	tab.Until(`document.activeElement.textContent === 'Copy text'`)
	server.Start()
	tab.Until(`!` + rig.Row("Lunch?") + `.matches('` + rig.WaitingRow + `') && ` + inSight("Lunch?") +
		` && document.activeElement.textContent === 'Copy text'`)
	tab.Press(kb.ArrowRight)
	tab.Until(`document.activeElement.textContent === 'Take back'`)
}

// TestBarOutOfSight: open actions close once their row is scrolled out of sight. The focus goes from them to their row.
func TestBarOutOfSight(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "1000/1s")
	tab := rig.OpenBrowser(t).Tab(server.URL).Ready()
	rig.Fill(rig.DialAnd(t, server, wire.DefaultRoom), wire.DefaultRoom, "line", 40, nil)
	tab.Until(rig.Newest("line", 40))
	tab.Press(kb.Tab, rig.Shift)
	tab.Press(kb.End)
	tab.Do(rig.Enter())
	tab.Until(`document.activeElement.textContent === '👍'`)
	tab.Script(rig.Log + `.scrollTop -= 10`)
	tab.Until(inSight("line 40.") + ` && document.activeElement.textContent === '👍'`)
	tab.Script(rig.Log + `.scrollTop = 0`)
	tab.Until(shownBars + ` === 0 && document.activeElement === ` + rig.Row("line 40.") + ` && ` + rig.Log +
		`.scrollTop === 0`)
}

// TestBarByTouch: a finger that stays on a message opens its actions, selects nothing and does not open the browser's menu.
// A finger that scrolls opens nothing.
func TestBarByTouch(t *testing.T) {
	t.Parallel()
	server := rig.Serve(t, "-rate", "1000/1s")
	tab := rig.OpenBrowser(t).Tab("")
	tab.Phone()
	tab.Do(chromedp.Navigate(server.URL))
	tab.Until(rig.Connection + ` === 'Online'`)
	r := rig.DialAnd(t, server, wire.DefaultRoom)
	rig.Fill(r, wire.DefaultRoom, "line", 40, nil)
	tab.Until(rig.Newest("line", 40) + ` && ` + belowSight + ` < 2`)
	tab.Script(`window.menus = 0; addEventListener('contextmenu', e => { menus += !e.defaultPrevented; });
		window.opened = new Set(); new MutationObserver(all => all.forEach(m => m.target.ariaExpanded === 'true' &&
			opened.add(m.target.closest('article').querySelector('.message-text').textContent)))
			.observe(` + rig.Log + `, {subtree: true, attributeFilter: ['aria-expanded']});
		window.cancelled = 0; addEventListener('pointercancel', () => { cancelled++; window.seconds = 0; });
		setInterval(() => window.seconds++, 1000)`)
	down := func(at *input.TouchPoint) { tab.Do(rig.Touch(input.DispatchTouchEventTypeTouchStart, at)) }
	up := func() { tab.Do(rig.Touch(input.DispatchTouchEventTypeTouchEnd)) }

	finger := tab.Middle(in("line 38.", rig.RowText))
	down(finger)
	for range 20 {
		finger.Y += 5
		tab.Do(rig.Touch(input.DispatchTouchEventTypeTouchMove, finger))
	}
	tab.Until(`cancelled === 1 && ` + belowSight + ` > 50 && seconds >= 2`) // longer than a finger must stay
	tab.Script(rig.Log + `.addEventListener('scrollend', () => window.scrolled = true)`)
	up()
	tab.Until(`window.scrolled`) // a finger that touches a list in motion only stops it
	at := rig.Eval[string](tab, places)
	down(tab.Middle(in("line 35.", rig.RowText)))
	tab.Until(in("line 35.", rig.RowMore) + `.ariaExpanded === 'true'`)
	up()
	tab.Until(inSight("line 35.") + ` && menus === 0 && String(getSelection()) === ''`)
	if got := rig.Eval[string](tab, places); got != at {
		t.Errorf("the bar moves the rows from\n%s to\n%s", at, got)
	}
	if got := rig.Eval[string](tab, `[...opened].join()`); got != "line 35." {
		t.Errorf("the actions of %q were opened, want those of the row on which the finger stayed", got)
	}
	if bad := small(tab, 44); len(bad) > 0 {
		t.Errorf("smaller than 44 px for a finger: %q", bad)
	}
	tab.Tap(in("line 35.", ".message-actions button"))
	tab.Until(in("line 35.", ".reaction") + `?.textContent === '👍 1' && ` + shownBars + ` === 0`)
	tab.Tap(in("line 34.", rig.RowLeft)) // the ring lies on the button and does the same
	tab.Until(inSight("line 34."))
	tab.Tap(in("line 20.", rig.RowText))
	tab.Until(shownBars + ` === 0`)
}
