package app

import (
	"hash/fnv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/shared/wire"
)

// A row is one message in the document: an article of its author's face, a head and a text, and below them how far it is, if
// it is one's own and not sent, and what one can do with it, once that is asked for. Its accessible name says all of it in
// one sentence, so that who walks from row to row hears one sentence each.
type row struct {
	article goapp.Value
	head    goapp.Value
	left    goapp.Value // how long it has to live; a button that shows what can be done meanwhile
	block   *block
	shown   remaining // as drawn
	cover   cover
}

// keyName is the property by which an article knows its message, doName the attribute by which a button says what it does.
const (
	keyName = "mayflyKey"
	doName  = "data-do"
)

// tints is how many colours of faces there are.
const tints = 8

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

// maxPile is how many marks may stand on one letter, as they do in Hebrew or Vietnamese, before the row is clipped.
const maxPile = 2

// piled reports whether marks are piled up in text so that they could cover what is above and below.
func piled(text string) bool {
	marks := 0
	for _, r := range text {
		switch {
		case r < 0x300: // before the first mark
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

// maxName is how many characters of a name stand above a message; the others are in what is read out.
const maxName = 40

// nameOf returns the first characters of the name of a message's author, at most as many as limit, and what tells them from
// others of the same name.
func nameOf(m *client.Message, limit int) string {
	name := cut(named(m.User).Name, limit)
	if m.Tag != "" {
		name += " (" + m.Tag + ")"
	}
	return name
}

// label returns a message as one sentence: author, text, time, state.
func label(m *client.Message) string {
	who := nameOf(m, len(m.User.Name))
	if m.Mine {
		who = "You"
	}
	if words := stateWords(m); words != "" {
		return who + ": " + m.Text + " – " + words
	}
	return who + ": " + m.Text + " – " + sentWords(m) + ", " + vanishWords(m) + "."
}

// named returns u, or "You", if no connection has told yet what one's own name is.
func named(u wire.User) wire.User {
	if u.Name == "" {
		u.Name = "You"
	}
	return u
}

func sentWords(m *client.Message) string   { return "Sent at " + m.At.Format(time.TimeOnly) }
func vanishWords(m *client.Message) string { return "vanishes at " + m.Expires.Format(time.TimeOnly) }

// initials returns what stands in a person's face: the first letter of the last name, of which anonymous people have no
// other, and of the first.
func initials(u wire.User) string {
	words := strings.Fields(u.Name)
	if u.Anonymous && len(words) > 1 {
		words = words[len(words)-1:]
	}
	if len(words) == 0 {
		return ""
	}
	letters := initial(words[0])
	if len(words) > 1 {
		letters += initial(words[len(words)-1])
	}
	return letters
}

// initial returns the word's first letter or digit in upper case. Anything else could be more than one sees.
func initial(word string) string {
	r, _ := utf8.DecodeRuneInString(word)
	if !wordly(r) {
		return ""
	}
	return string(unicode.ToUpper(r))
}

// tint returns which of the colours a person has: two of one name are told apart by it, mostly.
func tint(id string) string {
	hash := fnv.New32a()
	hash.Write([]byte(id))
	return string('0' + byte(hash.Sum32()%tints))
}

// A template is what rows are copied from: copying costs one call, making anew two dozen.
type template struct{ article, waiting, failed, actions, link goapp.Value }

func newTemplate() template {
	face := dom.Node("span", "face")
	dom.Set(face, "aria-hidden", "true")
	left := button("more", "")
	left.Set("className", "left")
	dom.Set(left, "aria-label", "Actions")
	dom.Set(left, "aria-expanded", "false")
	dom.Set(left, "tabindex", "-1") // Enter on the message does the same
	article := dom.Node("article", "message", face, dom.Node("p", "message-head", dom.Node("bdi", "message-name"), dom.Node("time", "message-time"), left),
		dom.Node("p", "message-text"))
	dom.Set(article, "tabindex", "-1") // the focus may be put there, the Tab key passes by
	dom.Set(article.Get("lastChild"), "dir", "auto")

	failed := dom.Node("div", "message-state", dom.Node("p", ""), button("retry", "Retry"), button("discard", "Discard"), button("copy", "Copy"))
	actions := dom.Node("div", "message-actions", button("copy", "Copy text"))
	dom.Set(actions, "role", "group")
	dom.Set(actions, "aria-label", "Actions")
	link := dom.Node("a", "")
	dom.Set(link, "target", "_blank")
	dom.Set(link, "rel", "noopener noreferrer nofollow")
	dom.Set(link, "tabindex", "-1") // a message is no stop of the Tab key, nor is what is in it until it is opened
	return template{article, dom.Node("div", "message-state", dom.Node("p", "")), failed, actions, link}
}

func button(do, words string) goapp.Value {
	e := dom.Node("button", "button")
	e.Set("type", "button")
	e.Set("textContent", words)
	dom.Set(e, doName, do)
	return e
}

// row returns a row for m. Texts go in as text, whatever they hold.
func (t template) row(m *client.Message) *row {
	article := t.article.Call("cloneNode", true)
	article.Set(keyName, m.Key)
	head := article.Get("firstChild").Get("nextSibling")
	r := &row{article: article, head: head, left: head.Get("lastChild")}
	t.update(r, &client.Message{}, m)
	return r
}

// update brings a row from one message to another.
func (t template) update(r *row, from, to *client.Message) {
	if class := rowClass(to); class != rowClass(from) {
		r.article.Set("className", class)
	}
	if from.User != to.User || from.Tag != to.Tag || from.Key != to.Key {
		face := r.article.Get("firstChild")
		face.Set("className", "face face-"+tint(to.User.ID))
		face.Set("textContent", initials(named(to.User)))
		r.head.Get("firstChild").Set("textContent", nameOf(to, maxName))
	}
	if !to.At.IsZero() && !from.At.Equal(to.At) {
		at := r.left.Get("previousSibling")
		at.Set("dateTime", to.At.UTC().Format(time.RFC3339))
		at.Set("title", sentWords(to))
		at.Set("textContent", to.At.Format("15:04"))
		dom.Set(at, "data-seconds", to.At.Format(":05"))
		dom.Set(r.left, "data-when", vanishWords(to))
	}
	if from.Text != to.Text {
		t.text(r.head.Get("nextSibling"), to.Text)
	}
	if was, words := stateWords(from), stateWords(to); was != words || from.State != to.State {
		t.state(r.article, to, words)
	}
	dom.Set(r.article, "aria-label", label(to))
}

// text draws a message's text, and its links as links. The host that the browser reads in one stands beside it where it is
// not the one that is written: letters of another script look like those of a name that one knows.
func (t template) text(into goapp.Value, text string) {
	parts := pieces(text)
	if len(parts) == 1 && parts[0].href == "" {
		into.Set("textContent", text)
		return
	}
	var nodes []any
	for _, p := range parts {
		if p.href == "" {
			nodes = append(nodes, p.text)
			continue
		}
		a := t.link.Call("cloneNode")
		a.Set("href", p.href)
		a.Set("textContent", p.text)
		nodes = append(nodes, a)
		if host := a.Get("hostname").String(); !strings.Contains(strings.ToLower(p.text), host) {
			nodes = append(nodes, " ("+host+")")
		}
	}
	into.Call("replaceChildren", nodes...)
}

// state draws how far one's own message is, and for one that failed what can be done about it.
func (t template) state(article goapp.Value, m *client.Message, words string) {
	if old := article.Call("querySelector", ".message-state"); old.Truthy() {
		old.Call("remove")
	}
	if words == "" {
		return
	}
	state := t.waiting
	if m.State == client.Failed {
		state = t.failed
	}
	state = state.Call("cloneNode", true)
	state.Get("firstChild").Set("textContent", words)
	for b := state.Get("firstChild").Get("nextSibling"); b.Truthy(); b = b.Get("nextSibling") {
		dom.Set(b, "aria-label", b.Get("textContent").String()+" “"+firstWords(m.Text)+"”")
	}
	article.Call("appendChild", state)
}

// maxFirst is how many characters of a text name a button: enough to know the message by.
const maxFirst = 30

// firstWords returns the beginning of a text, in one line.
func firstWords(text string) string { return cut(strings.Join(strings.Fields(text), " "), maxFirst) }

// open shows what can be done with the message, and lets the Tab key go to its links.
func (r *row) open(t template) {
	r.links("0")
	dom.Set(r.left, "aria-expanded", "true")
	if !r.article.Call("querySelector", ".message-state button").Truthy() { // they are shown anyway
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
