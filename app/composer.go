package app

import (
	"strconv"
	"strings"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/dom"
	"mayfly/app/pkce"
	"mayfly/shared/wire"
)

const (
	composerID = "message"
	hintID     = "message-hint"
	tallyID    = "message-tally"
	imeKeyCode = 229 // what a key press says while an input method composes, in browsers that don't say isComposing

	noFiles = "Mayfly sends text only: files are not supported."
)

// A composer is what is known of the text that one writes. The text itself is the browser's: go-app neither sets it nor
// clears it, and draws nothing while one types, so no key press is ever lost or late.
type composer struct {
	problem string // why the last text could not be sent; gone with the next change of the text
	tally   tally
	grows   bool // the browser itself makes the field as high as its text
}

// form draws where one writes. On the server all of it is disabled.
func (c *chat) form() goapp.UI {
	text := elem("textarea", "composer-text")
	attributes(text, "id", composerID, "name", "message", "rows", "1", "dir", "auto", "placeholder", "Type your message",
		"aria-label", "Message", "aria-describedby", hintID+" "+tallyID, "enterkeyhint", "send", "autocomplete", "off")
	send := textElem("button", "composer-send", "Send").Attr("type", "submit")
	form := elem("form", "composer",
		textElem("p", "composer-problem", c.composer.problem).Attr("role", "alert"), // there even if empty: what follows must keep its place
		elem("div", "composer-row", text, send, elem("p", "composer-tally").Attr("id", tallyID)),
		textElem("p", "unseen", "Enter sends, Shift+Enter begins a new line.").Attr("id", hintID),
	).Attr("aria-label", "Write a message")
	if c.client == nil { // false would be prerendered as disabled, too
		text.Attr("disabled", true)
		send.Attr("disabled", true)
		return form
	}
	text.On("input", c.onInput)
	text.On("paste", c.onTransfer)
	text.On("keydown", c.onKeyDown)
	text.On("keypress", c.onKeyPress)
	send.On("mousedown", c.onSendDown)
	return form.On("submit", c.onSubmit)
}

func (c *chat) onKeyDown(ctx goapp.Context, e goapp.Event) {
	defer Guard()
	if !sends(e.Get("key").String(), e.Get("shiftKey").Truthy(), e.Get("isComposing").Truthy(), e.Get("keyCode").Int()) {
		ctx.PreventUpdate()
		return
	}
	e.PreventDefault()
	c.send(ctx)
}

// onKeyPress swallows the line end of an Enter that has sent. Keyboards leave it out by themselves then; programs that type
// for a person may not.
func (c *chat) onKeyPress(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	if sends(e.Get("key").String(), e.Get("shiftKey").Truthy(), false, 0) {
		e.PreventDefault()
	}
}

// sends reports whether a key press sends the text.
func sends(key string, shift, composing bool, keyCode int) bool {
	return key == "Enter" && !shift && !composing && keyCode != imeKeyCode
}

func (c *chat) onSubmit(ctx goapp.Context, e goapp.Event) {
	defer Guard()
	e.PreventDefault()
	c.send(ctx)
	focusComposer()
}

// onSendDown leaves the focus in the text when the button is pressed, or a phone would put its keyboard away.
func (c *chat) onSendDown(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	e.PreventDefault()
}

func (c *chat) onInput(ctx goapp.Context, _ goapp.Event) {
	defer Guard()
	if c.composer.problem == "" {
		ctx.PreventUpdate()
	}
	c.composer.problem = ""
	c.measure()
	c.drafting.touched = true
	c.drafting.timer.Reset(draftPause)
}

// onTransfer says what becomes of files that are pasted or dropped, and keeps the browser from leaving the page to show them.
// A file that is pasted along with text, as from a word processor, is its picture.
func (c *chat) onTransfer(ctx goapp.Context, e goapp.Event) {
	defer Guard()
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
	c.composer.problem = noFiles
	focusComposer()
}

// send hands the text to the client. What can't be sent stays where it is.
func (c *chat) send(ctx goapp.Context) {
	input := composerField()
	text := input.Get("value").String()
	if strings.TrimSpace(text) == "" {
		return
	}
	c.composer.problem = tallied(characters(text), c.limit()).problem()
	if c.composer.problem == "" {
		c.composer.problem = c.client.Send(text)
	}
	if c.composer.problem == "" {
		c.empty()
		c.drafting.sent = time.Now()
		c.keepDraft()
		if c.account.SignInID == "" {
			c.account.Problem = pkce.Problem{} // one goes on as a guest
		}
		c.attention = attention{} // who writes has read
		c.toNewest()              // where the new message is drawn
		if !c.offer.wrote {
			c.offer.wrote = true
			c.canInstall(ctx)
		}
	}
}

// empty empties the field. It is as if the user had not touched it.
func (c *chat) empty() {
	c.drafting.touched = false
	if input := composerField(); input.Truthy() {
		input.Set("value", "")
		c.measure()
	}
}

// limit returns how many characters a text may have.
func (c *chat) limit() int {
	if n := c.view.Limits.Text; n > 0 && n < wire.MaxText {
		return int(n)
	}
	return wire.MaxText
}

// measure brings what is shown of the text's size up to date. It writes only what has changed, and reads the text only near
// the limit.
func (c *chat) measure() {
	input := composerField()
	if !input.Truthy() {
		return
	}
	if !c.composer.grows {
		fit(input)
	}
	n, limit := input.Get("textLength").Int(), c.limit() // UTF-16 units: never fewer than characters
	if near(n, limit) {
		n = characters(input.Get("value").String())
	}
	was, is := c.composer.tally, tallied(n, limit)
	if is == was {
		return
	}
	c.composer.tally = is
	dom.Write(tallyID, is.words())
	input.Call("setAttribute", "aria-invalid", is.over())
	if words := is.said(was); words != "" {
		c.say(words)
	}
}

// fit makes the field as high as its text and its border. The style sheet bounds it.
func fit(input goapp.Value) {
	style := input.Get("style")
	style.Set("height", "auto")
	style.Set("height", strconv.Itoa(input.Get("scrollHeight").Int()+2)+"px")
}

// fieldsGrow reports whether the browser does that by itself.
func fieldsGrow() bool {
	return goapp.Window().Get("CSS").Call("supports", "field-sizing", "content").Bool()
}

// composerField returns the field that one writes in, which a page that shows no room lacks.
func composerField() goapp.Value { return dom.ByID(composerID) }

func focusComposer() { dom.Focus(composerID) }
