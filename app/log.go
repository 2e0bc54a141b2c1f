package app

import (
	"math"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
)

const (
	logID    = "log"
	rowsID   = "rows"
	endSlack = 16 // CSS pixels from the end that count as it on the way down: focus in the last row leaves out the padding
	rounding = 1  // CSS pixels by which a list at its end may seem to miss it: browsers round
)

// log draws the room's messages, in the client's order, or why there are none. The rows are not go-app's: see rows.go.
func (c *chat) log() goapp.UI {
	name := "Messages"
	if c.room != "" {
		name += " in #" + c.room
	}
	body := []goapp.UI{elem("div", "rows").Attr("id", rowsID)}
	if why := c.nothing(); why != nil {
		body = append(body, why)
	}
	log := elem("div", "log", body...)
	attributes(log, "id", logID, "role", "log", "aria-label", name, "aria-live", "off", "tabindex", "0")
	log.On("keydown", c.onLogKey)
	log.On("click", c.onLogClick)
	log.On("scroll", c.onScroll, goapp.PassiveEvent())
	frame := []goapp.UI{log}
	if !c.atEnd && c.nothing() == nil {
		jump := textElem("button", "jump", jumpWords(c.attention.unread())).Attr("type", "button")
		frame = append(frame, jump.On("click", c.onJump))
	}
	return elem("div", "log-frame", frame...)
}

// nothing draws why there are no rows, nil if there are some or nothing is known yet.
func (c *chat) nothing() goapp.UI {
	v := c.view
	switch {
	case v.Room != c.room: // the client is about to enter it
		return nil
	case v.Refused != "":
		return note(v.Refused)
	case len(v.Messages) == 0 && v.TTL > 0:
		return textElem("p", "note", "Nothing here now. Messages vanish after "+lifetime(v.TTL)+", for everyone.")
	}
	return nil
}

// messages returns the messages of the room that is shown.
func (c *chat) messages() []client.Message {
	if c.badRoom || c.view.Room != c.room || c.view.Refused != "" {
		return nil
	}
	return c.view.Messages
}

// draw brings the rows up to date with the view, and with where one has scrolled to. It reports whether there was a log to
// draw them in.
func (c *chat) draw(rows []client.Message) bool {
	now := c.client.Now()
	drawn := c.sheet.draw(rows, c.atEnd, now)
	c.sheet.divide(c.attention.divider())
	c.sheet.cover(now)
	return drawn
}

// place draws the rows of the window. It reports whether there was a log to draw them in.
func (c *chat) place() bool {
	var reads []client.Message
	if !c.atEnd {
		reads = c.sheet.inSight()
	}
	if !c.draw(c.sheet.window.place(c.messages(), c.sheet.rows, reads)) {
		return false
	}
	if !c.atEnd {
		c.reach()
	}
	return true
}

// onLogKey walks the messages: the log is one stop of the Tab key, the arrows go from row to row.
func (c *chat) onLogKey(ctx goapp.Context, e goapp.Event) {
	defer Guard()
	ctx.PreventUpdate()
	for _, modifier := range []string{"ctrlKey", "altKey", "metaKey", "shiftKey"} {
		if e.Get(modifier).Truthy() {
			return
		}
	}
	if c.sheet.press(e.Get("key").String()) {
		e.PreventDefault()
	}
}

// onLogClick does what the button says that was clicked.
func (c *chat) onLogClick(ctx goapp.Context, e goapp.Event) {
	defer Guard()
	ctx.PreventUpdate()
	target := e.Get("target")
	pressed := target.Call("closest", "["+doName+"]")
	if !pressed.Truthy() {
		return
	}
	key := keyOf(target)
	switch pressed.Call("getAttribute", doName).String() {
	case "more":
		c.sheet.more(key)
	case "copy":
		c.sheet.copy(key, pressed)
	case "retry":
		c.client.Resend(key)
		focusComposer()
	case "discard":
		c.client.Discard(key)
		focusComposer()
	}
}

// onScroll runs after the list was scrolled, by the user or by the page. At either end of the rows that are mounted more come,
// if there are more.
func (c *chat) onScroll(ctx goapp.Context, _ goapp.Event) {
	defer Guard()
	was := c.atEnd
	if !c.noticeScroll() {
		ctx.PreventUpdate()
	}
	if !was || !c.atEnd {
		c.reach()
	}
}

// noticeScroll looks whether the user has scrolled since the page last looked or scrolled. It runs before the page draws rows,
// so that the page never takes a scroll of the user for its own, which would undo it. It reports whether the button that leads
// to the newest message changes.
func (c *chat) noticeScroll() bool {
	s := &c.sheet
	if s.box == nil {
		return false
	}
	was, unread := c.atEnd, c.attention.unread()
	top, following := c.position()
	if math.Abs(top-s.top) >= rounding { // less may be the browser's doing, and adds up if it is the user's
		s.top, s.rest = top, 0
		s.counted = time.Time{} // what came in sight was not counted down
	}
	c.atEnd = following
	if c.atEnd && !was && !dom.Hidden() {
		c.attention.look()
	}
	return c.atEnd != was || c.attention.unread() != unread
}

// position returns where the list stands, and whether it follows its newest message from there.
func (c *chat) position() (top float64, following bool) {
	s := &c.sheet
	top = s.log.Get("scrollTop").Float()
	if c.atEnd && math.Abs(top-s.top) < rounding {
		return top, true
	}
	return top, s.window.from == "" && follows(c.atEnd, s.top, top, s.below(top))
}

// toEnd scrolls to the newest message if the list follows it, after something made the list longer or its frame smaller.
func (c *chat) toEnd() {
	if c.sheet.box == nil {
		return
	}
	if _, following := c.position(); following { // else the user has scrolled, and the event is still to come
		c.sheet.toEnd()
	}
}

// reach brings more rows where the user comes to the end of those that are mounted.
func (c *chat) reach() {
	s := &c.sheet
	if s.box == nil {
		return
	}
	height := s.log.Get("clientHeight").Float()
	if s.log.Get("scrollTop").Float() < s.gap+height {
		s.closeGap()
	}
	above := s.log.Get("scrollTop").Float()
	switch {
	case above < height && s.moreBefore(c.messages()):
		c.draw(s.window.back(c.messages(), s.rows))
	case s.window.from != "" && s.below(above) < height:
		c.draw(s.window.on(c.messages(), s.rows))
	}
}

// onJump leads to the newest message.
func (c *chat) onJump(goapp.Context, goapp.Event) {
	defer Guard()
	c.toNewest()
	focusComposer()
}

// toNewest scrolls to the newest message, and stays there.
func (c *chat) toNewest() {
	c.atEnd, c.sheet.window = true, window{}
	c.attention.look()
	c.place()
	c.sheet.toEnd()
}
