package rig

import (
	"context"
	"fmt"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// Touch returns an action that sends one touch event to the page. at has the places of the fingers. At the end of a touch
// it is empty.
func Touch(kind input.DispatchTouchEventType, at ...*input.TouchPoint) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		if at == nil {
			at = []*input.TouchPoint{}
		}
		_, err := chromedp.Call(ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: at})
		return err
	})
}

// Middle returns the middle of an element, the value of a JavaScript expression.
func (tab *Tab) Middle(element string) *input.TouchPoint {
	tab.t.Helper()
	return Eval[*input.TouchPoint](tab, `(r => ({x: r.x + r.width / 2, y: r.y + r.height / 2}))(`+element+
		`.getBoundingClientRect())`)
}

// Tap touches element for a short time, as a user does who presses a button. element is a JavaScript expression. Tap first
// waits until the element stands still and nothing covers its middle. The test fails if it is a control smaller than 44 px.
func (tab *Tab) Tap(element string) {
	tab.t.Helper()
	at := tab.reach(element)
	if at.Control && min(at.Width, at.Height) < 43.5 {
		tab.t.Errorf("%s is too small for a finger: %g × %g px", element, at.Width, at.Height)
	}
	tab.Do(Touch(input.DispatchTouchEventTypeTouchStart, &at.TouchPoint), Touch(input.DispatchTouchEventTypeTouchEnd))
}

// LongPress touches element until the JavaScript condition done is true, and then lifts the finger.
func (tab *Tab) LongPress(element, done string) {
	tab.t.Helper()
	at := tab.reach(element)
	tab.Do(Touch(input.DispatchTouchEventTypeTouchStart, &at.TouchPoint))
	tab.Until(done)
	tab.Do(Touch(input.DispatchTouchEventTypeTouchEnd))
}

// Swipe puts a finger on the middle of element, moves it by dy pixels downwards, or upwards if dy is negative, and lifts it.
func (tab *Tab) Swipe(element string, dy float64) {
	tab.t.Helper()
	const steps = 20
	at := tab.reach(element)
	tab.Do(Touch(input.DispatchTouchEventTypeTouchStart, &at.TouchPoint))
	for range steps {
		at.Y += dy / steps
		tab.Do(Touch(input.DispatchTouchEventTypeTouchMove, &at.TouchPoint))
	}
	tab.Do(Touch(input.DispatchTouchEventTypeTouchEnd))
}

// A touchable is the middle of an element that a finger can touch.
type touchable struct {
	input.TouchPoint
	Width, Height float64 // of the element, in CSS pixels
	Control       bool    // the element is a button, a link or a field
}

// reach waits until element stands still, and until a finger on its middle would touch it and not something above it. In
// each attempt it evaluates element only once, because byRole takes Chromium a long time.
func (tab *Tab) reach(element string) touchable {
	tab.t.Helper()
	tab.Until(fmt.Sprintf(`(e => {
		const r = e.getBoundingClientRect(), x = r.x + r.width / 2, y = r.y + r.height / 2;
		const was = JSON.stringify(window.target);
		window.target = {x, y, width: r.width, height: r.height,
			control: e.matches('a, button, input, label, select, textarea, [role=option]')};
		return was === JSON.stringify(target) && e.contains(document.elementFromPoint(x, y));
	})(%s)`, element))
	return Eval[touchable](tab, `target`)
}
