// Package dom reads and changes the page's document without go-app: texts and attributes that go-app draws empty and
// never changes, the focus, and events of the window. A change made here does not make go-app draw. Only the UI goroutine
// may use the package, except for the sentence that is shown after a panic.
package dom

import (
	"sync"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// document returns the document. It asks the browser only once, because each answer would be another Go value for the
// garbage collector.
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

// Write sets the text of the element with this id, if there is one. In go-app's drawing, the element must be empty.
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

// Hidden reports whether the page is hidden: in the background, or behind another tab.
func Hidden() bool { return Document().Get("visibilityState").String() == "hidden" }

// Copy copies text to the clipboard, and then calls done, with true if that succeeded. done may run before Copy returns,
// or later on the browser's event loop. Where the page may not use the clipboard, Copy tries the old command of browsers
// (copyByCommand).
func Copy(text string, done func(copied bool)) {
	clipboard := goapp.Window().Get("navigator").Get("clipboard")
	if !clipboard.Truthy() { // there is none without TLS
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
	write := clipboard.Get("writeText").Call("bind", clipboard, text) // if writeText throws, that counts as a refusal, too
	goapp.Window().Get("Promise").Call("resolve").Call("then", write).Call("then", settled[0], settled[1])
}

// copyByCommand copies text with the command of old browsers, which copies the selected text. Afterwards the focus and
// the selection are the same as before.
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
	if start.Truthy() || end.Truthy() { // the selection within a field
		focused.Call("setSelectionRange", start, end, way)
	}
	return copied
}

// WatchSize calls handle soon after this call, and then whenever the browser has laid out e with another size, before it
// paints that size. It goes on until stop is called. handle runs on the browser's event loop.
func WatchSize(e goapp.Value, handle func()) (stop func()) {
	f := goapp.FuncOf(func(goapp.Value, []goapp.Value) any {
		handle()
		return nil
	})
	observer := goapp.Window().Get("ResizeObserver").New(f)
	observer.Call("observe", e)
	return func() {
		observer.Call("disconnect")
		f.Release()
	}
}

// Listen calls handle for each event of target until stop is called. handle runs on the browser's event loop. If target does
// not exist, as in an old browser, Listen does nothing.
func Listen(target goapp.Value, event string, handle func()) (stop func()) {
	if !target.Truthy() {
		return func() {}
	}
	f := goapp.FuncOf(func(goapp.Value, []goapp.Value) any {
		handle()
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
