// Package dom reads and changes the page's document without go-app: texts and attributes that go-app draws empty and never
// changes, the focus, and events of the window. A change made here does not make go-app draw. Only the UI goroutine may call
// it, but for the sentence after a panic.
package dom

import (
	"sync"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// document returns the document, which it asks the browser for only once: each time would make another Go value for the
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

// Write sets the text of the element with this id, if there is one. go-app must draw that element empty.
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
