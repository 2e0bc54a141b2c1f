package rig

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// maxStops is more than the stops of the Tab key in any page.
const maxStops = 60

// TabTo presses the Tab key until element has the focus, as a user without a mouse does. element is a JavaScript expression.
// The test fails if the Tab key never stops there.
func (tab *Tab) TabTo(element string) {
	tab.t.Helper()
	tab.walkTo(element)
}

// TabBackTo does what TabTo does, but with Shift held.
func (tab *Tab) TabBackTo(element string) {
	tab.t.Helper()
	tab.walkTo(element, Shift)
}

// walkTo presses Tab, together with the keys in with, until element has the focus. It evaluates element as seldom as it can,
// because Chromium needs long for byRole.
func (tab *Tab) walkTo(element string, with ...chromedp.KeyOption) {
	tab.t.Helper()
	tab.Until(fmt.Sprintf(`window.stops = [], !!(window.goal = %s)`, element))
	for range maxStops {
		tab.Press(kb.Tab, with...)
		if Eval[bool](tab, fmt.Sprintf(`stops.push(document.activeElement),
			document.activeElement === (goal.isConnected ? goal : window.goal = %s)`, element)) {
			return
		}
	}
	tab.t.Fatalf("the Tab key never stops at %s, but at %q", element,
		Eval[[]string](tab, `stops.map(e => e.computedRole + ' ' + e.computedName)`))
}

// Compose makes an input method compose text in the element with the focus. The caret is behind the text.
func (tab *Tab) Compose(text string) {
	tab.t.Helper()
	at := int64(utf8.RuneCountInString(text))
	composition := input.ImeSetCompositionParams{Text: text, SelectionStart: at, SelectionEnd: at}
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, input.ImeSetComposition, composition)
		return err
	}))
}
