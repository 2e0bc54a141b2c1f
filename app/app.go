// Package app is what one sees of Mayfly: go-app pages and components that draw the client's view and forward what the
// person does. What to show and what to send is decided in app/client.
//
// The server registers the same routes, without a client, and prerenders a calm shell: constants only, since go-app does
// not escape attributes well, and since the shell of "/" is what a client without a network shows at any path. The client
// draws anew over it.
package app

import (
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/pkce"
	"mayfly/shared/wire"
)

// Register registers every page: "/" is the room wire.DefaultRoom, "/r/<name>" any other, and pkce.CallbackPath is shown for
// as long as it takes to sign in. s and in are nil in the server's process. notice, if not "", is a sentence that stands on
// the page until it is dismissed. Call it once, before go-app runs or serves.
func Register(s *client.Client, in *pkce.SignIn, notice string) {
	page := func() goapp.Composer {
		return &chat{client: s, signIn: in, notice: notice, atEnd: true, drafting: drafting{taken: map[string]int{}}}
	}
	goapp.Route("/", page)
	goapp.Route(pkce.CallbackPath, page)
	goapp.RouteWithRegexp("^/r/", page)
}

// roomOf returns the room that a path names; ok is false if no room can have that name.
func roomOf(path string) (room string, ok bool) {
	if path == "/" {
		return wire.DefaultRoom, true
	}
	room, ok = strings.CutPrefix(path, "/r/")
	if !ok || !wire.ValidRoom(room) {
		return "", false
	}
	return room, true
}

// elem returns an element, whose attributes and handlers are set by name. goapp.Article(), Role() and the like say the same,
// but each element is a type of its own with a hundred methods, which costs the download some kilobytes apiece.
func elem(tag, class string, body ...goapp.UI) goapp.HTMLElem {
	return goapp.Elem(tag).Class(class).Body(body...)
}

// textElem returns an element that holds text.
func textElem(tag, class, text string) goapp.HTMLElem { return elem(tag, class, goapp.Text(text)) }

func dispatch(ctx goapp.Context, f func(goapp.Context)) { ctx.Dispatch(f) }

func deferred(ctx goapp.Context, f func(goapp.Context)) { ctx.Defer(f) }

// attributes sets attributes, given as name and value by turns.
func attributes(e goapp.HTMLElem, pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		e.Attr(pairs[i], pairs[i+1])
	}
}
