package list

import (
	"strconv"
	"unicode"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
	"mayfly/shared/markup"
	"mayfly/shared/wire"
)

// A row is one message in the document. It is an article element that contains the author's face, a header line and the
// text. A message of the user's own also has its state below the text, until the server has accepted it. The bar with the
// actions covers the row's upper edge (actions.go). The accessible name of the article contains the author, the text, the
// state and the times (words.Label), so a screen reader reads out the row at once.
type row struct {
	article goapp.Value
	head    goapp.Value // the header line: the author's name, when the message was sent, the time left
	left    goapp.Value // shows the time left
	more    goapp.Value // the button that opens the actions
	bar     goapp.Value // the actions; nil: the row does not show them
	day     goapp.Value // the separator above the row, with the name of the day; nil: there is none
	date    words.Date  // the day on which the message was sent; 0: the server has not accepted the message
	quote   *quote      // if the message is a reply: the beginning of the message that it answers; else nil
	part    part        // the row's place in its group; a group is some consecutive rows of one author
	chunk   *chunk
	shown   remaining // the time left that the row shows now
	names   []string  // the names that are marked as mentions in the text
	mask    mask
}

// keyName is a property of the article of each row; its value is the key of the row's message. doName is an attribute of
// each button in a row, and of the time left; its value says what pressing that element does.
const (
	keyName = "mayflyKey"
	doName  = "data-do"
)

// The values of the attribute doName. doMore opens the actions of the row, doAll shows the whole text of a folded message,
// and doCode copies a block of code. The other values are named like the Action that the page carries out.
const (
	doMore    = "more"
	doCopy    = "copy"
	doRetry   = "retry"
	doDiscard = "discard"
	doAll     = "all"
	doCode    = "code"

	doReact    = "react"
	doReply    = "reply"
	doTakeBack = "take-back"
	doQuote    = "quote"
	doModerate = "moderate"
)

// maxName is the largest number of characters of a name that the header line of a row shows. The accessible name of the row
// has the whole name.
const maxName = 40

// templates contains the elements from which rows are cloned, and what drawing a row depends on. Cloning a row takes one
// call into the browser; building a row without a template would take about 24.
type templates struct {
	article, waiting, failed, bar, link, code goapp.Value
	clock                                     words.Clock
	known                                     func(id string) wire.User // see Content
	emoji                                     []string                  // see Content
	me                                        wire.User                 // see Content
	names                                     []string                  // names to highlight in the text that is drawn next
	mine                                      bool                      // the text drawn next mentions the user of this page
}

func newTemplates() templates {
	face := dom.Node("span", "face")
	dom.Set(face, "aria-hidden", "true")
	left := dom.Node("span", "left")
	dom.Set(left, doName, doMore) // a user who presses the ring, beside the button more, opens the actions, too
	more := button(doMore, "")
	more.Set("className", "more")
	dom.Set(more, "aria-expanded", "false")
	dom.Set(more, "tabindex", "-1") // the Tab key does not stop at this button, because Enter on the row does the same
	head := dom.Node("p", "message-head", dom.Node("bdi", "message-name"), newTime(), more, left)
	article := dom.Node("article", "message", face, head, dom.Node("div", "message-text"))
	dom.Set(article, "tabindex", "-1") // a script can move the focus to the row, but the Tab key does not stop at the row
	dom.Set(article.Get("lastChild"), "dir", "auto")

	failed := dom.Node("div", "message-state", dom.Node("p", ""), button(doRetry, words.Of(words.Retry)),
		button(doDiscard, words.Of(words.Discard)), button(doCopy, words.Of(words.Copy)))
	bar := dom.Node("div", "message-actions", dom.Node("div", "message-bar"), dom.Node("div", "message-bar"),
		dom.Node("p", "message-when"))
	dom.Set(bar, "role", "toolbar")
	dom.Set(bar, "aria-label", words.Of(words.ActionsLabel))
	link := dom.Node("a", "")
	dom.Set(link, "target", "_blank")
	dom.Set(link, "rel", "noopener noreferrer nofollow")
	dom.Set(link, "tabindex", "-1") // the Tab key stops at a link only while the actions of its row are open
	waiting := dom.Node("div", "message-state", dom.Node("p", ""))
	return templates{article: article, waiting: waiting, failed: failed, bar: bar, link: link, code: newCode()}
}

// label writes name on a button in a row. For a screen reader, the name of the button is longer: it also contains the first
// characters of text, the message or code that the button is for.
func label(button goapp.Value, name, text string) {
	button.Set("textContent", name)
	called(button, name, text)
}

// called sets the accessible name of a button: name and the first characters of text. It does not change what the button
// shows.
func called(button goapp.Value, name, text string) {
	dom.Set(button, "aria-label", words.With(words.ButtonFor, name, words.First(text)))
}

func button(do, name string) goapp.Value {
	e := dom.Node("button", "button")
	e.Set("type", "button")
	e.Set("textContent", name)
	dom.Set(e, doName, do)
	return e
}

// row returns a row for m. All texts are set as plain text, so HTML in them has no effect.
func (t templates) row(m *client.Message) *row {
	article := t.article.Call("cloneNode", true)
	article.Set(keyName, m.Key)
	head := article.Get("firstChild").Get("nextSibling")
	left := head.Get("lastChild")
	r := &row{article: article, head: head, left: left, more: left.Get("previousSibling")}
	t.update(r, &client.Message{}, m)
	return r
}

// update changes row r, which shows the message old, so that it shows next.
func (t templates) update(r *row, old, next *client.Message) {
	if class := rowClass(next); class != rowClass(old) {
		r.article.Set("className", class+r.part.class())
	}
	if old.User != next.User || old.Tag != next.Tag || old.Key != next.Key {
		face := r.article.Get("firstChild")
		face.Set("className", FaceClass(next.User))
		face.Set("textContent", Initials(words.Named(next.User)))
		r.author(next)
	}
	if !next.At.IsZero() && !old.At.Equal(next.At) {
		t.times(r, next)
	}
	if old.Text != next.Text {
		t.fill(r, next)
		called(r.more, words.Of(words.ActionsLabel), words.Text(next))
	}
	if was, is := words.State(old), words.State(next); was != is || old.State != next.State {
		t.state(r.article, next, is)
		if r.opened() {
			r.reopen(t, next)
		}
	}
	if old.Extras != next.Extras {
		t.life(r, old, next)
		t.reactions(r, next)
	}
	dom.Set(r.article, "aria-label", words.Label(next, t.clock))
}

// author writes the author's name, and the marks before and after the name. One mark says that the author is a guest.
// Another mark distinguishes authors who have the same name.
func (r *row) author(m *client.Message) {
	before, name, after := words.AuthorParts(m, maxName)
	e := r.head.Get("firstChild")
	if before+after == "" {
		e.Set("textContent", name)
		return
	}
	mark := func(text string) goapp.Value { return dom.Node("span", "message-mark", text) }
	e.Call("replaceChildren", mark(before), name, mark(after))
}

// state draws the state of the user's own message (sending, waiting, failed), and the buttons of a message that failed.
func (t templates) state(article goapp.Value, m *client.Message, state string) {
	if old := article.Call("querySelector", ".message-state"); old.Truthy() {
		old.Call("remove")
	}
	if state == "" {
		return
	}
	e := t.waiting
	if m.State == client.Failed {
		e = t.failed
	}
	e = e.Call("cloneNode", true)
	e.Get("firstChild").Set("textContent", state)
	for b := e.Get("firstChild").Get("nextSibling"); b.Truthy(); b = b.Get("nextSibling") {
		label(b, b.Get("textContent").String(), words.Text(m))
	}
	article.Call("appendChild", e)
}

// top returns the distance of the row from the top of the viewport, in CSS pixels. textTop does the same for the row's text.
func (r *row) top() float64     { return r.rect().Get("top").Float() }
func (r *row) textTop() float64 { return r.text().Call("getBoundingClientRect").Get("top").Float() }

func (r *row) rect() goapp.Value { return r.article.Call("getBoundingClientRect") }

// count updates the time left that the row shows.
func (r *row) count(to remaining) {
	if to.step != r.shown.step {
		part := strconv.FormatFloat(float64(to.step)/ringSteps, 'f', 3, 64)
		r.left.Get("style").Call("setProperty", "--left", part)
	}
	if text := to.text(); text != r.shown.text() {
		r.left.Set("textContent", text)
	}
	r.shown = to
}

// A chunk is an element that contains some consecutive rows. When a row changes, the browser calculates the layout of the
// rows in its chunk only, not of all rows.
type chunk struct {
	element goapp.Value
	rows    int
	bars    int // how many of the rows have a bar
}

// chunkRows is the number of rows in a full chunk. It is the square root of maxRows, so that a chunk has few rows, and the
// list has few chunks (about 20 each). A change then needs the layout of few elements.
const chunkRows = 20

func (c *chunk) insert(added *row, next goapp.Value) {
	if next == nil {
		c.element.Call("appendChild", added.article)
	} else {
		c.element.Call("insertBefore", added.article, next)
	}
	added.chunk = c
	c.rows++
	if added.bar != nil {
		c.countBars(1)
	}
}

// countBars adds n to the number of bars in the chunk. The bar of the chunk's first row reaches above the chunk, and would
// be cut off there. So a style lets a chunk that has bars draw over its neighbours.
func (c *chunk) countBars(n int) {
	c.bars += n
	class := "block"
	if c.bars > 0 {
		class = "block block-bars"
	}
	c.element.Set("className", class)
}

// rowClass returns the CSS classes of a message's row.
func rowClass(m *client.Message) string {
	class := "message"
	if m.Mine {
		class += " message-mine"
	}
	if m.User.Anonymous {
		class += " message-anonymous"
	}
	if m.User.Name == "" {
		class += " message-unnamed"
	}
	if m.Extras != nil && m.Extras.ForMe {
		class += " message-for-me"
	}
	if piled(m.User.Name) || piled(m.Text) {
		class += " message-piled"
	}
	if long(m.Text) {
		class += " message-long"
	}
	if markup.EmojiOnly(m.Text) {
		class += " message-emoji"
	}
	switch m.State {
	case client.Sending, client.Waiting:
		class += " message-waiting"
	case client.Failed:
		class += " message-waiting message-failed"
	}
	return class
}

// maxPile is how many combining marks one letter may have; Hebrew and Vietnamese need two. A row in which a letter has more
// marks is clipped, because the marks would cover other rows.
const maxPile = 2

// piled reports whether a letter in text has so many combining marks that they could cover the rows above and below.
func piled(text string) bool {
	marks := 0
	for _, r := range text {
		switch {
		case r < 0x300: // Unicode has no combining marks below U+0300
			marks = 0
		case unicode.Is(unicode.M, r):
			if marks++; marks > maxPile {
				return true
			}
		default:
			marks = 0
		}
	}
	return false
}
