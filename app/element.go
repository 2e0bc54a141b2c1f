package app

import (
	"reflect"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// elem returns an element. To set an attribute, call the method Attr of the element. To set an event handler, call
// on(element, event, handler). Do not use goapp.Article() and similar functions: each returns a type of its own with a
// hundred methods, which adds some kilobytes to the download.
func elem(tag, class string, body ...goapp.UI) goapp.HTMLElem {
	return goapp.Elem(tag).Class(class).Body(body...)
}

// textElem returns an element that contains text.
func textElem(tag, class, text string) goapp.HTMLElem { return elem(tag, class, goapp.Text(text)) }

// attributes sets attributes of e. pairs contains a name, then its value, then the next name, and so on.
func attributes(e goapp.HTMLElem, pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		e.Attr(pairs[i], pairs[i+1])
	}
}

// on registers handle as the handler of event on the element e. Guard catches a panic in handle. When go-app draws e again,
// it replaces the old handler only if the code or the scope of the new handler is different. The code is never different,
// because on always passes the same closure. So on passes the address of handle's code as the scope: otherwise the old
// handler would stay.
func on(e goapp.HTMLElem, event string, handle goapp.EventHandler, options ...goapp.EventOption) goapp.HTMLElem {
	scope := goapp.EventScope(reflect.ValueOf(handle).Pointer())
	return e.On(event, func(ctx goapp.Context, e goapp.Event) {
		defer Guard()
		handle(ctx, e)
	}, append(options, scope)...)
}

// checkbox draws a checkbox with its label.
func checkbox(label string, checked bool, onChange goapp.EventHandler) goapp.UI {
	box := elem("input", "").Attr("type", "checkbox").Attr("checked", checked)
	return elem("label", "choice", on(box, "change", onChange), goapp.Text(label))
}
