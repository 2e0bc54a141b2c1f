package list

import (
	"slices"
	"sort"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
)

// rows holds the rows that are in the document.
type rows struct {
	box       goapp.Value // the element that holds the rows; nil before the first draw
	log       goapp.Value // the element around box, which scrolls
	templates templates
	messages  []client.Message // the messages that have a row, in order; nil: the next draw must make all rows again
	at        map[string]*row  // the rows by the key of their message
	chunks    []*chunk         // in the order in which they are shown
	removed   bool             // rows or bars were removed since List.Removed was last called
}

// clear removes all rows.
func (r *rows) clear() {
	r.box.Call("replaceChildren")
	r.at, r.chunks = make(map[string]*row), nil
}

// remove removes a row from its chunk.
func (r *rows) remove(gone *row) {
	gone.article.Call("remove")
	gone.separate("")
	if gone.bar != nil {
		gone.chunk.countBars(-1)
	}
	r.removed = true
	if gone.chunk.rows--; gone.chunk.rows == 0 {
		gone.chunk.element.Call("remove")
		r.chunks = slices.DeleteFunc(r.chunks, func(c *chunk) bool { return c == gone.chunk })
	}
}

// insert inserts the row added in front of the row next, or at the end of the list if next is nil. If the place is at the
// start or the end of a full chunk, the row goes into a neighbouring chunk that is not full, or into a new chunk. If the
// place is in the middle of a full chunk, the row goes into that chunk all the same.
func (r *rows) insert(added, next *row) {
	if next == nil {
		last := len(r.chunks) - 1
		if last < 0 || r.chunks[last].rows >= chunkRows {
			last++
			r.begin(last)
		}
		r.chunks[last].insert(added, nil)
		return
	}
	full := next.chunk.rows >= chunkRows
	if at := slices.Index(r.chunks, next.chunk); full && next.chunk.element.Get("firstChild").Equal(next.article) {
		if at == 0 || r.chunks[at-1].rows >= chunkRows {
			r.begin(at)
			at++
		}
		r.chunks[at-1].insert(added, nil)
		return
	}
	next.chunk.insert(added, next.article)
}

// begin makes an empty chunk and inserts it into chunks at index.
func (r *rows) begin(index int) {
	c := &chunk{element: dom.Node("div", "block")}
	if index < len(r.chunks) {
		r.box.Call("insertBefore", c.element, r.chunks[index].element)
	} else {
		r.box.Call("appendChild", c.element)
	}
	r.chunks = slices.Insert(r.chunks, index, c)
}

// firstInSight returns the index of the first message whose row ends below edge, or of the last message if no row ends
// there. edge is a distance from the top of the screen, in CSS pixels. messages must not be empty.
func (r *rows) firstInSight(messages []client.Message, edge float64) int {
	return sort.Search(len(messages)-1, func(i int) bool {
		return r.at[messages[i].Key].rect().Get("bottom").Float() > edge
	})
}

// inSight returns the messages in sight and below: all messages that have a row, except those that are scrolled out at the
// top.
func (r *rows) inSight() []client.Message {
	if r.box == nil || len(r.messages) == 0 {
		return nil
	}
	return r.messages[r.firstInSight(r.messages, r.frame().Get("top").Float()):]
}

// moreBefore reports whether the room has messages that are older than the message in the first row. messages are all
// messages of the room.
func (r *rows) moreBefore(messages []client.Message) bool {
	return len(r.messages) > 0 && len(messages) > 0 && r.messages[0].Key != messages[0].Key
}

// frame returns the rectangle on the screen in which the rows scroll.
func (r *rows) frame() goapp.Value { return r.log.Call("getBoundingClientRect") }

// A divider is the line above the first message that came since the user looked away.
type divider struct {
	rows    *rows
	element goapp.Value
	above   string // the key of the row below the divider; "": the divider is not shown
}

// putAbove moves the divider above the row with this key. If key is "", or if no row has the key, it removes the divider.
func (d *divider) putAbove(key string) {
	r := d.rows.at[key]
	switch {
	case d.rows.box == nil || key == d.above:
	case r == nil:
		d.element.Call("remove")
		d.above = ""
	default:
		r.article.Call("before", d.element)
		d.above = key
	}
}

func newDivider() goapp.Value {
	e := dom.Node("p", "divider")
	e.Set("textContent", words.Of(words.NewBelow))
	return e
}
