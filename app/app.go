// Package app is the user interface of Mayfly: a go-app page that draws the client's View and tells the client what
// the user does. app/client decides what to show and what to send.
//
// The page is one go-app component. It consists of parts, which are plain structs. A part draws itself with render and
// handles the events of its elements. It uses only its own fields and the model, which all parts share. parts.go lists the
// parts, and page.go connects them.
//
// go-app also runs on the server, where it draws the page that the browser gets first. There the page has no client. So the
// server sends a shell: the page without messages and names. In the browser, the page with a client replaces the shell. The
// shell contains no text that depends on the request, for two reasons: go-app does not escape attributes well, so such text
// could break the HTML; and a browser without a network shows the shell of "/" at every path.
//
// Files, from the top down. A file refers only to files below it:
//   - app, preview: what other packages call
//   - page: what go-app calls, and how the parts are connected
//   - window, show, header, language, runcommand, choices, title: what the page does with several parts
//   - parts: the type page, which has the parts
//   - notifications, roomlist, roommenu: the rooms that the user is in
//   - timeline, emptyroom, welcome, longpress: the messages
//   - composerform, transfer, composer, early, reply, lifetime, orderbar, pause, suggestions: the composer
//   - people, nickname, typing: the people in the room
//   - menu, settingsdialog, invite, qr, help, palette, choice, moderation: the header's menu and the dialogs
//   - account, connection, update, install, notice: the rest of the header, and the bars below it
//   - painter, linkclicks, shortcuts, popover, dialog: help for the files above
//   - reading, model, shell: what the parts share
//   - rooms, settings, address, draft, complete, emoji, commands: records of what the user has or writes, and how to read
//     them (pure)
//   - voice, counter, tidy, press, element, guard: screen readers, the count of characters, control characters, pressed
//     keys, elements, panics
//
// Exceptions:
//   - early refers to composer: the composer says when it can take what the user has written early, and early then writes
//     that into the composer
package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/pkce"
)

// Register registers the page for every path:
//   - "/" is the room wire.DefaultRoom, and "/r/<name>" is the room of that name.
//   - pkce.CallbackPath is the path while a sign-in is completed.
//   - At any other path the page says that there is no such room. A browser without a network can show the page at any
//     path, because the service worker then answers every path with the page.
//
// c and auth are nil in the server's process. If notice is not "", it is a sentence that the page shows until the user
// dismisses it. In the browser, shell comes from ReadShell. Call Register once, before go-app runs or serves.
func Register(c *client.Client, auth *pkce.SignIn, notice string, shell Shell) {
	page := func() goapp.Composer {
		p := newPage(c, auth, notice)
		p.shell = shell
		return p
	}
	goapp.Route("/", page)
	goapp.Route(pkce.CallbackPath, page)
	goapp.RouteWithRegexp("^/", page)
}
