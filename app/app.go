// Package app is the user interface of Mayfly: a go-app page that draws the client's View and tells the client what
// the user does. app/client decides what to show and what to send.
//
// The page is one go-app component. It consists of parts, which are plain structs: a part draws itself with render,
// handles the events of its elements, and sees the model, which all parts share, and itself. The code that connects
// parts is in page.go.
//
// The server registers the same routes, without a client, and prerenders a shell: the page without messages and names.
// The shell consists of constants only, because go-app does not escape attributes well, and because a browser without
// a network shows the shell of "/" at every path. In the browser, the page with a client replaces the shell.
package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/pkce"
)

// Register registers the page for every path:
//   - "/" is the room wire.DefaultRoom, and "/r/<name>" is the room of that name.
//   - pkce.CallbackPath is the path while a sign-in is completed.
//   - At any other path the page says that there is no such room. The browser may show the page there, because without a
//     network the service worker answers each path with it.
//
// c and auth are nil in the server's process. If notice is not "", it is a sentence that the page shows until the user
// dismisses it. Call Register once, before go-app runs or serves.
func Register(c *client.Client, auth *pkce.SignIn, notice string) {
	page := func() goapp.Composer { return newPage(c, auth, notice) }
	goapp.Route("/", page)
	goapp.Route(pkce.CallbackPath, page)
	goapp.RouteWithRegexp("^/", page)
}
