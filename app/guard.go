package app

import (
	"fmt"
	"runtime/debug"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

const brokenID = "broken"

// brokenBar says so and reloads: a form of one button asks for its own page again.
const brokenBar = `<form class="broken" id="` + brokenID + `" role="alert">Something in Mayfly broke. <button>Reload</button></form>`

// Guard is deferred in every function of ours that go-app or the browser calls, and in every goroutine: an unrecovered
// panic ends the program without a word, and leaves a page that looks alive.
func Guard() {
	if r := recover(); r != nil {
		broke(r)
	}
}

// broke writes the panic to the console and tells the person to reload. It works on the document itself: what draws may be
// what broke.
func broke(r any) {
	window := goapp.Window()
	window.Get("console").Call("error", fmt.Sprint("mayfly: panic: ", r, "\n", string(debug.Stack())))
	document := window.Get("document")
	if goapp.IsServer || document.Call("getElementById", brokenID).Truthy() {
		return
	}
	document.Get("body").Call("insertAdjacentHTML", "beforeend", brokenBar)
}
