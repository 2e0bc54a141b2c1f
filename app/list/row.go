package list

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
	"mayfly/shared/markup"
)

// A row is one message in the document. It is an article that has the author's face, a head and the text. Below the text
// stand the state of the user's own message until it is sent, and the actions once the user asks for them. The accessible
// name says all this in one sentence, so a screen reader says one sentence for each row.
type row struct {
	article goapp.Value
	head    goapp.Value
	left    goapp.Value // the button that shows the time left, and opens the actions
	chunk   *chunk
	shown   remaining // the time left that the row shows now
	mask    mask
}

// keyName is the property of an article that holds the key of its message. doName is the attribute of a button that holds
// what the button does, one of the constants below.
const (
	keyName = "mayflyKey"
	doName  = "data-do"
)

// The values of the attribute doName.
const (
	doMore    = "more"
	doCopy    = "copy"
	doRetry   = "retry"
	doDiscard = "discard"
)

// maxName is how many characters of a name the head of a row shows at most. The accessible name has all of them.
const maxName = 40

// templates holds elements that rows are cloned from. Cloning takes one call into the browser; building a row takes about
// 24.
type templates struct{ article, waiting, failed, actions, link goapp.Value }

func newTemplates() templates {
	face := dom.Node("span", "face")
	dom.Set(face, "aria-hidden", "true")
	left := button(doMore, "")
	left.Set("className", "left")
	dom.Set(left, "aria-label", words.Of(words.Actions))
	dom.Set(left, "aria-expanded", "false")
	dom.Set(left, "tabindex", "-1") // not a stop of the Tab key, because Enter on the row does the same
	head := dom.Node("p", "message-head", dom.Node("bdi", "message-name"), dom.Node("time", "message-time"), left)
	article := dom.Node("article", "message", face, head, dom.Node("p", "message-text"))
	dom.Set(article, "tabindex", "-1") // it can have the focus, but the Tab key does not stop at it
	dom.Set(article.Get("lastChild"), "dir", "auto")

	failed := dom.Node("div", "message-state", dom.Node("p", ""), button(doRetry, words.Of(words.Retry)),
		button(doDiscard, words.Of(words.Discard)), button(doCopy, words.Of(words.Copy)))
	actions := dom.Node("div", "message-actions", button(doCopy, words.Of(words.CopyText)))
	dom.Set(actions, "role", "group")
	dom.Set(actions, "aria-label", words.Of(words.Actions))
	link := dom.Node("a", "")
	dom.Set(link, "target", "_blank")
	dom.Set(link, "rel", "noopener noreferrer nofollow")
	dom.Set(link, "tabindex", "-1") // the Tab key does not stop at a message, nor at its links until its actions are shown
	return templates{article, dom.Node("div", "message-state", dom.Node("p", "")), failed, actions, link}
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
	r := &row{article: article, head: head, left: head.Get("lastChild")}
	t.update(r, &client.Message{}, m)
	return r
}

// update changes row r from showing from to showing to.
func (t templates) update(r *row, from, to *client.Message) {
	if class := rowClass(to); class != rowClass(from) {
		r.article.Set("className", class)
	}
	if from.User != to.User || from.Tag != to.Tag || from.Key != to.Key {
		face := r.article.Get("firstChild")
		face.Set("className", "face face-"+tint(to.User.ID))
		face.Set("textContent", initials(words.Named(to.User)))
		r.head.Get("firstChild").Set("textContent", words.Author(to, maxName))
	}
	if !to.At.IsZero() && !from.At.Equal(to.At) {
		at := r.left.Get("previousSibling")
		at.Set("dateTime", to.At.UTC().Format(time.RFC3339))
		at.Set("title", words.Sent(to))
		at.Set("textContent", to.At.Format("15:04"))
		dom.Set(at, "data-seconds", to.At.Format(":05"))
		dom.Set(r.left, "data-when", words.Vanishes(to))
	}
	if from.Text != to.Text {
		t.text(r.head.Get("nextSibling"), to.Text)
	}
	if was, is := words.State(from), words.State(to); was != is || from.State != to.State {
		t.state(r.article, to, is)
	}
	dom.Set(r.article, "aria-label", words.Label(to))
}

// text draws a message's text, and its links as links. The host that the browser reads in a link stands beside it where
// it is not the host that is written: letters of another script look like those of a name that the user knows.
func (t templates) text(into goapp.Value, text string) {
	parts := markup.Links(text)
	if len(parts) == 1 && parts[0].Href == "" {
		into.Set("textContent", text)
		return
	}
	var nodes []any
	for _, p := range parts {
		if p.Href == "" {
			nodes = append(nodes, p.Text)
			continue
		}
		a := t.link.Call("cloneNode")
		host := hostOf(a, p)
		if host == "" { // the browser would not follow it
			nodes = append(nodes, p.Text)
			continue
		}
		a.Set("textContent", p.Text)
		nodes = append(nodes, a)
		if host != lowered(p.Host) {
			nodes = append(nodes, " ("+host+")")
		}
	}
	into.Call("replaceChildren", nodes...)
}

// hostOf makes a the element of the link p, and returns the host that the browser reads in it, "" if it reads none. In a
// mail address browsers read no host, so hostOf shows the browser the part after the @ as the host of a page.
func hostOf(a goapp.Value, p markup.Piece) string {
	if !strings.Contains(p.Href, "://") {
		a.Set("href", "https://"+p.Host)
	} else {
		a.Set("href", p.Href)
	}
	host := a.Get("hostname").String()
	a.Set("href", p.Href)
	return host
}

// lowered returns host with its ASCII letters in lower case, as browsers write hosts. A letter of another script that
// looks like an ASCII letter stays as it is.
func lowered(host string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, host)
}

// state draws the state of the user's own message (sending, waiting, failed), and the buttons of one that failed.
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
		dom.Set(b, "aria-label", words.With(words.ButtonFor, b.Get("textContent").String(), words.First(m.Text)))
	}
	article.Call("appendChild", e)
}

// open shows the actions of the message, and lets the Tab key stop at its links.
func (r *row) open(t templates) {
	r.links("0")
	dom.Set(r.left, "aria-expanded", "true")
	if !r.article.Call("querySelector", ".message-state button").Truthy() { // a failed message shows its actions always
		r.article.Call("appendChild", t.actions.Call("cloneNode", true))
	}
}

func (r *row) close() {
	if actions := r.article.Call("querySelector", ".message-actions"); actions.Truthy() {
		actions.Call("remove")
	}
	r.links("-1")
	dom.Set(r.left, "aria-expanded", "false")
}

func (r *row) links(tabindex string) {
	links := r.article.Call("querySelectorAll", "a")
	for i := range links.Length() {
		dom.Set(links.Index(i), "tabindex", tabindex)
	}
}

// top returns the distance of the row from the top of the screen, in CSS pixels.
func (r *row) top() float64 { return r.rect().Get("top").Float() }

func (r *row) rect() goapp.Value { return r.article.Call("getBoundingClientRect") }

// count updates the time left that the row shows. It reports whether the row needs an update each second from now on,
// because it shows a number, or will before the next update of the rings.
func (r *row) count(m *client.Message, now time.Time) (soon bool) {
	to := remains(m, now)
	if to.step != r.shown.step {
		part := strconv.FormatFloat(float64(to.step)/ringSteps, 'f', 3, 64)
		r.left.Get("style").Call("setProperty", "--left", part)
	}
	if to.seconds != r.shown.seconds {
		text := ""
		if to.seconds > 0 {
			text = words.With(words.SecondsLeft, strconv.Itoa(to.seconds))
		}
		r.left.Set("textContent", text)
	}
	r.shown = to
	return m.Seq != 0 && m.Expires.Sub(now) <= numbersFrom+ringEvery
}

// A chunk is an element that holds some consecutive rows. When a row changes, the browser lays out only its chunk, not all
// rows.
type chunk struct {
	element goapp.Value
	rows    int
}

// chunkRows is the number of rows after which a chunk is full: the square root of maxRows, so that chunks and the rows in
// one are equally many.
const chunkRows = 20

func (c *chunk) insert(one *row, before goapp.Value) {
	if before == nil {
		c.element.Call("appendChild", one.article)
	} else {
		c.element.Call("insertBefore", one.article, before)
	}
	one.chunk = c
	c.rows++
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
	if piled(m.User.Name) || piled(m.Text) {
		class += " message-piled"
	}
	switch m.State {
	case client.Sending, client.Waiting:
		class += " message-waiting"
	case client.Failed:
		class += " message-waiting message-failed"
	}
	return class
}

// maxPile is how many combining marks one letter may have; Hebrew and Vietnamese need two. A row with more is clipped.
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
