package app

import (
	"slices"
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/dom"
	"mayfly/shared/wire"
)

const (
	roomsID = "rooms-menu"
	openID  = "rooms-open"
)

// rooms draws the way to other rooms: those that one was in since the page was opened, and a field for any other. The browser
// itself opens and closes it, on a press, Escape or a click elsewhere.
func (c *chat) rooms() goapp.UI {
	menu := elem("div", "rooms-menu")
	attributes(menu, "id", roomsID, "popover", "auto")
	var links []goapp.UI
	for _, room := range c.visited {
		link := textElem("a", "rooms-link", "#"+room).Attr("href", pathOf(room)).On("click", c.onRoomLink, goapp.EventScope(room))
		if room == c.room {
			link.Attr("aria-current", "page")
		}
		links = append(links, link)
	}
	name := elem("input", "rooms-name")
	attributes(name, "id", openID, "name", "room", "maxlength", "64", "pattern", "#?[a-zA-Z0-9][a-zA-Z0-9\\-]*",
		"title", "small letters, digits and hyphens", "placeholder", "room", "autocomplete", "off", "autocapitalize", "none", "spellcheck", "false")
	name.Attr("required", true)
	open := elem("form", "rooms-form",
		textElem("label", "", "Open a room").Attr("for", openID),
		elem("div", "rooms-row", name, textElem("button", "button", "Open").Attr("type", "submit")),
	).On("submit", c.onOpenRoom)
	return elem("nav", "rooms-nav",
		textElem("button", "button", "Rooms").Attr("type", "button").Attr("popovertarget", roomsID),
		menu.Body(append(links, open)...),
	).Attr("aria-label", "Rooms")
}

// visit remembers a room for the way back to it.
func (c *chat) visit(room string) {
	if !slices.Contains(c.visited, room) {
		c.visited = append(c.visited, room)
	}
}

func (c *chat) onRoomLink(goapp.Context, goapp.Event) { closeRooms() }

// onOpenRoom goes to the room that was typed. The browser lets only a name through that a room can have.
func (c *chat) onOpenRoom(ctx goapp.Context, e goapp.Event) {
	defer Guard()
	e.PreventDefault()
	field := dom.ByID(openID)
	room := strings.ToLower(strings.TrimPrefix(strings.TrimSpace(field.Get("value").String()), "#"))
	if !wire.ValidRoom(room) {
		return
	}
	field.Set("value", "")
	closeRooms()
	ctx.Navigate(pathOf(room))
}

// openRooms leads to the field for a room's name.
func openRooms() {
	browser.Replace("/") // a reload is not to do so again
	if menu := dom.ByID(roomsID); menu.Get("showPopover").Truthy() && !menu.Call("matches", ":popover-open").Bool() {
		menu.Call("showPopover")
	}
	dom.Focus(openID)
}

// onShortcut calls open with the address of a shortcut that is pressed while Mayfly is open: browsers only show the window then.
func onShortcut(open func(address string)) {
	queue := goapp.Window().Get("launchQueue")
	if !queue.Truthy() {
		return
	}
	queue.Call("setConsumer", goapp.FuncOf(func(_ goapp.Value, args []goapp.Value) any {
		address := args[0].Get("targetURL")
		if address.Truthy() && strings.HasSuffix(address.String(), "?"+wire.OpenRoomQuery) && goapp.Window().URL().RawQuery != wire.OpenRoomQuery {
			open(address.String())
		}
		return nil
	}))
}

func closeRooms() { dom.ByID(roomsID).Call("hidePopover") }

// pathOf is the path of a room's page.
func pathOf(room string) string {
	if room == wire.DefaultRoom {
		return "/"
	}
	return "/r/" + room
}
