package app

import (
	"strings"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/client"
	"mayfly/app/client/outbox"
	"mayfly/app/dom"
	"mayfly/app/pkce"
	"mayfly/app/words"
)

const (
	hintID    = "message-hint"
	counterID = "message-tally"
	offerID   = "message-offer"
	sendID    = "message-send"
)

// A composer is the field in which the user writes, with the button Send. Only the browser's field contains the text: go-app
// neither sets nor clears it. While the user types, go-app does not draw, so that no key press is lost or delayed. It draws
// only if it must remove the sentence about a problem.
type composer struct {
	*model
	reply   reply
	undo    undo
	life    lifetime
	order   orderBar
	pause   pause
	suggest suggestions
	problem string // why the text could not be sent, or news about a draft; "" once the user changes the text
	early   early
	counter counter // the counter that is shown
	touch   bool    // the user writes with a keyboard on the screen
	grows   bool    // the browser itself makes the field as high as its text, so fit is not needed

	onSent    func(goapp.Context)                            // runs after a message was sent
	onCommand func(goapp.Context, *command) (problem string) // runs when the user sends a command that sends no text
	onTyping  func(text string)                              // runs when the user has changed the text
}

// render draws the composer. In the page that the server prerenders, the field and the button are disabled.
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

// endOffer runs when the user has inserted or discarded the offered drafts. It removes the offer, and tells the client not
// to return these drafts again.
func (c *composer) endOffer() {
	d := &c.draft
	d.taken[d.room], d.offer = d.offer.last, delivery{}
	c.keepDraft()
	focusComposer()
}

// start makes two timers. One stores the draft when the user pauses typing. The other moves the focus into the field if the
// drafts of a room take too long to come. start also follows whether the keyboard of the device is on the screen (c.touch).
// stop ends all of that.
func (c *composer) start(ctx goapp.Context) (stop func()) {
	c.grows = goapp.Window().Get("CSS").Call("supports", "field-sizing", "content").Bool()
	touch := goapp.Window().Call("matchMedia", browser.TouchKeyboard)
	c.touch = touch.Get("matches").Bool()
	unlisten := dom.Listen(touch, "change", func() {
		dispatch(ctx, func(goapp.Context) { c.touch = touch.Get("matches").Bool() })
	})
	c.draft.timer = time.AfterFunc(time.Hour, func() {
		dispatch(ctx, func(ctx goapp.Context) {
			ctx.PreventUpdate()
			c.keepDraft()
		})
	})
	c.draft.timer.Stop()
	c.draft.arrival.timer = time.AfterFunc(time.Hour, func() {
		dispatch(ctx, func(ctx goapp.Context) {
			ctx.PreventUpdate()
			c.arrived()
		})
	})
	c.draft.arrival.timer.Stop()
	c.early.start(ctx, c)
	return func() {
		unlisten()
		c.draft.timer.Stop()
		c.draft.arrival.timer.Stop()
	}
}

// arrive runs when the user has entered a room. It does not focus the field yet, because drafts are not put into a field
// with the focus. Once the field contains the drafts of the room, or after arriveTime, the method arrived moves the focus.
func (c *composer) arrive() {
	input, a := composerField(), &c.draft.arrival
	if input.Truthy() && input.Get("value").String() == "" {
		input.Call("blur")
	}
	a.waits, a.from = true, dom.Active()
	a.timer.Reset(arriveTime)
}

// arrived moves the focus into the field, unless the user has moved the focus to another element since arrive ran. It also
// adopts what the user has written before the client ran.
func (c *composer) arrived() {
	a := &c.draft.arrival
	if !a.waits || !c.early.ends() {
		return
	}
	a.waits = false
	a.timer.Stop()
	active := dom.Active()
	c.early.adopt()
	if active.Equal(a.from) || active.Equal(dom.Document().Get("body")) {
		focusComposer()
	}
}

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

// send sends the text in the field. A text that can't be sent stays there.
func (c *composer) send(ctx goapp.Context) {
	text := tidy(composerField().Get("value").String())
	if strings.TrimSpace(text) != "" && c.post(ctx, text) {
		c.clear()
		c.keepDraft()
	}
}

// post gives a text to the client or, if the text is a command, runs it. It returns false if that is not possible.
func (c *composer) post(ctx goapp.Context, text string) bool {
	if is := counted(characters(text), c.limit()); is.over() { // the counter shows that the text is too long
		c.voice.say(is.left())
		return false
	}
	read := readCommand(text)
	text, says := read.said()
	if !says {
		c.problem = c.onCommand(ctx, &read)
		return c.problem == ""
	}
	if wait := c.pause.text(); wait != "" { // the page shows it below the field
		c.voice.say(wait)
		return false
	}
	c.problem = words.Problem(c.client.Send(client.Composed{Text: text, ReplyTo: c.draft.answers, Life: c.life.chosen(),
		Mentions: c.suggest.mentions(text)}))
	if c.problem != "" {
		return false
	}
	c.draft.answers = ""
	c.life.reset()
	if c.signIn.SignInID == "" {
		c.signIn.Problem = pkce.Problem{} // the user goes on as a guest, so the problem of the sign-in is over
	}
	c.onSent(ctx)
	return true
}

// clear empties the field and closes the list of suggestions.
func (c *composer) clear() {
	c.suggest.reset()
	if input := composerField(); input.Truthy() {
		input.Set("value", "")
		c.measure()
	}
}

// switchDraft runs when the page shows another room. It stores the text in the field as the draft of the previous room, and
// empties the field. If there was no previous room, as after the return from the sign-in provider, the text stays in the
// field, and becomes the draft of the new room.
func (c *composer) switchDraft(room string) {
	d := &c.draft
	c.keepDraft()
	if d.room != "" || room == "" {
		c.clear()
	}
	d.room, d.offer, d.answers = room, delivery{}, ""
	c.life.reset()
}

// takeDrafts puts the drafts that the client returns (View.Drafts) into the field or, if the user may be using the field,
// offers them above it. changed is true if the page must be drawn.
func (c *composer) takeDrafts() (changed bool) {
	input, d := composerField(), &c.draft
	if c.view.Room != d.room || !input.Truthy() {
		return false
	}
	if c.view.Restored && !input.Get("disabled").Bool() {
		defer c.arrived()
	}
	to := undelivered(c.view.Drafts, d.taken[d.room])
	if to == d.offer {
		return false
	}
	if to.last == 0 { // the client no longer has the drafts that were offered
		d.offer = to
		yieldFocus(offerID)
		return true
	}
	early, _ := browser.EarlyWritten()
	if !takes(input.Get("value").String(), early.Touched || dom.Active().Equal(input), d.offer.last != 0) {
		d.offer = to
		before, after := to.around()
		c.voice.say(before + words.First(to.text) + after)
		return true
	}
	d.taken[d.room] = to.last
	if to.lapsed {
		c.problem = words.Of(words.DraftLapsed)
	}
	if to.gone {
		c.problem = words.Of(words.DraftGone)
	}
	input.Set("value", to.text)
	c.measure()
	c.keepDraft()
	return to.lapsed || to.gone
}

// measure runs when the text has changed. It updates the height of the field, and the counter if that has changed. To be
// fast, it reads the whole text only if its length is near the limit.
func (c *composer) measure() {
	input := composerField()
	if !input.Truthy() {
		return
	}
	if !c.grows {
		fit(input)
	}
	n, limit := input.Get("textLength").Int(), c.limit() // n is in UTF-16 units: at least the number of characters
	if near(n, limit) {
		n = characters(input.Get("value").String())
	}
	was, is := c.counter, counted(n, limit)
	if is == was {
		return
	}
	c.counter = is
	c.write()
	input.Call("setAttribute", "aria-invalid", is.over())
	c.pause.over = is.over()
	c.pause.block()
	if text := is.said(was); text != "" {
		c.voice.say(text)
	}
}

// write writes the text of the counter into its element, which go-app draws empty.
func (c *composer) write() { dom.Write(counterID, c.counter.words()) }
