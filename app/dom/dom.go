// Package dom reads and changes the page's document beside go-app: the texts and attributes that go-app draws empty and then
// leaves alone, the focus, and events of the window. A change here causes no drawing of go-app. The UI goroutine alone calls
// it.
package dom

import (
	"sync"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// document looks the document up once: each look-up makes a value that the garbage collector has to watch.
var document = sync.OnceValue(func() goapp.Value { return goapp.Window().Get("document") })

// Document returns the page's document.
func Document() goapp.Value { return document() }

// ByID returns the element of that id. It is not Truthy if there is none.
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

// Write puts text into the element of that id, if there is one. go-app must draw that element empty.
func Write(id, text string) {
	if e := ByID(id); e.Truthy() {
		e.Set("textContent", text)
	}
}

// Focus moves the focus to the element of that id, if there is one.
func Focus(id string) {
	if e := ByID(id); e.Truthy() {
		e.Call("focus")
	}
}

// FocusInPlace moves the focus to an element without scrolling to it.
func FocusInPlace(e goapp.Value) { e.Call("focus", map[string]any{"preventScroll": true}) }

// Active returns the element that has the focus.
func Active() goapp.Value { return Document().Get("activeElement") }

// Hidden reports whether the page is out of sight.
func Hidden() bool { return Document().Get("visibilityState").String() == "hidden" }

// Listen calls handle at each event of target until stop is called. handle runs on the browser's event loop. An old browser
// may lack target: then Listen does nothing.
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
