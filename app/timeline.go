package app

import (
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
	hold   hold
	at     point // where the pointer was last
}

// A point is a place in the window, in CSS pixels.
type point struct{ x, y float64 }

// render draws the frame of the list, and the button that leads to the newest message.
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
	attributes(log, "id", list.ScrollID, "role", "log", "aria-label", name, "aria-live", "off", "tabindex", "0")
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
	if !t.list.Following() && why == nil {
		jump := textElem("button", "jump", unread.Jump(t.unread.Count())).Attr("type", "button")
		frame = append(frame, on(jump, "click", t.onJump))
	}
	return elem("div", "log-frame", frame...)
}

// nothing draws the reason why there are no messages. It returns nil if there are some, or if the client has not received
// them yet.
func (t *timeline) nothing() goapp.UI {
	v := &t.view
	switch {
	case v.Room != t.room: // the client has not entered the room yet
		return nil
	case v.Refused != client.Problem{}:
		return deadEnd(words.Problem(v.Refused))
	case len(v.Messages) == 0 && v.TTL > 0:
		return textElem("p", "note", words.With(words.EmptyRoom, words.Lifetime(v.TTL)))
	}
	return nil
}

// deadEnd draws reason, a sentence that says why there is nothing to read here, and a link to a room.
func deadEnd(reason string) goapp.HTMLElem {
	toLobby := textElem("a", "", words.Of(words.GoToLobby)).Attr("href", "/")
	return elem("div", "note", textElem("p", "", reason), elem("p", "", toLobby))
}

// onKeyDown runs when a key goes down in the list. The Tab key stops at the list once; inside it the arrow keys move the
// focus from row to row.
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
	if t.hold.opened { // some browsers send a click when the finger goes up
		ctx.PreventUpdate()
		t.hold.opened = false
		return
	}
	following := t.list.Following()
	chosen := t.list.Click(e.Get("target"))
	if t.list.Following() == following && chosen.Action != list.Reply {
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
		t.replyTo = key
		focusComposer()
	case list.TakeBack:
		t.client.Remove(key)
		focusComposer()
	case list.Quote:
		t.list.Lead(t.content(), key)
	}
}

// copy copies the text of the message with that key. pressed is the button that the user pressed.
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

// refused tells the user that the client can't do what the user wants, unless problem is zero.
func (t *timeline) refused(ctx goapp.Context, problem client.Problem) {
	if problem != (client.Problem{}) {
		t.notice.text = words.Problem(problem)
		ctx.Update()
	}
}

// onContextMenu runs when the browser would open its own menu. For a finger the actions of the message open instead. The
// browser's menu still opens for a mouse, on a link, whose address the user may want to copy, and on a text that the user
// selects.
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

// onPointerOver runs when the pointer has come to an element of the list. It shows the bar of the message there. The browser
// also sends this event when the list scrolls under a pointer that rests. onPointerOver ignores that: a user who scrolls
// with the keyboard would see the bar jump from row to row.
func (t *timeline) onPointerOver(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	at := point{e.Get("clientX").Float(), e.Get("clientY").Float()}
	if at != t.at && !byFinger(e) {
		t.at = at
		t.list.Approach(e.Get("target"))
	}
}

// onPointerLeave runs when the pointer has left the list.
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
	t.hold.begin(func() {
		dispatch(ctx, func(ctx goapp.Context) {
			ctx.PreventUpdate()
			t.hold.opened = t.hold.take() && t.list.Menu(target)
		})
	})
}

// onPointerUp runs when a finger has gone up, or when the browser has begun to scroll with the finger.
func (t *timeline) onPointerUp(ctx goapp.Context, _ goapp.Event) {
	ctx.PreventUpdate()
	t.hold.end()
}

// byFinger reports whether a finger caused the pointer event e.
func byFinger(e goapp.Event) bool {
	kind := e.Get("pointerType")
	return kind.Truthy() && kind.String() == "touch"
}

// onScroll runs after the list was scrolled, by the user or by the page. Near the first and the last row in the document it
// adds more rows, if there are more messages.
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

// toNewest scrolls to the newest message, and follows it.
func (t *timeline) toNewest() {
	t.unread.Look()
	t.list.ToNewest(t.content())
}
