package app

import (
	"strconv"
	"strings"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
	"mayfly/app/pkce"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

const (
	hintID     = "message-hint"
	counterID  = "message-tally"
	imeKeyCode = 229 // what a key press says while an input method composes, in browsers that don't say isComposing
)

// A composer is where the user writes. The text itself is the browser's: go-app neither sets it nor clears it, and draws
// nothing while the user types, so no key press is ever lost or late.
type composer struct {
	*model
	onSent  func(goapp.Context) // runs after a message was sent
	problem string              // why the last text could not be sent; gone with the next change of the text
	counter counter             // as shown
	grows   bool                // the browser itself makes the field as high as its text
}

// render draws the composer. On the server all of it is disabled.
func (c *composer) render() goapp.UI {
	text := elem("textarea", "composer-text")
	attributes(text, "id", composerID, "name", "message", "rows", "1", "dir", "auto",
		"placeholder", words.Of(words.ComposerPlaceholder), "aria-label", words.Of(words.ComposerLabel),
		"aria-describedby", hintID+" "+counterID, "enterkeyhint", "send", "autocomplete", "off")
	send := textElem("button", "composer-send", words.Of(words.Send)).Attr("type", "submit")
	// The problem is there even if it is empty: the elements after it must keep their place.
	problem := textElem("p", "composer-problem", c.problem).Attr("role", "alert")
	form := elem("form", "composer", problem,
		elem("div", "composer-row", text, send, elem("p", "composer-tally").Attr("id", counterID)),
		textElem("p", "unseen", words.Of(words.ComposerHint)).Attr("id", hintID),
	).Attr("aria-label", words.Of(words.ComposerRegion))
	if c.client == nil { // false would be prerendered as disabled, too
		text.Attr("disabled", true)
		send.Attr("disabled", true)
		return form
	}
	on(text, "input", c.onInput)
	on(text, "paste", c.onTransfer)
	on(text, "keydown", c.onKeyDown)
	on(text, "keypress", c.onKeyPress)
	on(send, "mousedown", c.onSendDown)
	return on(form, "submit", c.onSubmit)
}

// start sets the timer that keeps the draft while the user types. stop ends it.
func (c *composer) start(ctx goapp.Context) (stop func()) {
	c.grows = goapp.Window().Get("CSS").Call("supports", "field-sizing", "content").Bool()
	c.draft.timer = time.AfterFunc(time.Hour, func() {
		dispatch(ctx, func(ctx goapp.Context) {
			ctx.PreventUpdate()
			c.keepDraft()
		})
	})
	c.draft.timer.Stop()
	return func() { c.draft.timer.Stop() }
}

// onKeyDown runs when a key goes down in the field.
func (c *composer) onKeyDown(ctx goapp.Context, e goapp.Event) {
	if !sends(e.Get("key").String(), e.Get("shiftKey").Truthy(), e.Get("isComposing").Truthy(), e.Get("keyCode").Int()) {
		ctx.PreventUpdate()
		return
	}
	e.PreventDefault()
	c.send(ctx)
}

// onKeyPress runs after onKeyDown, and swallows the line end of an Enter that has sent. Keyboards leave it out by themselves
// then; programs that type for a user may not.
func (c *composer) onKeyPress(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	if sends(e.Get("key").String(), e.Get("shiftKey").Truthy(), false, 0) {
		e.PreventDefault()
	}
}

// sends reports whether a key press sends the text.
func sends(key string, shift, composing bool, keyCode int) bool {
	return key == "Enter" && !shift && !composing && keyCode != imeKeyCode
}

// onSubmit runs when the user presses the button.
func (c *composer) onSubmit(ctx goapp.Context, e goapp.Event) {
	e.PreventDefault()
	c.send(ctx)
	focusComposer()
}

// onSendDown runs when the button goes down. It leaves the focus in the text, or a phone would put its keyboard away.
func (c *composer) onSendDown(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	e.PreventDefault()
}

// onInput runs when the user has changed the text.
func (c *composer) onInput(ctx goapp.Context, _ goapp.Event) {
	if c.problem == "" {
		ctx.PreventUpdate()
	}
	c.problem = ""
	c.measure()
	c.draft.touched = true
	c.draft.timer.Reset(draftPause)
}

// onTransfer runs when something is pasted, dragged over the page or dropped on it. It says that files can't be sent, and
// keeps the browser from leaving the page to show them. A file that is pasted along with text, as from a word processor,
// is a picture of that text.
func (c *composer) onTransfer(ctx goapp.Context, e goapp.Event) {
	event, data := e.Get("type").String(), "dataTransfer"
	if event == "paste" {
		data = "clipboardData"
	}
	types := e.Get(data).Get("types")
	if !types.Call("includes", "Files").Bool() || event == "paste" && types.Call("includes", "text/plain").Bool() {
		ctx.PreventUpdate()
		return
	}
	e.PreventDefault()
	if event == "dragover" { // prevented, so that there is a drop to prevent
		ctx.PreventUpdate()
		return
	}
	c.problem = words.Of(words.NoFiles)
	focusComposer()
}

// send hands the text to the client. A text that can't be sent stays where it is.
func (c *composer) send(ctx goapp.Context) {
	text := composerField().Get("value").String()
	if strings.TrimSpace(text) == "" {
		return
	}
	c.problem = counted(characters(text), c.limit()).problem()
	if c.problem == "" {
		c.problem = words.Problem(c.client.Send(text))
	}
	if c.problem != "" {
		return
	}
	c.clear()
	c.draft.sent = time.Now()
	c.keepDraft()
	if c.signIn.SignInID == "" {
		c.signIn.Problem = pkce.Problem{} // the user goes on as a guest
	}
	c.onSent(ctx)
}

// clear empties the field, as if the user had not touched it.
func (c *composer) clear() {
	c.draft.touched = false
	if input := composerField(); input.Truthy() {
		input.Set("value", "")
		c.measure()
	}
}

// switchDraft keeps what is in the field for the room that it was written in, and empties it for another. What the user
// wrote before the room was known, as on the way back from signing in, is that room's.
func (c *composer) switchDraft(room string) {
	d := &c.draft
	c.keepDraft()
	if d.room != "" || room == "" {
		c.clear()
		d.sent = time.Time{}
	}
	d.room = room
}

// takeDrafts puts the drafts that the client gives back into the field, or leaves them with the client until the field takes
// them. It reports whether there is something to say about them.
func (c *composer) takeDrafts() (lapsed bool) {
	input, d := composerField(), &c.draft
	if len(c.view.Drafts) == 0 || c.view.Room != d.room || !input.Truthy() {
		return false
	}
	to, ok := d.deliver(c.view.Drafts, input.Get("value").String())
	if !ok {
		return false
	}
	if !to.takes {
		d.said = to.last
		if to.lapsed {
			c.problem = words.Of(words.DraftWaits)
		}
		return to.lapsed
	}
	d.taken[d.room] = to.last
	if to.lapsed {
		c.problem = words.Of(words.DraftLapsed)
	}
	input.Set("value", to.text)
	c.measure()
	c.keepDraft()
	return to.lapsed
}

// limit returns how many characters a text may have.
func (c *composer) limit() int {
	if n := c.view.Limits.Text; n > 0 && n < wire.MaxText {
		return int(n)
	}
	return wire.MaxText
}

// measure brings what is shown of the text's size up to date. It writes only what has changed, and reads the text only near
// the limit.
func (c *composer) measure() {
	input := composerField()
	if !input.Truthy() {
		return
	}
	if !c.grows {
		fit(input)
	}
	n, limit := input.Get("textLength").Int(), c.limit() // UTF-16 units: never fewer than characters
	if near(n, limit) {
		n = characters(input.Get("value").String())
	}
	was, is := c.counter, counted(n, limit)
	if is == was {
		return
	}
	c.counter = is
	dom.Write(counterID, is.words())
	input.Call("setAttribute", "aria-invalid", is.over())
	if text := is.said(was); text != "" {
		c.voice.say(text)
	}
}

// fit makes the field as high as its text and its border. The style sheet bounds it.
func fit(input goapp.Value) {
	style := input.Get("style")
	style.Set("height", "auto")
	style.Set("height", strconv.Itoa(input.Get("scrollHeight").Int()+2)+"px")
}
