package app

import (
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/list"
	"mayfly/app/unread"
	"mayfly/app/words"
)

// A timeline shows the room's messages, or why there are none. app/list draws the rows.
type timeline struct {
	*model
	notice *notice // shows why something that the user wants to do with a message is refused
	empty  emptyRoom
	first  *welcome
	order  *moderation
	hold   hold
	at     point // where the pointer was last
	began  bool  // the page has shown what is in a room; until then it shows placeholders
	late   bool  // the shell has already shown placeholders, so this page shows them at once
}

// A point is a place in the window, in CSS pixels.
type point struct{ x, y float64 }

// render draws the empty element into which app/list writes the rows, and the button that leads to the newest message.
func (t *timeline) render() goapp.UI {
	name := words.Of(words.ListLabel)
	if t.room != "" {
		name = words.With(words.ListLabelIn, t.room)
	}
	body := []goapp.UI{elem("div", "rows").Attr("id", list.RowsID)}
	why := t.nothing()
	if why != nil {
		body = append(body, why)
	}
	log := elem("div", "log", body...)
	attributes(log, "id", list.ScrollID, "role", "log", "aria-label", name, "aria-live", "off", "tabindex", "0",
		regionMark, list.ScrollID)
	on(log, "keydown", t.onKeyDown)
	on(log, "click", t.onClick)
	on(log, "contextmenu", t.onContextMenu)
	on(log, "pointerover", t.onPointerOver)
	on(log, "pointerleave", t.onPointerLeave)
	on(log, "pointerdown", t.onPointerDown)
	on(log, "pointerup", t.onPointerUp)
	on(log, "pointercancel", t.onPointerUp)
	on(log, "scroll", t.onScroll, goapp.PassiveEvent())
	frame := []goapp.UI{log}
	if t.waits() {
		class := "skeleton"
		if t.late {
			class += " skeleton-late"
		}
		frame = append(frame, elem("div", class).Attr("aria-hidden", "true"))
	}
	if !t.list.Following() && why == nil {
		jump := textElem("button", "jump", unread.Jump(t.unread.Count())).Attr("type", "button")
		frame = append(frame, on(jump, "click", t.onJump))
	}
	if welcome := t.first.render(); welcome != nil {
		frame = append(frame, welcome)
	}
	return elem("div", "log-frame", frame...)
}

// waits reports whether the page waits for what is in its first room. Then it shows placeholders for rows.
func (t *timeline) waits() bool {
	connects := t.view.Status == client.Connecting || t.view.Status == client.Online
	return !t.began && connects && len(t.messages()) == 0
}

// afterView runs when the page has a new view. When the view has what is in the room, afterView ends the placeholders.
func (t *timeline) afterView() {
	v := &t.view
	if v.Room == t.room && (v.TTL > 0 || v.Refused != client.Problem{}) {
		t.began = true
	}
}

// placeholders is the time after which a page that starts shows the placeholders for rows, by the style sheet: a page that
// starts more quickly never shows them.
const placeholders = 400 * time.Millisecond

// begin runs when the page is mounted. The client's page replaces the shell. If the shell has shown placeholders, begin
// makes the client's page show them at once.
func (t *timeline) begin() {
	age := goapp.Window().Get("performance").Call("now").Float()
	t.late = age > float64(placeholders.Milliseconds())
}

// nothing draws the sentence that says why the list is empty, or how long messages live if the page does not know yet
// whether the list is empty. It returns nil if there are messages, or if the client has not entered the room yet.
func (t *timeline) nothing() goapp.UI {
	v := &t.view
	switch {
	case t.waits():
		return t.empty.waiting()
	case v.Room != t.room: // the client has not entered the room yet
		return nil
	case v.Refused != client.Problem{}:
		return deadEnd(words.Problem(v.Refused))
	case len(v.Messages) == 0 && v.TTL > 0:
		return t.empty.render()
	}
	return nil
}

// deadEnd draws reason, a sentence that says why there is nothing to read here, and a link to a room.
func deadEnd(reason string) goapp.HTMLElem {
	toLobby := textElem("a", "way-on", words.Of(words.GoToLobby)).Attr("href", "/")
	return elem("div", "note", textElem("p", "", reason), elem("p", "", toLobby))
}

// onKeyDown runs when a key goes down in the list. The Tab key stops only once in the list, however many rows it has. The
// arrow keys move the focus from row to row: list.Press does that.
func (t *timeline) onKeyDown(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	for _, modifier := range []string{"ctrlKey", "altKey", "metaKey", "shiftKey"} {
		if e.Get(modifier).Truthy() {
			return
		}
	}
	if t.list.Press(e.Get("key").String()) {
		e.PreventDefault()
	}
}

// onClick runs when the user clicks in the list, perhaps on a button of a row.
func (t *timeline) onClick(ctx goapp.Context, e goapp.Event) {
	if t.hold.opened { // ignore this click: some browsers send a click when the finger that opened the actions goes up
		ctx.PreventUpdate()
		t.hold.opened = false
		return
	}
	following := t.list.Following()
	chosen := t.list.Click(e.Get("target"))
	if t.list.Following() == following && chosen.Action != list.Reply && chosen.Action != list.Moderate {
		ctx.PreventUpdate()
	}
	switch key := chosen.Key; chosen.Action {
	case list.Copy:
		t.copy(ctx, key, e.Get("target"))
	case list.Retry:
		t.client.Resend(key)
		focusComposer()
	case list.Discard:
		t.client.Discard(key)
		focusComposer()
	case list.React:
		t.refused(ctx, t.client.React(key, chosen.Emoji, chosen.On))
	case list.Reply:
		t.draft.answers = key
		focusComposer()
	case list.TakeBack:
		t.client.Remove(key)
		focusComposer()
	case list.Quote:
		t.list.Lead(t.content(), key)
	case list.Moderate:
		for i := range t.view.Messages {
			if m := &t.view.Messages[i]; m.Key == key {
				t.order.about(ctx, m.User)
			}
		}
	}
}

// copy runs when the user has pressed the button pressed, which belongs to the message with this key. It copies the text of
// the message to the clipboard, or only the code beside the button if the button is for code.
func (t *timeline) copy(ctx goapp.Context, key string, pressed goapp.Value) {
	text, show := t.list.Copying(key, pressed)
	if show == nil { // the message has just expired
		return
	}
	dom.Copy(text, func(copied bool) {
		dispatch(ctx, func(ctx goapp.Context) {
			ctx.PreventUpdate()
			t.voice.say(show(copied))
		})
	})
}

// refused makes the notice say why the client can't do what the user wants. It does nothing if problem is zero.
func (t *timeline) refused(ctx goapp.Context, problem client.Problem) {
	if problem != (client.Problem{}) {
		t.notice.text = words.Problem(problem)
		ctx.Update()
	}
}

// onContextMenu runs when the browser is about to open its own menu, for example after a long press of a finger or a click
// of the right mouse button. For a mouse or the keyboard the browser's menu opens. For a finger onContextMenu opens the
// actions of the message instead, with two exceptions. On a link the browser's menu opens, because the user may want to copy
// the address. On a message whose actions are open already it opens too, because the user may want to select text.
func (t *timeline) onContextMenu(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	if !byFinger(e) {
		return
	}
	if t.hold.opened || t.list.Menu(e.Get("target")) {
		t.hold.end()
		t.hold.opened = true
		e.PreventDefault()
	}
}

// onPointerOver runs when the mouse pointer has come to an element of the list. It shows the bar with the actions of the
// message there. The browser also sends this event when the list scrolls under a pointer that does not move. onPointerOver
// ignores that event: otherwise a user who scrolls with the keyboard would see the bar jump from row to row.
func (t *timeline) onPointerOver(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	at := point{e.Get("clientX").Float(), e.Get("clientY").Float()}
	if at != t.at && !byFinger(e) {
		t.at = at
		t.list.Approach(e.Get("target"))
	}
}

// onPointerLeave runs when the pointer has left the list. It hides the bar that onPointerOver has shown.
func (t *timeline) onPointerLeave(ctx goapp.Context, _ goapp.Event) {
	ctx.PreventUpdate()
	t.at = point{}
	t.list.Approach(nil)
}

// onPointerDown runs when the user puts a finger on the list, or presses a mouse button there. A finger that stays on a
// message opens the message's actions.
func (t *timeline) onPointerDown(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	t.hold.end()
	t.hold.opened = false
	target := e.Get("target")
	if !byFinger(e) || !e.Get("isPrimary").Bool() || t.list.Selects(target) {
		return
	}
	t.hold.begin(func(touch int) {
		dispatch(ctx, func(ctx goapp.Context) {
			ctx.PreventUpdate()
			t.hold.opened = t.hold.take(touch) && t.list.Menu(target)
		})
	})
}

// onPointerUp runs when a finger has gone up, or when the browser has begun to scroll with the finger. It stops the timer
// that would open the actions of the message under the finger.
func (t *timeline) onPointerUp(ctx goapp.Context, _ goapp.Event) {
	ctx.PreventUpdate()
	t.hold.end()
}

// byFinger reports whether a finger caused the pointer event e.
func byFinger(e goapp.Event) bool {
	kind := e.Get("pointerType")
	return kind.Truthy() && kind.String() == "touch"
}

// onScroll runs after the list was scrolled, by the user or by the page. The document has rows only for some of the
// messages. When the first or the last of these rows is almost in sight, onScroll adds rows for more messages.
func (t *timeline) onScroll(ctx goapp.Context, _ goapp.Event) {
	was := t.list.Following()
	if !t.noticeScroll() {
		ctx.PreventUpdate()
	}
	if !was || !t.list.Following() {
		t.list.Reach(t.content())
	}
}

// onJump runs when the user presses the button that leads to the newest message.
func (t *timeline) onJump(goapp.Context, goapp.Event) {
	t.toNewest()
	focusComposer()
}

// toNewest marks all messages as read and scrolls to the newest message. From then on the list scrolls by itself to each new
// message.
func (t *timeline) toNewest() {
	t.unread.Look()
	t.list.ToNewest(t.content())
	t.look()
}
