package app

import (
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client/outbox"
	"mayfly/app/words"
)

// This file draws the composer, and has the handlers for the events of its elements.

// render draws the composer. The server draws the field and the button disabled; if the shell is the page of a room,
// web/early.js enables them.
func (c *composer) render() goapp.UI {
	text := elem("textarea", "composer-text")
	attributes(text, "id", composerID, "name", "message", "rows", "1", "dir", "auto",
		"placeholder", words.Of(words.ComposerPlaceholder), "aria-label", words.Of(words.ComposerLabel),
		"aria-describedby", replyID+" "+hintID+" "+waitID+" "+counterID, "enterkeyhint", "send", "autocomplete", "off")
	hint := words.ComposerHint
	if c.breaks() {
		text.Attr("enterkeyhint", "enter")
		hint = words.ComposerHintBreaks
	}
	if c.breaks() && c.touch {
		hint = words.ComposerHintTouch
	}
	send := textElem("button", "composer-send", words.Of(words.Send))
	attributes(send, "id", sendID, "type", "submit")
	// Draw the element of the problem even if there is no problem. go-app recognises elements by their index among their
	// siblings. If this element appeared and disappeared, go-app would mistake each element after it for its neighbour, and
	// the field could lose its text.
	problem := textElem("p", "composer-problem", c.problem).Attr("role", "alert")
	form := elem("form", "composer", problem, c.renderOffer(), c.order.render(), c.undo.render(),
		c.reply.render(), c.suggest.render(),
		elem("div", "composer-row",
			elem("div", "composer-field", text, c.life.render()), send, elem("p", "composer-tally").Attr("id", counterID),
			elem("p", "composer-tally").Attr("id", waitID)),
		textElem("p", "unseen", words.Of(hint)).Attr("id", hintID),
	).Attr("aria-label", words.Of(words.ComposerRegion)).Attr(regionMark, composerID)
	if c.client == nil { // on the server; set disabled only here, because go-app prerenders it even if it is false
		text.Attr("disabled", true)
		send.Attr("disabled", true)
		return form
	}
	on(text, "input", c.onInput)
	on(text, "paste", c.onPaste)
	on(text, "keydown", c.onKeyDown)
	on(text, "keypress", c.onKeyPress)
	on(text, "compositionend", c.onComposed)
	on(text, "blur", c.suggest.onClose)
	on(text, "click", c.suggest.onClose)
	on(send, "mousedown", c.onSendDown)
	return on(form, "submit", c.onSubmit)
}

// renderOffer draws the offer of drafts above the field: the user can insert or discard them. If no drafts are offered, it
// draws an empty element.
func (c *composer) renderOffer() goapp.UI {
	offer := c.draft.offer
	box := elem("div", "composer-offer").Attr("id", offerID)
	if offer.last == 0 {
		return box
	}
	before, after := offer.around()
	first := words.First(offer.text)
	button := func(k words.Key, do goapp.EventHandler) goapp.UI {
		b := textElem("button", "button", words.Of(k))
		attributes(b, "type", "button", "aria-label", words.With(words.ButtonFor, words.Of(k), first))
		return on(b, "click", do)
	}
	return box.Body(elem("p", "", goapp.Text(before), textElem("bdi", "", first), goapp.Text(after)),
		button(words.Insert, c.onInsert), button(words.Discard, c.onDiscard))
}

// onInsert runs when the user accepts the drafts that are offered. They are added after the text in the field.
func (c *composer) onInsert(goapp.Context, goapp.Event) {
	input := composerField()
	input.Set("value", outbox.JoinDrafts(input.Get("value").String(), c.draft.offer.text))
	c.problem = ""
	c.measure()
	c.endOffer()
}

// onDiscard runs when the user discards the drafts that are offered.
func (c *composer) onDiscard(goapp.Context, goapp.Event) { c.endOffer() }

// onKeyDown runs when a key goes down in the field.
func (c *composer) onKeyDown(ctx goapp.Context, e goapp.Event) {
	p := pressOf(e)
	if !p.composing && c.suggest.onKey(p, c.touch) {
		ctx.PreventUpdate()
		e.PreventDefault()
		return
	}
	if p.key == "Escape" && !p.composing {
		c.list.Dismiss()
		if c.draft.answers != "" {
			c.problem = ""
			c.reply.cancel()
			return
		}
	}
	if !p.sends(c.breaks()) {
		ctx.PreventUpdate()
		return
	}
	e.PreventDefault()
	c.send(ctx)
}

// onKeyPress runs after onKeyDown. If Enter has sent the text, onKeyPress prevents the line break of that Enter. With a real
// keyboard, PreventDefault in onKeyDown is enough. But a program that types for the user may send the key press anyway.
func (c *composer) onKeyPress(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	p := pressOf(e)
	p.composing = false // if an Enter ends the composition of an input method, it must add no line break either
	if p.sends(c.breaks()) {
		e.PreventDefault()
	}
}

// onSubmit runs when the user presses the button Send.
func (c *composer) onSubmit(ctx goapp.Context, e goapp.Event) {
	e.PreventDefault()
	c.send(ctx)
	focusComposer()
}

// onSendDown runs when the user begins to press the button Send. The focus must stay in the field, because a phone hides
// its keyboard when the field loses the focus.
func (c *composer) onSendDown(ctx goapp.Context, e goapp.Event) {
	ctx.PreventUpdate()
	e.PreventDefault()
}

// onInput runs when the user has changed the text.
func (c *composer) onInput(ctx goapp.Context, e goapp.Event) {
	if c.problem == "" {
		ctx.PreventUpdate()
	}
	c.problem = ""
	c.measure()
	c.onTyping(composerField().Get("value").String())
	c.draft.timer.Reset(draftPause)
	// While an input method composes a character, hide the list of suggestions, which would be in its way. But a keyboard on
	// the screen composes every word, so there the list must stay.
	if e.Get("isComposing").Truthy() && !c.touch {
		c.suggest.close()
		return
	}
	c.suggest.follow()
	if data := e.Get("data"); data.Truthy() && strings.HasSuffix(data.String(), string(emojiSign)) {
		c.suggest.expand()
	}
}

// onComposed runs when an input method has composed a part of the text. Now the field may show suggestions for that part.
func (c *composer) onComposed(ctx goapp.Context, _ goapp.Event) {
	ctx.PreventUpdate()
	c.suggest.follow()
}
