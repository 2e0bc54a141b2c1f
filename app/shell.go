package app

import (
	"strconv"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
)

// Shell is what the page knows about the server before it is connected.
type Shell struct {
	Life   time.Duration // how long a message lives in a room of which the page does not know that yet; 0: unknown
	SignIn bool          // users can sign in
}

const (
	// lifeMark is the attribute of the element in the header that says how long messages live. Its value is that time in
	// milliseconds.
	lifeMark = "data-life"
	// placeMark is the class of the element in the header that keeps the place of the button Sign in.
	placeMark = "account-place"
)

// ReadShell returns what the shell says. Call it before go-app runs, because the client's page replaces the shell.
func ReadShell() (s Shell) {
	find := func(selector string) goapp.Value { return dom.Document().Call("querySelector", selector) }
	if chip := find("[" + lifeMark + "]"); chip.Truthy() {
		ms, _ := strconv.Atoi(chip.Call("getAttribute", lifeMark).String()) // never fails: renderLife has written it
		s.Life = time.Duration(ms) * time.Millisecond
	}
	s.SignIn = find("." + placeMark).Truthy()
	return s
}
