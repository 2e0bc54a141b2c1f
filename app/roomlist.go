package app

import (
	"slices"
	"strings"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

const (
	roomsID    = "rooms-menu"
	roomNameID = "rooms-open"
	// besideMain is the media query for a window that shows the list of rooms beside the messages. In a narrower window the
	// list is in a drawer, which the button "Rooms" in the header opens.
	besideMain = "(min-width: 800px)"
)

// A roomlist is the list of the rooms that the user is in, with a field for the name of any other room. The device stores
// the list, and all tabs share it.
type roomlist struct {
	*model
	rooms   savedRooms
	stored  string        // the list as the device stores it, in the format of savedRooms.text
	order   []string      // the names of the rooms from top to bottom, always with the room that the page shows
	shown   []client.News // what the list shows of each room
	pointed bool          // the pointer is on the list
	drawn   time.Time     // when a view last made the page draw the list
	waits   bool          // the list has changed since then, and the page draws it when listPause is over
	menu    roomMenu

	onChange func() // runs when change has replaced the list
}

// renderButton draws the button that opens the drawer. The button shows how many messages are unread in the other
// rooms, except those that are muted.
func (r *roomlist) renderButton() goapp.UI {
	button := textElem("button", "button rooms-button", words.Of(words.Rooms))
	attributes(button, "type", "button", "popovertarget", roomsID)
	n, forMe := r.elsewhere()
	if n > 0 {
		attributes(button, "data-unread", words.Number(n), "aria-label", words.RoomsUnread(n, forMe))
	}
	return button
}

// render draws the list. In a narrow window the list is a popover: the browser itself opens the popover when the user
// presses the button, and closes it on Escape or on a click outside. In a wider window the style sheet shows the same
// element beside the messages.
func (r *roomlist) render() goapp.UI {
	var rows []goapp.UI
	for _, name := range r.order {
		rows = append(rows, r.row(name))
	}
	list := elem("ul", "rooms-list", rows...)
	title := textElem("p", "rooms-title", words.Of(words.Rooms)).Attr("aria-hidden", "true") // nav has this name
	nav := elem("nav", "rooms-menu", title, list, r.renderForm())
	attributes(nav, "id", roomsID, "popover", "auto", "aria-label", words.Of(words.Rooms), regionMark, firstControl)
	if r.client != nil {
		on(list, "click", r.onClick)
		on(nav, "beforetoggle", onToggle)
		on(nav, "pointerenter", r.onPointerEnter)
		on(nav, "pointerleave", r.onPointerLeave)
	}
	return nav
}

// row draws the row of the room called name: the name, how long messages live in the room, how many messages are unread,
// and the menu of the room.
func (r *roomlist) row(name string) goapp.UI {
	news, saved := r.newsOf(name), r.rooms.named(name)
	news.Room = name
	class := "rooms-item"
	if news.Unread > 0 && !saved.Muted {
		class += " rooms-unread"
	}
	if saved.Muted {
		class += " rooms-muted"
	}
	link := textElem("a", "rooms-link", "#"+name)
	attributes(link, "id", rowID(name), "href", pathOf(name), "aria-label", words.RoomRow(&news, saved.Pinned, saved.Muted))
	if name == r.room {
		link.Attr("aria-current", "page")
	}
	body := []goapp.UI{link}
	mark := func(shown bool, class, text string) {
		if shown {
			body = append(body, textElem("span", class, text).Attr("aria-hidden", "true"))
		}
	}
	mark(saved.Pinned, "rooms-mark rooms-pin", "")
	mark(saved.Muted, "rooms-mark rooms-mute", "")
	mark(news.Refused != client.Problem{}, "rooms-mark", "!")
	mark(news.TTL > 0, "rooms-life", words.Brief(news.TTL))
	mark(news.ForMe != nil, "rooms-count rooms-for-me", "@")
	mark(news.Unread > 0, "rooms-count", words.Number(news.Unread))
	more := elem("button", "rooms-more")
	attributes(more, "type", "button", "popovertarget", "actions-"+name, "aria-label", words.With(words.RoomActions, name))
	body = append(body, more, r.menu.render(saved, r.rooms.has(name), len(r.order) > 1 || name != wire.DefaultRoom))
	return elem("li", class, body...).Attr("data-room", name)
}

// rowID returns the id of the link to the room called name.
func rowID(name string) string { return "room-" + name }

// renderForm draws the form in which the user writes the name of any room. If the list is full, so that the room that is
// shown can't be added to it, the form also says that.
func (r *roomlist) renderForm() goapp.UI {
	name := elem("input", "rooms-name")
	attributes(name, "id", roomNameID, "name", "room", "title", words.Of(words.RoomPattern), "placeholder",
		words.Of(words.RoomPlaceholder), "autocomplete", "off", "autocapitalize", "none", "spellcheck", "false")
	name.Attr("required", true)
	on(name, "input", r.onInput)
	label := textElem("label", "", words.Of(words.OpenRoomLabel)).Attr("for", roomNameID)
	open := textElem("button", "button", words.Of(words.OpenRoom)).Attr("type", "submit")
	body := []goapp.UI{label, elem("div", "rooms-row", name, open)}
	if r.rooms.full() && !r.rooms.has(r.room) && r.room != "" {
		body = append(body, textElem("p", "", words.With(words.RoomsFull, words.Number(client.MaxRooms), r.room)))
	}
	form := elem("form", "rooms-form", body...).Attr("aria-label", words.Of(words.OpenRoomLabel))
	return on(form, "submit", r.onOpen)
}

// elsewhere returns how many messages are unread in all rooms except the room that is shown and the muted rooms. forMe is
// true if one of these messages mentions the user or answers a message of the user's.
func (r *roomlist) elsewhere() (n int, forMe bool) {
	for i := range r.view.Rooms {
		if news := &r.view.Rooms[i]; news.Room != r.room && !r.rooms.named(news.Room).Muted {
			n += news.Unread
			forMe = forMe || news.ForMe != nil
		}
	}
	return n, forMe
}

// unreadInAll returns how many messages are unread in all rooms that are not muted.
func (r *roomlist) unreadInAll() int {
	n, _ := r.elsewhere()
	if !r.rooms.named(r.room).Muted {
		n += r.newsOf(r.room).Unread
	}
	return n
}

// load loads the list that the device has stored. If the browser denies storage, each visit begins with an empty list.
func (r *roomlist) load() {
	r.stored, _ = browser.DeviceStorage().Load(browser.RoomsKey)
	r.rooms = readRooms(r.stored)
}

// onStorage runs when another tab has stored something on the device. If the other tab has changed the list of rooms, this
// tab uses the changed list from now on (savedRooms.merged).
func (r *roomlist) onStorage() {
	text, err := browser.DeviceStorage().Load(browser.RoomsKey)
	if err != nil || text == r.stored {
		return
	}
	r.stored = text
	r.change(r.rooms.merged(readRooms(text)))
}

// store stores the list on the device if it has changed.
func (r *roomlist) store() {
	text := r.rooms.text()
	if text == r.stored {
		return
	}
	r.stored = text
	if device := browser.DeviceStorage(); text == "" {
		_ = device.Delete(browser.RoomsKey)
	} else {
		_ = device.Save(browser.RoomsKey, text) // if the browser denies storage, the list is lost when the page is closed
	}
}

// change replaces the list by rooms: in the client, on the device and on the page. It calls onChange, because the client
// publishes no new view if, for example, the user only mutes a room.
func (r *roomlist) change(rooms savedRooms) {
	r.rooms = rooms
	r.client.SetRooms(rooms.visited())
	r.store()
	r.arrange()
	r.onChange()
}

// remember adds a room to the list, unless the list is full. The page calls remember when the user enters the room.
func (r *roomlist) remember(room string) {
	if !r.rooms.has(room) {
		r.rooms = r.rooms.with(savedRoom{Name: room})
	}
	r.change(r.rooms)
}

// forget deletes the list. The page calls it when the user has signed out or another user has signed in.
func (r *roomlist) forget() { r.change(nil) }

// arrange puts the rooms into their order (savedRooms.ordered). While the user acts on the list (see holds), the rows that
// are there keep their order, and new rows go to the end: otherwise a row could move just before the user presses it.
func (r *roomlist) arrange() {
	rooms := r.rooms
	if r.room != "" && !rooms.has(r.room) {
		rooms = append(slices.Clip(rooms), savedRoom{Name: r.room})
	}
	next := rooms.ordered(r.view.Rooms)
	if len(r.order) > 0 && !slices.Equal(next, r.order) && r.holds() {
		next = held(r.order, next)
	}
	r.order = next
}

// holds reports whether the user acts on the list: the pointer is on it, it has the focus, or the drawer is open. Then no
// row may move.
func (r *roomlist) holds() bool {
	return r.pointed || dom.Active().Call("closest", "#"+roomsID).Truthy() ||
		dom.ByID(roomsID).Truthy() && dom.ByID(roomsID).Call("matches", ":popover-open").Bool()
}

// afterView runs when the page has a new view. It reports whether the list must be drawn again.
func (r *roomlist) afterView() (changed bool) {
	r.rooms = r.rooms.readAs(r.view.Rooms)
	before, shown := r.order, r.shown
	r.arrange()
	r.shown = nil
	for i := range r.view.Rooms {
		r.shown = append(r.shown, r.newsOf(r.view.Rooms[i].Room))
	}
	return !slices.Equal(before, r.order) || !slices.EqualFunc(shown, r.shown, looksLike)
}

// listPause is the shortest time between two draws of the list because of new views. When messages come quickly in other
// rooms, the counts change with each of them, and each draw takes the time in which the page could draw a message.
const listPause = 250 * time.Millisecond

// draws runs when the list has changed with a view. It reports whether the page must draw the list now. If the last draw
// was less than listPause ago, the page draws the list later.
func (r *roomlist) draws(ctx goapp.Context) bool {
	wait := listPause - time.Since(r.drawn)
	switch {
	case r.waits:
		return false
	case wait > 0:
		r.waits = true
		time.AfterFunc(wait, func() {
			dispatch(ctx, func(goapp.Context) { r.waits, r.drawn = false, time.Now() })
		})
		return false
	}
	r.drawn = time.Now()
	return true
}

// looksLike reports whether the list draws a and b in the same way.
func looksLike(a, b client.News) bool {
	return a.Room == b.Room && a.Unread == b.Unread && (a.ForMe == nil) == (b.ForMe == nil) && a.TTL == b.TTL &&
		a.Refused == b.Refused
}

// onPointerEnter runs when the pointer comes to the list. From now on no row moves (see holds).
func (r *roomlist) onPointerEnter(ctx goapp.Context, _ goapp.Event) {
	ctx.PreventUpdate()
	r.pointed = true
}

// onPointerLeave runs when the pointer has left the list. Rows may move now.
func (r *roomlist) onPointerLeave(goapp.Context, goapp.Event) {
	r.pointed = false
	r.arrange()
}

// onClick runs when the user follows a link to a room, or presses a button in the menu of a room.
func (r *roomlist) onClick(ctx goapp.Context, e goapp.Event) {
	target := e.Get("target")
	pressed := target.Call("closest", "[data-do]")
	if !pressed.Truthy() {
		ctx.PreventUpdate()
		if target.Call("closest", "a").Truthy() {
			r.close()
		}
		return
	}
	s := r.rooms.named(pressed.Call("closest", "[data-room]").Get("dataset").Get("room").String())
	does := pressed.Get("dataset").Get("do").String()
	if does == copyRoom {
		r.menu.copy(ctx, s.Name)
		return
	}
	pressed.Call("closest", "[popover]").Call("hidePopover")
	switch does {
	case pinRoom:
		s.Pinned = !s.Pinned
		r.change(r.rooms.with(s))
	case muteRoom:
		s.Muted = !s.Muted
		r.change(r.rooms.with(s))
	case leaveRoom:
		r.leave(ctx, s.Name)
	case orderRoom:
		r.menu.moderation.aboutRoom(ctx)
	default:
		s.Notify = strings.TrimPrefix(does, notifyRoom)
		r.change(r.rooms.with(s))
	}
}

// leave removes a room from the list. If the page shows that room, the page then shows a neighbouring room (afterLeaving).
// Otherwise the link to the neighbouring room gets the focus.
func (r *roomlist) leave(ctx goapp.Context, room string) {
	next := afterLeaving(r.order, room)
	r.change(r.rooms.without(room))
	if room == r.room {
		r.close()
		ctx.Navigate(pathOf(next))
		return
	}
	r.voice.say(words.With(words.LeftRoom, room))
	deferred(ctx, func(goapp.Context) { dom.Focus(rowID(next)) })
}

// onInput runs when the user changes the text in the field. If onOpen has refused the text that was in the field before,
// onInput removes the sentence that says why: otherwise the browser would not submit the form again.
func (r *roomlist) onInput(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	e.Get("target").Call("setCustomValidity", "")
}

// onOpen runs when the user submits a room's name or the address of a room. It shows that room. If no room can have the
// name, the browser says so beside the field.
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

// close closes the drawer if it is open.
func (r *roomlist) close() { hidePopover(roomsID) }

// open shows the list, and moves the focus to the field for a room's name. The page calls open if its address has the query
// wire.OpenRoomQuery. A shortcut in the menu of the installed app leads to that address.
func (r *roomlist) open() {
	browser.Replace("/") // so that a reload does not open the list again
	menu := dom.ByID(roomsID)
	if !dom.Matches(besideMain) && menu.Get("showPopover").Truthy() && !menu.Call("matches", ":popover-open").Bool() {
		menu.Call("showPopover")
	}
	dom.Focus(roomNameID)
}

// onShortcut registers the function visit. The browser calls it when Mayfly is open already and the user chooses the
// shortcut that opens a room, in the menu of the installed app. The browser then only shows Mayfly's window and does not
// load the shortcut's address. So visit must go to that address.
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
