package app

import (
	"math"
	"slices"
	"sort"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/session"
)

// A sheet is the element that holds the rows, and what is in it. go-app draws it empty and knows nothing of its children.
// The UI goroutine alone touches it. What is in the way of a person stays: focus, selection and what is being read.
type sheet struct {
	box   goapp.Value // nil before the first draw
	log   goapp.Value // what scrolls
	blank blank
	rows  []session.Message      // as they are in the document; nil if that is not known
	at    map[string]goapp.Value // their elements, by key
	stop  string                 // the row that the Tab key stops at; "": the log itself

	top  float64 // where the sheet last left scrollTop,
	rest float64 // and how far that is from where it should be: browsers round
}

// draw makes the document show rows. At the end it stays at the end; elsewhere what is being read stays where it is. It
// reports whether there was an element to draw in.
func (s *sheet) draw(rows []session.Message, atEnd bool) bool {
	box := goapp.Window().GetElementByID(rowsID)
	if !box.Truthy() {
		*s = sheet{}
		return false
	}
	if s.box == nil || !s.box.Equal(box) {
		*s = sheet{box: box, log: box.Get("parentNode"), blank: newBlank()}
	}
	if s.rows == nil {
		box.Call("replaceChildren")
		s.at = make(map[string]goapp.Value)
	}
	c := diff(s.rows, rows)
	if c.none() {
		s.rows = rows
		return true
	}
	prev := s.rows
	s.rows = nil // what a panic leaves behind is drawn from nothing next time
	atEnd = atEnd && !s.focused()
	hold := s.hold(prev, c)
	anchor, y := "", 0.0
	if !atEnd && c.above() {
		anchor, y = s.anchor(prev, c)
	}
	s.apply(c)
	s.rows = rows
	if hold != nil && !hold.Call("contains", activeElement()).Bool() {
		focus(hold) // it was moved
	}
	switch {
	case atEnd:
		s.toEnd()
	case anchor != "":
		s.keep(anchor, y)
	}
	return true
}

func (s *sheet) apply(c change) {
	for _, key := range c.gone {
		s.at[key].Call("remove")
		delete(s.at, key)
	}
	for _, p := range c.put {
		article, ok := s.at[p.row.Key]
		if !ok {
			article = s.blank.copy(p.row)
			s.at[p.row.Key] = article
		}
		if p.before == "" {
			s.box.Call("appendChild", article)
		} else {
			s.box.Call("insertBefore", article, s.at[p.before])
		}
	}
	for _, u := range c.updated {
		s.blank.update(s.at[u.to.Key], u.from, u.to)
	}
}

// focused reports whether one walks the rows by keyboard.
func (s *sheet) focused() bool {
	return s.stop != "" && s.box.Call("contains", activeElement()).Bool()
}

// hold returns the row that must have the focus after c, nil if none. If the row that has it goes, its neighbour gets it
// before that, so that it is never lost, or else the composer does.
func (s *sheet) hold(rows []session.Message, c change) goapp.Value {
	stays := func(key string) bool { return s.at[key] != nil && !slices.Contains(c.gone, key) }
	defer func() {
		if s.stop != "" && !stays(s.stop) {
			s.stopAt("")
		}
	}()
	if len(rows) == 0 || !c.above() {
		return nil
	}
	active := activeElement()
	if !s.box.Call("contains", active).Bool() {
		return nil
	}
	i := indexOf(rows, keyOf(active))
	if i < 0 {
		return nil
	}
	key := nearest(rows, i, stays)
	if key == "" {
		focusComposer()
		return nil
	}
	if key != rows[i].Key {
		s.stopAt(key)
		focus(s.at[key])
	}
	return s.at[key]
}

// anchor returns the first row in sight that c leaves in its place, and where its top is on the screen.
func (s *sheet) anchor(rows []session.Message, c change) (key string, y float64) {
	if len(rows) == 0 {
		return "", 0
	}
	if s.log.Get("scrollTop").Float() != s.top {
		s.rest = 0 // the person has scrolled
	}
	edge := s.log.Call("getBoundingClientRect").Get("top").Float()
	i := sort.Search(len(rows)-1, func(i int) bool {
		return s.at[rows[i].Key].Call("getBoundingClientRect").Get("bottom").Float() > edge
	})
	if key = nearest(rows, i, c.inPlace); key != "" {
		y = s.y(key)
	}
	return key, y
}

func (s *sheet) y(key string) float64 {
	return s.at[key].Call("getBoundingClientRect").Get("top").Float()
}

// keep scrolls so that the top of that row is at y again. What rounding took from one correction is added to the next, or
// a hundred expiries would add up.
func (s *sheet) keep(key string, y float64) {
	want := s.log.Get("scrollTop").Float() + s.y(key) - y + s.rest
	s.log.Set("scrollTop", want)
	s.top = s.log.Get("scrollTop").Float()
	s.rest = want - s.top
	if math.Abs(s.rest) > 1 { // there is no more to scroll
		s.rest = 0
	}
}

// toEnd scrolls to the newest row.
func (s *sheet) toEnd() {
	scrollToEnd()
	s.top, s.rest = s.log.Get("scrollTop").Float(), 0
}

// stayAtEnd scrolls to the newest row once more, if the person has not scrolled since.
func (s *sheet) stayAtEnd() {
	if s.box != nil && s.log.Get("scrollTop").Float() == s.top {
		s.toEnd()
	}
}

// stopAt makes the row of that key what the Tab key stops at, or the log itself.
func (s *sheet) stopAt(key string) {
	set := func(key, value string) {
		if key == "" {
			s.log.Call("setAttribute", "tabindex", value)
		} else if article := s.at[key]; article != nil {
			article.Call("setAttribute", "tabindex", value)
		}
	}
	if key != s.stop {
		set(s.stop, "-1")
		set(key, "0")
		s.stop = key
	}
}

// press moves the focus among the rows, or from them to the composer. It reports whether the key press meant that.
func (s *sheet) press(key string) bool {
	if s.box == nil {
		return false
	}
	if key == "Escape" {
		s.stopAt("")
		focusComposer()
		return true
	}
	to := walk(s.rows, keyOf(activeElement()), key)
	if to == "" {
		return false
	}
	s.stopAt(to)
	s.at[to].Call("focus")
	return true
}

// keyName is the property by which an article knows its row.
const keyName = "mayflyKey"

// keyOf returns the key of the row that element is in, "" if it is in none.
func keyOf(element goapp.Value) string {
	article := element.Call("closest", "article")
	if !article.Truthy() {
		return ""
	}
	return article.Get(keyName).String()
}

func activeElement() goapp.Value { return goapp.Window().Get("document").Get("activeElement") }

func focus(element goapp.Value) {
	element.Call("focus", map[string]any{"preventScroll": true})
}

// A blank is what rows are copied from: copying costs one call, making anew a dozen.
type blank struct{ article, you, time, state goapp.Value }

func newBlank() blank {
	article := node("article", "message", node("p", "message-head", node("bdi", "message-name")), node("p", "message-text"))
	article.Set("tabIndex", -1) // the focus may be put there, the Tab key passes by
	article.Get("lastChild").Set("dir", "auto")
	you := node("span", "message-you")
	you.Set("textContent", " (you)")
	short := node("span", "")
	short.Call("setAttribute", "aria-hidden", "true")
	return blank{article, you, node("time", "message-time", short, node("span", "unseen")), node("p", "message-state")}
}

// node returns a new element with children.
func node(tag, class string, children ...any) goapp.Value {
	e := goapp.Window().Get("document").Call("createElement", tag)
	e.Set("className", class)
	e.Call("append", children...)
	return e
}

// copy returns a row for m. Texts go in as text, whatever they hold.
func (b blank) copy(m *session.Message) goapp.Value {
	article := b.article.Call("cloneNode", true)
	article.Set(keyName, m.Key)
	b.update(article, &session.Message{}, m)
	return article
}

// update brings a row from one message to another.
func (b blank) update(article goapp.Value, from, to *session.Message) {
	if class := rowClass(to); class != rowClass(from) {
		article.Set("className", class)
	}
	head := article.Get("firstChild")
	if from.User.Name != to.User.Name {
		head.Get("firstChild").Set("textContent", to.User.Name)
	}
	if from.Mine != to.Mine || !from.At.Equal(to.At) {
		b.tail(head, to)
	}
	if from.Text != to.Text {
		head.Get("nextSibling").Set("textContent", to.Text)
	}
	was, words := stateWords(from), stateWords(to)
	if was == words {
		return
	}
	if was != "" {
		article.Get("lastChild").Call("remove")
	}
	if words != "" {
		state := b.state.Call("cloneNode", true)
		state.Set("textContent", words)
		article.Call("appendChild", state)
	}
}

// tail draws what follows the name.
func (b blank) tail(head goapp.Value, m *session.Message) {
	parts := []any{head.Get("firstChild")}
	if m.Mine {
		parts = append(parts, b.you.Call("cloneNode", true))
	}
	if !m.At.IsZero() {
		parts = append(parts, b.sentAt(m.At))
	}
	head.Call("replaceChildren", parts...)
}

// sentAt draws the time in the browser's zone: short for the eye, whole for those who point at it or listen.
func (b blank) sentAt(at time.Time) goapp.Value {
	whole := at.Format("15:04:05")
	e := b.time.Call("cloneNode", true)
	e.Set("dateTime", at.UTC().Format(time.RFC3339))
	e.Set("title", "Sent at "+whole)
	e.Get("firstChild").Set("textContent", whole[:len("15:04")])
	e.Get("lastChild").Set("textContent", " Sent at "+whole+" ")
	return e
}
