package app

import (
	"slices"
	"strconv"
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
	if r.client != nil {
		on(menu, "beforetoggle", r.onToggle)
	}
	var body []goapp.UI
	for _, room := range r.visited {
		link := textElem("a", "rooms-link", "#"+room).Attr("href", pathOf(room))
		if room == r.room {
			link.Attr("aria-current", "page")
		}
		body = append(body, on(link, "click", r.onLink))
	}
	name := elem("input", "rooms-name")
	attributes(name, "id", roomNameID, "name", "room", "title", words.Of(words.RoomPattern), "placeholder",
		words.Of(words.RoomPlaceholder), "autocomplete", "off", "autocapitalize", "none", "spellcheck", "false")
	name.Attr("required", true)
	on(name, "input", r.onInput)
	label := textElem("label", "", words.Of(words.OpenRoomLabel)).Attr("for", roomNameID)
	open := textElem("button", "button", words.Of(words.OpenRoom)).Attr("type", "submit")
	form := on(elem("form", "rooms-form", label, elem("div", "rooms-row", name, open)), "submit", r.onOpen)
	button := textElem("button", "button", words.Of(words.Rooms)).Attr("type", "button").Attr("popovertarget", roomsID)
	return elem("nav", "rooms-nav", button, menu.Body(append(body, form)...)).Attr("aria-label", words.Of(words.Rooms))
}

// onToggle runs before the browser opens or closes the menu. It places the menu below the header, whose height varies:
// the header may have two lines, and bars below it.
func (r *roomlist) onToggle(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	menu := e.Get("target")
	bottom := menu.Call("closest", "header").Call("getBoundingClientRect").Get("bottom").Float()
	menu.Get("style").Call("setProperty", "--below", strconv.FormatFloat(bottom, 'f', 0, 64)+"px")
}

// remember adds a room to the menu.
func (r *roomlist) remember(room string) {
	if !slices.Contains(r.visited, room) {
		r.visited = append(r.visited, room)
	}
}

// onLink runs when the user follows a link to a room.
func (r *roomlist) onLink(goapp.Context, goapp.Event) { r.close() }

// onInput runs when the user changes the text in the field. It removes the sentence that onOpen may have shown about the
// old text.
func (r *roomlist) onInput(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	e.Get("target").Call("setCustomValidity", "")
}

// onOpen runs when the user submits a room's name or its address, and goes to that room. If no room can have the name, the
// browser says so beside the field.
func (r *roomlist) onOpen(ctx goapp.Context, e goapp.Event) {
	e.PreventDefault()
	field := dom.ByID(roomNameID)
	room, ok := roomNamed(field.Get("value").String(), browser.Origin())
	if !ok {
		field.Call("setCustomValidity", words.Of(words.WhyNoRoom))
		field.Call("reportValidity")
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
// the window, and does not load the address of the shortcut. So onShortcut calls visit with that address.
func onShortcut(visit func(address string)) {
	queue := goapp.Window().Get("launchQueue")
	if !queue.Truthy() {
		return
	}
	queue.Call("setConsumer", goapp.FuncOf(func(_ goapp.Value, args []goapp.Value) any {
		address := args[0].Get("targetURL")
		already := goapp.Window().URL().RawQuery == wire.OpenRoomQuery
		if address.Truthy() && strings.HasSuffix(address.String(), "?"+wire.OpenRoomQuery) && !already {
			visit(address.String())
		}
		return nil
	}))
}
