// Package app is what the user sees of Mayfly: a go-app page that draws the client's view and passes on what the user does.
// app/client decides what to show and what to send.
//
// The page is one go-app component. It consists of parts, which are plain structs: a part draws itself with render,
// handles the events of its elements, and sees the model, which all parts share, and itself. What happens between parts
// stands in page.go.
//
// The server registers the same routes, without a client, and prerenders a calm shell: constants only, since go-app does
// not escape attributes well, and since the shell of "/" is what a client without a network shows at any path. The client
// draws anew over it.
package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/pkce"
)

// Register registers every page: "/" is the room wire.DefaultRoom, "/r/<name>" any other, and pkce.CallbackPath is shown for
// as long as it takes to sign in. s and in are nil in the server's process. notice, if not "", is a sentence that stands on
// the page until the user dismisses it. Call it once, before go-app runs or serves.
func Register(s *client.Client, in *pkce.SignIn, notice string) {
	page := func() goapp.Composer { return newPage(s, in, notice) }
	goapp.Route("/", page)
	goapp.Route(pkce.CallbackPath, page)
	goapp.RouteWithRegexp("^/r/", page)
}
