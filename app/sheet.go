package app

import (
	"slices"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
)

// A sheet is the element that holds the rows, and what is in it. go-app draws it empty and knows nothing of its children.
// The UI goroutine alone touches it. What is in the way of a person stays: focus, selection and what is being read.
//
// When the first rows go, all others would shift, and the browser would lay out and paint anew what did not change. So while
// what goes is out of sight, the sheet keeps its height: the gap above the rows grows instead. It closes when one could come
// to see it, and now and then.
type sheet struct {
	box    goapp.Value // nil before the first draw
	log    goapp.Value // what scrolls
	parts  template
	window window
	rows   []client.Message // as they are in the document; nil if that is not known
	at     map[string]*row  // by key
	blocks []*block         // in order
	stop   string           // the row that the Tab key stops at; "": the log itself
	open   string           // the row whose actions are shown

	divider   goapp.Value
	dividerAt string // the row below it; "": there is none

	covered []*row // have a cover of their own
	others  cover  // of all other rows

	taken   bool      // rows were taken out since this was last set to false
	counted time.Time // when the rows in sight were last counted down, by the device's clock: the server's may turn out to be another
	soon    bool      // a number is shown in one of them, or soon will be

	gap  float64 // CSS pixels
	top  float64 // scrollTop when the page last scrolled the list or looked where it stands,
	rest float64 // and how far that is from where the page wanted it: browsers round
}

// A block is some rows that follow each other, in an element of their own: what one row costs then depends on its block, not
// on all of them.
type block struct {
	element goapp.Value
	rows    int
}

const (
	blockRows = 20   // in a block, about: the root of maxRows
	maxGap    = 4000 // CSS pixels: a screen or some, so that the scroll bar does not tell too much of a lie
)

// draw makes the document show rows, at now, the server's time. At the end it stays at the end; elsewhere what is being read
// stays where it is. It reports whether there was an element to draw in.
func (s *sheet) draw(rows []client.Message, atEnd bool, now time.Time) bool {
	if s.box == nil || !s.box.Get("isConnected").Bool() {
		box := dom.ByID(rowsID)
		if !box.Truthy() {
			*s = sheet{window: s.window}
			return false
		}
		*s = sheet{window: s.window, box: box, log: box.Get("parentNode"), parts: newTemplate(), divider: newDivider()}
	}
	if s.rows == nil {
		s.box.Call("replaceChildren")
		s.at, s.blocks = make(map[string]*row), nil
		s.setGap(0)
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
	height := s.unseen(prev, c)
	anchor, y := "", 0.0
	if !atEnd && height == 0 && c.above() {
		anchor, y = s.anchor(prev, c)
	}
	s.apply(c, now)
	s.rows = rows
	if height > 0 {
		s.setGap(s.gap + height)
	} else if len(c.gone) > 0 { // of what is in sight: one could come to see the gap, too
		s.setGap(0)
	}
	if hold != nil && !hold.Call("contains", dom.Active()).Bool() {
		dom.FocusInPlace(hold) // it was moved
	}
	switch {
	case atEnd && (height == 0 || len(c.put) > 0):
		s.toEnd()
	case anchor != "":
		s.keep(anchor, y)
	}
	if s.gap > maxGap {
		s.closeGap()
	}
	return true
}

func (s *sheet) apply(c change, now time.Time) {
	for _, key := range c.gone {
		s.take(s.at[key])
		delete(s.at, key)
	}
	for _, p := range c.put {
		r := s.at[p.row.Key]
		if r == nil {
			r = s.parts.row(p.row)
			s.soon = r.count(p.row, now) || s.soon
			s.at[p.row.Key] = r
		} else {
			s.take(r)
		}
		s.put(r, s.at[p.before])
	}
	for _, u := range c.updated {
		r := s.at[u.to.Key]
		s.parts.update(r, u.from, u.to)
		s.soon = r.count(u.to, now) || s.soon
	}
}

// take takes a row out of its block.
func (s *sheet) take(r *row) {
	r.article.Call("remove")
	s.taken = true
	if r.block.rows--; r.block.rows == 0 {
		r.block.element.Call("remove")
		s.blocks = slices.DeleteFunc(s.blocks, func(b *block) bool { return b == r.block })
	}
}

// put puts a row before another, at the end if that is nil. It begins a new block where there is a place for one.
func (s *sheet) put(r, before *row) {
	if before == nil {
		last := len(s.blocks) - 1
		if last < 0 || s.blocks[last].rows >= blockRows {
			last++
			s.begin(last)
		}
		s.blocks[last].put(r, nil)
		return
	}
	if at := slices.Index(s.blocks, before.block); before.block.rows >= blockRows && before.block.element.Get("firstChild").Equal(before.article) {
		if at == 0 || s.blocks[at-1].rows >= blockRows {
			s.begin(at)
			at++
		}
		s.blocks[at-1].put(r, nil)
		return
	}
	before.block.put(r, before.article)
}

// begin makes an empty block, the at-th.
func (s *sheet) begin(at int) {
	b := &block{element: dom.Node("div", "block")}
	if at < len(s.blocks) {
		s.box.Call("insertBefore", b.element, s.blocks[at].element)
	} else {
		s.box.Call("appendChild", b.element)
	}
	s.blocks = slices.Insert(s.blocks, at, b)
}

func (b *block) put(r *row, before goapp.Value) {
	if before == nil {
		b.element.Call("appendChild", r.article)
	} else {
		b.element.Call("insertBefore", r.article, before)
	}
	r.block = b
	b.rows++
}

// divide puts the divider above the row of that key, "" takes it away.
func (s *sheet) divide(key string) {
	r := s.at[key]
	switch {
	case s.box == nil || key == s.dividerAt:
	case r == nil:
		s.divider.Call("remove")
		s.dividerAt = ""
	default:
		r.article.Call("before", s.divider)
		s.dividerAt = key
	}
}

func newDivider() goapp.Value {
	e := dom.Node("p", "divider")
	e.Set("textContent", "New messages")
	return e
}

// focused reports whether one walks the rows by keyboard.
func (s *sheet) focused() bool {
	return s.stop != "" && s.box.Call("contains", dom.Active()).Bool()
}

// hold returns the row that must have the focus after c, nil if none. If the row that has it goes, or what is in it has it,
// its neighbour gets it before that, so that it is never lost, or else the composer does.
func (s *sheet) hold(rows []client.Message, c change) goapp.Value {
	stays := func(key string) bool { return s.at[key] != nil && !slices.Contains(c.gone, key) }
	defer func() {
		if s.stop != "" && !stays(s.stop) {
			s.stopAt("")
		}
	}()
	if len(rows) == 0 || !c.above() {
		return nil
	}
	active := dom.Active()
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
		dom.FocusInPlace(s.at[key].article)
	}
	return s.at[key].article
}
