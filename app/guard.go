package app

import (
	"fmt"
	"runtime/debug"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
	"mayfly/app/words"
)

const brokenID = "broken"

// Guard recovers from a panic and tells the user about it (broke). Defer it in every function of ours that go-app or
// the browser calls, and in every goroutine: an unrecovered panic ends the program silently, and leaves a page that
// looks alive. on, dispatch, deferred and spawn defer Guard for their function.
func Guard() {
	if r := recover(); r != nil {
		broke(r)
	}
}

// dispatch runs f on the UI goroutine, and then go-app draws the page.
func dispatch(ctx goapp.Context, f func(goapp.Context)) {
	ctx.Dispatch(func(ctx goapp.Context) {
		defer Guard()
		f(ctx)
	})
}

// deferred runs f on the UI goroutine after the page is drawn.
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

// broke writes the panic to the console and tells the user to reload. It changes the document without go-app, because the
// panic may have come from drawing. The sentence stands in a form with one button. Submitting the form loads the page
// again.
func broke(r any) {
	goapp.Window().Get("console").Call("error", fmt.Sprint("mayfly: panic: ", r, "\n", string(debug.Stack())))
	if goapp.IsServer || dom.ByID(brokenID).Truthy() {
		return
	}
	bar := `<div class="broken" id="` + brokenID + `" role="alert"><form>` + words.Of(words.Broke) +
		` <button>` + words.Of(words.Reload) + `</button></form></div>`
	dom.Document().Get("body").Call("insertAdjacentHTML", "beforeend", bar)
}
