package app

import (
	"strings"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/browser"
	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/pkce"
	"mayfly/app/words"
	"mayfly/shared/wire"
)

const (
	hintID    = "message-hint"
	counterID = "message-tally"
	offerID   = "message-offer"
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
	touch   bool    // the device has a touch screen and no mouse (browser.TouchKeyboard): its keyboard is on the screen
	grows   bool    // the browser itself makes the field as high as its text, so fit is not needed

	onSent    func(goapp.Context)                            // runs after a message was sent
	onCommand func(goapp.Context, *command) (problem string) // runs when the user sends a command that sends no text
	onTyping  func(text string)                              // runs when the user has changed the text
}

// endOffer runs when the user has inserted or discarded the offered drafts. It removes the offer, and tells the client not
// to return these drafts again.
func (c *composer) endOffer() {
	d := &c.draft
	d.taken[d.room], d.offer = d.offer.last, delivery{}
	c.keepDraft()
	focusComposer()
}

// start makes two timers. One stores the draft when the user pauses typing. The other moves the focus into the field if the
// drafts of a room take too long to come. start also sets c.touch by the media query browser.TouchKeyboard, now and each
// time when the result of the query changes. stop ends all of that.
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
// gives the composer what the user has written in the shell (early.adopt). While an input method is composing a text in the
// shell, arrived does nothing; it runs again after that.
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

// breaks reports whether Enter begins a new line, and does not send.
func (c *composer) breaks() bool { return c.settings.breaks(c.touch) }

// limit returns how many characters a text may have.
func (c *composer) limit() int {
	if n := c.view.Limits.Text; n > 0 && n < wire.MaxText {
		return int(n)
	}
	return wire.MaxText
}
