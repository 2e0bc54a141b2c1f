package app

import (
	"reflect"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// elem returns an element, whose attributes and handlers are set by name. goapp.Article(), Role() and the like say the same,
// but each element is a type of its own with a hundred methods, which costs the download some kilobytes apiece.
func elem(tag, class string, body ...goapp.UI) goapp.HTMLElem {
	return goapp.Elem(tag).Class(class).Body(body...)
}

// textElem returns an element that holds text.
func textElem(tag, class, text string) goapp.HTMLElem { return elem(tag, class, goapp.Text(text)) }

// attributes sets attributes, given as name and value by turns.
func attributes(e goapp.HTMLElem, pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		e.Attr(pairs[i], pairs[i+1])
	}
}

// on makes handle run at each event of e, guarded. go-app takes two handlers of an element for the same if their code and
// their scope are the same. Guarded handlers have the same code, so the scope is the address of handle's code.
func on(e goapp.HTMLElem, event string, handle goapp.EventHandler, options ...goapp.EventOption) goapp.HTMLElem {
	scope := goapp.EventScope(reflect.ValueOf(handle).Pointer())
	return e.On(event, func(ctx goapp.Context, e goapp.Event) {
		defer Guard()
		handle(ctx, e)
	}, append(options, scope)...)
}
