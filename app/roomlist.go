package app

import (
	"slices"
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/dom"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

const (
	roomsID    = "rooms-menu"
	roomNameID = "rooms-open"
)

// A roomlist is the menu of rooms. It has links to the rooms that the user has visited since the page was opened, and a
// field for the name of any other room.
type roomlist struct {
	*model
	visited []string // the names of the visited rooms, in the order of the first visits
}

// render draws the button and the menu. The menu is a popover, so the browser opens and closes it: on the button, on
// Escape, and on a click outside.
func (r *roomlist) render() goapp.UI {
	menu := elem("div", "rooms-menu")
	attributes(menu, "id", roomsID, "popover", "auto")
	var body []goapp.UI
	for _, room := range r.visited {
		link := textElem("a", "rooms-link", "#"+room).Attr("href", pathOf(room))
		if room == r.room {
			link.Attr("aria-current", "page")
		}
		body = append(body, on(link, "click", r.onLink))
	}
	name := elem("input", "rooms-name")
	attributes(name, "id", roomNameID, "name", "room", "maxlength", "64", "pattern", "#?[a-zA-Z0-9][a-zA-Z0-9\\-]*",
		"title", words.Of(words.RoomPattern), "placeholder", words.Of(words.RoomPlaceholder),
		"autocomplete", "off", "autocapitalize", "none", "spellcheck", "false")
	name.Attr("required", true)
	label := textElem("label", "", words.Of(words.OpenRoomLabel)).Attr("for", roomNameID)
	open := textElem("button", "button", words.Of(words.OpenRoom)).Attr("type", "submit")
	form := on(elem("form", "rooms-form", label, elem("div", "rooms-row", name, open)), "submit", r.onOpen)
	button := textElem("button", "button", words.Of(words.Rooms)).Attr("type", "button").Attr("popovertarget", roomsID)
	return elem("nav", "rooms-nav", button, menu.Body(append(body, form)...)).Attr("aria-label", words.Of(words.Rooms))
}

// remember adds a room to the menu.
func (r *roomlist) remember(room string) {
	if !slices.Contains(r.visited, room) {
		r.visited = append(r.visited, room)
	}
}

// onLink runs when the user follows a link to a room.
func (r *roomlist) onLink(goapp.Context, goapp.Event) { r.close() }

// onOpen runs when the user submits a room's name, and goes to that room. The pattern of the field makes the browser refuse
// names that no room can have.
func (r *roomlist) onOpen(ctx goapp.Context, e goapp.Event) {
	e.PreventDefault()
	field := dom.ByID(roomNameID)
	room := strings.ToLower(strings.TrimPrefix(strings.TrimSpace(field.Get("value").String()), "#"))
	if !wire.ValidRoom(room) {
		return
	}
	field.Set("value", "")
	r.close()
	ctx.Navigate(pathOf(room))
}

func (r *roomlist) close() { dom.ByID(roomsID).Call("hidePopover") }

// open opens the menu and moves the focus to the field. The page calls it if the address has wire.OpenRoomQuery.
func (r *roomlist) open() {
	browser.Replace("/") // so that a reload does not open the menu again
	menu := dom.ByID(roomsID)
	if menu.Get("showPopover").Truthy() && !menu.Call("matches", ":popover-open").Bool() {
		menu.Call("showPopover")
	}
	dom.Focus(roomNameID)
}

// onShortcut runs when the user chooses a shortcut of the installed app while Mayfly is open. The browser then only shows
// the window, and does not load the address of the shortcut; onShortcut calls open with that address.
func onShortcut(open func(address string)) {
	queue := goapp.Window().Get("launchQueue")
	if !queue.Truthy() {
		return
	}
	queue.Call("setConsumer", goapp.FuncOf(func(_ goapp.Value, args []goapp.Value) any {
		address := args[0].Get("targetURL")
		already := goapp.Window().URL().RawQuery == wire.OpenRoomQuery
		if address.Truthy() && strings.HasSuffix(address.String(), "?"+wire.OpenRoomQuery) && !already {
			open(address.String())
		}
		return nil
	}))
}

// pathOf is the path of a room's page.
func pathOf(room string) string {
	if room == wire.DefaultRoom {
		return "/"
	}
	return "/r/" + room
}

// roomOf returns the name of the room in a path. ok is false if no room can have that name.
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
