package app

import (
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

const (
	composerID = "message"
	hintID     = "message-hint"
	imeKeyCode = 229 // what a key press says while an input method composes, in browsers that don't say isComposing
)

// composer draws where one writes. The text is the browser's: go-app neither sets it nor clears it, so no key press is
// ever lost to a redraw. On the server all of it is disabled.
func (c *chat) composer() goapp.UI {
	text := elem("textarea", "composer-text")
	attributes(text, "id", composerID, "name", "message", "rows", "1", "dir", "auto", "placeholder", "Type your message",
		"aria-label", "Message", "aria-describedby", hintID, "enterkeyhint", "send", "autocomplete", "off")
	send := textElem("button", "composer-send", "Send").Attr("type", "submit")
	form := elem("form", "composer",
		textElem("p", "composer-problem", c.problem).Attr("role", "alert"), // there even if empty: what follows must keep its place
		elem("div", "composer-row", text, send),
		textElem("p", "unseen", "Enter sends, Shift+Enter begins a new line.").Attr("id", hintID),
	).Attr("aria-label", "Write a message")
	if c.session == nil { // false would be prerendered as disabled, too
		text.Attr("disabled", true)
		send.Attr("disabled", true)
		return form
	}
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
	c.send()
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

func (c *chat) onSubmit(_ goapp.Context, e goapp.Event) {
	defer Guard()
	e.PreventDefault()
	c.send()
	focusComposer()
}

// onSendDown leaves the focus in the text when the button is pressed, or a phone would put its keyboard away.
func (c *chat) onSendDown(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	e.PreventDefault()
}

// send hands the text to the session. What can't be sent stays where it is.
func (c *chat) send() {
	input := goapp.Window().GetElementByID(composerID)
	text := input.Get("value").String()
	if strings.TrimSpace(text) == "" {
		return
	}
	c.problem = c.session.Send(text)
	if c.problem == "" {
		input.Set("value", "")
		c.attention = attention{} // who writes has read
		c.toNewest()              // where the new message is drawn
	}
}

func focusComposer() {
	if input := goapp.Window().GetElementByID(composerID); input.Truthy() {
		input.Call("focus")
	}
}
