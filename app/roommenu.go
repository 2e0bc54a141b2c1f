package app

import (
	"strconv"

	"mayfly/app/dom"
	"mayfly/app/words"
	"mayfly/shared/wire"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// The values of the attribute data-do, which says what a button in the menu of a room does (roomlist.onClick).
const (
	pinRoom    = "pin"
	muteRoom   = "mute"
	copyRoom   = "copy"
	leaveRoom  = "leave"
	orderRoom  = "order"   // opens the dialog of a moderator about the room
	notifyRoom = "notify-" // followed by a value of savedRoom.Notify
)

// A roomMenu draws the menu of each room in the list. In a menu are buttons to pin, mute or leave the room, to copy its link
// and, for a moderator, to moderate the room that is shown. While notifications are on and the room is not muted, three more
// buttons say of which messages the user is notified.
type roomMenu struct {
	*model
	moderation *moderation

	copied string // the room whose link was copied since its menu was opened: its button then says "Copied"; "" for none
}

// render draws the menu of the room s. listed is false if the list is full, so that the room that the page shows is not
// stored in it: such a room can't be pinned or muted. canLeave is false if s is the lobby and the only room: a user who
// leaves it would come to the lobby again.
func (m *roomMenu) render(s savedRoom, listed, canLeave bool) goapp.UI {
	pin, mute, link := words.PinRoom, words.MuteRoom, words.CopyLink
	if s.Pinned {
		pin = words.UnpinRoom
	}
	if s.Muted {
		mute = words.UnmuteRoom
	}
	if m.copied == s.Name {
		link = words.Copied
	}
	var body []goapp.UI
	add := func(does string, text words.Key, more ...string) {
		button := textElem("button", "button", words.Of(text))
		attributes(button, append([]string{"type", "button", "data-do", does}, more...)...)
		body = append(body, button)
	}
	if listed {
		add(pinRoom, pin)
		add(muteRoom, mute)
	}
	if listed && !s.Muted && m.settings[notifying] != "" {
		for _, o := range []option{{"", words.NotifyForMe}, {notifyAll, words.NotifyEverything},
			{notifyNone, words.NotifyNothing}} {
			add(notifyRoom+o.value, o.name, "aria-pressed", strconv.FormatBool(s.Notify == o.value))
		}
	}
	add(copyRoom, link)
	if s.Name == m.room && m.moderates(&wire.User{}) {
		add(orderRoom, words.Moderate, "aria-haspopup", "dialog")
	}
	if canLeave {
		add(leaveRoom, words.LeaveRoom)
	}
	box := elem("div", "rooms-actions", body...)
	attributes(box, "id", "actions-"+s.Name, "popover", "auto", "role", "group",
		"aria-label", words.With(words.RoomActions, s.Name))
	if m.client != nil {
		on(box, "beforetoggle", m.onToggle)
	}
	return box
}

// onToggle runs before the browser opens or closes the menu of a room. It places the menu below the button that opens the
// menu or, if that button is in the lowest third of the window, above the button.
func (m *roomMenu) onToggle(ctx goapp.Context, e goapp.Event) {
	if e.Get("newState").String() != "open" {
		m.copied = ""
		return
	}
	ctx.PreventUpdate()
	box, window := e.Get("target"), goapp.Window()
	at := box.Get("previousElementSibling").Call("getBoundingClientRect")
	height, style := window.Get("innerHeight").Float(), box.Get("style")
	side := window.Get("innerWidth").Float() - at.Get("right").Float()
	if dom.Document().Get("documentElement").Get("dir").String() == "rtl" {
		side = at.Get("left").Float()
	}
	style.Call("setProperty", "inset-inline-end", pixels(side))
	if bottom := at.Get("bottom").Float(); bottom < height*2/3 {
		style.Call("setProperty", "inset-block", pixels(bottom)+" auto")
	} else {
		style.Call("setProperty", "inset-block", "auto "+pixels(height-at.Get("top").Float()))
	}
}

// copy copies the address of a room to the clipboard. A screen reader says whether that worked.
func (m *roomMenu) copy(ctx goapp.Context, room string) {
	ctx.PreventUpdate()
	dom.Copy(linkTo(room), func(copied bool) {
		dispatch(ctx, func(goapp.Context) {
			said := words.LinkNotCopied
			if copied {
				m.copied, said = room, words.LinkCopied
			}
			m.voice.say(words.Of(said))
		})
	})
}
