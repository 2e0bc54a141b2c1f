package app

import (
	"reflect"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// elem returns an element. The method Attr sets its attributes, and the function on sets its event handlers.
// goapp.Article() and the like do the same, but each returns a type of its own with a hundred methods, which adds some
// kilobytes to the download.
func elem(tag, class string, body ...goapp.UI) goapp.HTMLElem {
	return goapp.Elem(tag).Class(class).Body(body...)
}

// textElem returns an element that holds text.
func textElem(tag, class, text string) goapp.HTMLElem { return elem(tag, class, goapp.Text(text)) }

// attributes sets attributes of e. pairs holds a name, then its value, then the next name, and so on.
func attributes(e goapp.HTMLElem, pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		e.Attr(pairs[i], pairs[i+1])
	}
}

// on sets handle as the handler of the event with that name on e, with Guard deferred around it. go-app takes two
// handlers of an element for the same handler if their code and their scope are the same. All handlers that this function
// makes have the same code, so it sets the scope to the address of handle's code.
func on(e goapp.HTMLElem, event string, handle goapp.EventHandler, options ...goapp.EventOption) goapp.HTMLElem {
	scope := goapp.EventScope(reflect.ValueOf(handle).Pointer())
	return e.On(event, func(ctx goapp.Context, e goapp.Event) {
		defer Guard()
		handle(ctx, e)
	}, append(options, scope)...)
}
