package app

import (
	"fmt"
	"runtime/debug"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
	"mayfly/app/words"
)

const brokenID = "broken"

// Guard recovers from a panic, and tells the user about it by the function broke. Defer Guard in every function of ours that
// go-app or the browser calls, and in every goroutine. Otherwise a panic would end the program silently, and the page would
// still look alive. If you pass a function to one of the helpers on, dispatch, deferred or spawn, it need not defer Guard,
// because the helper does.
func Guard() {
	if r := recover(); r != nil {
		broke(r)
	}
}

// dispatch runs f on the UI goroutine. Then go-app draws the page, unless f calls PreventUpdate. If the page has lost the
// element of ctx by then, dispatch does not run f.
func dispatch(ctx goapp.Context, f func(goapp.Context)) {
	ctx.Dispatch(func(ctx goapp.Context) {
		defer Guard()
		f(ctx)
	})
}

// deferred runs f on the UI goroutine after the page is drawn. It does not run f if the page has lost the element of ctx by
// then.
func deferred(ctx goapp.Context, f func(goapp.Context)) {
	ctx.Defer(func(ctx goapp.Context) {
		defer Guard()
		f(ctx)
	})
}

// spawn runs f on a goroutine of its own.
func spawn(f func()) {
	go func() {
		defer Guard()
		f()
	}()
}

// broke writes the panic r to the browser's console, and shows the user a sentence with a button that loads the page again.
// It does not use go-app for that, because the panic may have come from drawing. The button submits a form, so that it works
// even if the program has stopped.
func broke(r any) {
	goapp.Window().Get("console").Call("error", fmt.Sprint("mayfly: panic: ", r, "\n", string(debug.Stack())))
	if goapp.IsServer || dom.ByID(brokenID).Truthy() {
		return
	}
	bar := `<div class="broken" id="` + brokenID + `" role="alert"><form>` + words.Of(words.Broke) +
		` <button>` + words.Of(words.Reload) + `</button></form></div>`
	dom.Document().Get("body").Call("insertAdjacentHTML", "beforeend", bar)
}
