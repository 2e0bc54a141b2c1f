// Package dom reads and changes the page's document without go-app: texts and attributes that go-app draws empty and never
// changes, the focus, and events of the window. go-app does not notice these changes, so they do not make go-app draw the
// page. Only the UI goroutine may use the package, except to show the sentence after a panic.
package dom

import (
	"strings"
	"sync"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// document returns the document. It asks the browser only once: each answer would be a new Go value, which the garbage
// collector must free.
var document = sync.OnceValue(func() goapp.Value { return goapp.Window().Get("document") })

// Document returns the page's document.
func Document() goapp.Value { return document() }

// ByID returns the element with this id. If there is none, Truthy of the result is false.
func ByID(id string) goapp.Value { return goapp.Window().GetElementByID(id) }

// Node returns a new element with children, which are elements or strings.
func Node(tag, class string, children ...any) goapp.Value {
	e := Document().Call("createElement", tag)
	e.Set("className", class)
	e.Call("append", children...)
	return e
}

// Set sets an attribute of an element.
func Set(e goapp.Value, attribute, value string) { e.Call("setAttribute", attribute, value) }

// Write sets the text of the element with this id, if there is one. Use it only for an element that go-app draws empty:
// go-app does not know about this text.
func Write(id, text string) {
	if e := ByID(id); e.Truthy() {
		e.Set("textContent", text)
	}
}

// Focus moves the focus to the element with this id, if there is one.
func Focus(id string) {
	if e := ByID(id); e.Truthy() {
		e.Call("focus")
	}
}

// FocusInPlace moves the focus to an element without scrolling to it.
func FocusInPlace(e goapp.Value) { e.Call("focus", map[string]any{"preventScroll": true}) }

// Active returns the element that has the focus.
func Active() goapp.Value { return Document().Get("activeElement") }

// IsBody reports whether e, the result of Active, is the body of the page: then no element has the focus.
func IsBody(e goapp.Value) bool { return e.Equal(Document().Get("body")) }

// Hidden reports whether the page is hidden: in the background, or behind another tab.
func Hidden() bool { return Document().Get("hidden").Bool() }

// Copy copies text to the clipboard, and then calls done. copied is true if text was copied. done may run before Copy
// returns, or later on the browser's event loop. If the browser does not let the page use the clipboard, Copy tries the
// command with which old browsers copy (copyByCommand).
func Copy(text string, done func(copied bool)) {
	clipboard := goapp.Window().Get("navigator").Get("clipboard")
	if !clipboard.Truthy() { // a page without TLS has no navigator.clipboard
		done(copyByCommand(text))
		return
	}
	var settled [2]goapp.Func // settled[0] runs when the text was copied, settled[1] when copying was refused
	settle := func(i int, copied func() bool) {
		settled[i] = goapp.FuncOf(func(goapp.Value, []goapp.Value) any {
			settled[0].Release()
			settled[1].Release()
			done(copied())
			return nil
		})
	}
	settle(0, func() bool { return true })
	settle(1, func() bool { return copyByCommand(text) })
	// Let a promise call writeText: if writeText throws an exception, settled[1] runs, as after a refusal.
	write := clipboard.Get("writeText").Call("bind", clipboard, text)
	goapp.Window().Get("Promise").Call("resolve").Call("then", write).Call("then", settled[0], settled[1])
}

// copyByCommand copies text with execCommand("copy"), an old command of browsers. That command copies the selected text, so
// copyByCommand adds an element with text to the page, and selects it. Afterwards it removes the element, and restores the
// focus and the selection. It reports whether the browser has copied text.
func copyByCommand(text string) bool {
	focused, selection := Active(), goapp.Window().Call("getSelection")
	var ranges []goapp.Value
	for i := range selection.Get("rangeCount").Int() {
		ranges = append(ranges, selection.Call("getRangeAt", i).Call("cloneRange"))
	}
	start, end, way := focused.Get("selectionStart"), focused.Get("selectionEnd"), focused.Get("selectionDirection")
	source := Node("p", "unseen", text)
	source.Get("style").Set("whiteSpace", "pre") // otherwise a line break would be copied as a space
	Document().Get("body").Call("append", source)
	selection.Call("selectAllChildren", source)
	copied := Document().Call("execCommand", "copy").Bool()
	source.Call("remove")
	selection.Call("removeAllRanges")
	for _, r := range ranges {
		selection.Call("addRange", r)
	}
	if !Active().Equal(focused) {
		FocusInPlace(focused)
	}
	if start.Truthy() || end.Truthy() { // focused is a field: restore the selection inside the field, too
		focused.Call("setSelectionRange", start, end, way)
	}
	return copied
}

// WatchSizes calls handle each time the sizes of elements, with padding and border, have changed, before the browser paints
// them with the new sizes. The first call comes soon after WatchSizes was called, the last before stop is called. handle
// runs on the browser's event loop.
func WatchSizes(handle func(), elements ...goapp.Value) (stop func()) {
	f := goapp.FuncOf(func(goapp.Value, []goapp.Value) any {
		handle()
		return nil
	})
	observer := goapp.Window().Get("ResizeObserver").New(f)
	for _, e := range elements {
		observer.Call("observe", e, map[string]any{"box": "border-box"})
	}
	return func() {
		observer.Call("disconnect")
		f.Release()
	}
}

// Listen calls handle for each event of target until stop is called. handle runs on the browser's event loop. If target does
// not exist, as in an old browser, Listen does nothing.
func Listen(target goapp.Value, event string, handle func()) (stop func()) {
	return ListenEvent(target, event, func(goapp.Value) { handle() })
}

// ListenEvent does what Listen does, and hands the event to handle, which can still prevent what the browser would do.
func ListenEvent(target goapp.Value, event string, handle func(e goapp.Value)) (stop func()) {
	if !target.Truthy() {
		return func() {}
	}
	f := goapp.FuncOf(func(_ goapp.Value, args []goapp.Value) any {
		handle(args[0])
		return nil
	})
	target.Call("addEventListener", event, f)
	return func() {
		target.Call("removeEventListener", event, f)
		f.Release()
	}
}

// Matches reports whether a media query is true now.
func Matches(query string) bool {
	return goapp.Window().Call("matchMedia", query).Get("matches").Bool()
}

// All returns the elements within e that a selector matches, in the order of the document.
func All(e goapp.Value, selector string) (all []goapp.Value) {
	found := e.Call("querySelectorAll", selector)
	for i := range found.Length() {
		all = append(all, found.Index(i))
	}
	return all
}

// Shown reports whether an element is visible, or would become visible by scrolling.
func Shown(e goapp.Value) bool {
	visibility := goapp.Window().Call("getComputedStyle", e).Get("visibility").String()
	return e.Get("offsetHeight").Int() > 0 && visibility == "visible"
}

// Shares reports whether the browser can hand a link to another app.
func Shares() bool { return goapp.Window().Get("navigator").Get("share").Truthy() }

// Share lets the user hand a link to another app. Call it only if Shares reports true.
func Share(title, address string) {
	what := map[string]any{"title": title, "url": address}
	ignore(goapp.Window().Get("navigator").Call("share", what)) // it fails if the user changes their mind
}

// Badge shows n on the icon of the installed app, where the browser can. 0 removes the number.
func Badge(n int) {
	navigator := goapp.Window().Get("navigator")
	switch {
	case !navigator.Get("setAppBadge").Truthy():
	case n == 0:
		ignore(navigator.Call("clearAppBadge"))
	default:
		ignore(navigator.Call("setAppBadge", n))
	}
}

// ignore handles the end of a promise, so that the browser does not report an error if the promise fails.
func ignore(promise goapp.Value) {
	var settled goapp.Func
	settled = goapp.FuncOf(func(goapp.Value, []goapp.Value) any {
		settled.Release()
		return nil
	})
	promise.Call("then", settled, settled)
}

// Apple reports whether the device is one of Apple's, whose keyboards have ⌘.
func Apple() bool {
	platform := goapp.Window().Get("navigator").Get("platform").String()
	return strings.HasPrefix(platform, "Mac") || strings.HasPrefix(platform, "iP")
}
