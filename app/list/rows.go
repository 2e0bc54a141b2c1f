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
	messages  []client.Message // the messages that have a row; nil: all rows must be drawn again
	at        map[string]*row  // the rows by the key of their message
	chunks    []*chunk         // in the order in which they are shown
	removed   bool             // rows were removed since List.Removed was last called
}

// clear removes all rows.
func (r *rows) clear() {
	r.box.Call("replaceChildren")
	r.at, r.chunks = make(map[string]*row), nil
}

// remove removes a row from its chunk.
func (r *rows) remove(gone *row) {
	gone.article.Call("remove")
	r.removed = true
	if gone.chunk.rows--; gone.chunk.rows == 0 {
		gone.chunk.element.Call("remove")
		r.chunks = slices.DeleteFunc(r.chunks, func(c *chunk) bool { return c == gone.chunk })
	}
}

// insert inserts a row before the row before, or at the end if before is nil. If the row would come
// before the first or after the last row of a full chunk, it goes into a neighbouring or a new chunk.
func (r *rows) insert(one, before *row) {
	if before == nil {
		last := len(r.chunks) - 1
		if last < 0 || r.chunks[last].rows >= chunkRows {
			last++
			r.begin(last)
		}
		r.chunks[last].insert(one, nil)
		return
	}
	full := before.chunk.rows >= chunkRows
	if at := slices.Index(r.chunks, before.chunk); full && before.chunk.element.Get("firstChild").Equal(before.article) {
		if at == 0 || r.chunks[at-1].rows >= chunkRows {
			r.begin(at)
			at++
		}
		r.chunks[at-1].insert(one, nil)
		return
	}
	before.chunk.insert(one, before.article)
}

// begin makes an empty chunk and inserts it at index at of chunks.
func (r *rows) begin(at int) {
	c := &chunk{element: dom.Node("div", "block")}
	if at < len(r.chunks) {
		r.box.Call("insertBefore", c.element, r.chunks[at].element)
	} else {
		r.box.Call("appendChild", c.element)
	}
	r.chunks = slices.Insert(r.chunks, at, c)
}

// firstInSight returns the index of the first message whose row reaches below edge, a height on the screen. messages must
// not be empty.
func (r *rows) firstInSight(messages []client.Message, edge float64) int {
	return sort.Search(len(messages)-1, func(i int) bool {
		return r.at[messages[i].Key].rect().Get("bottom").Float() > edge
	})
}

// inSight returns the messages from the first one whose row is in sight to the last one that has a row.
func (r *rows) inSight() []client.Message {
	if r.box == nil || len(r.messages) == 0 {
		return nil
	}
	return r.messages[r.firstInSight(r.messages, r.frame().Get("top").Float()):]
}

// frame returns the rectangle on the screen in which the rows scroll.
func (r *rows) frame() goapp.Value { return r.log.Call("getBoundingClientRect") }

// copy copies the text of a message to the clipboard, and changes the text of the pressed button to say so. A page without
// TLS may not use the clipboard; there, copy selects the text and makes the browser copy the selection.
func (r *rows) copy(key string, pressed goapp.Value) {
	i := indexOf(r.messages, key)
	if i < 0 {
		return
	}
	if clipboard := goapp.Window().Get("navigator").Get("clipboard"); clipboard.Truthy() {
		clipboard.Call("writeText", r.messages[i].Text)
	} else {
		goapp.Window().Call("getSelection").Call("selectAllChildren", r.at[key].head.Get("nextSibling"))
		dom.Document().Call("execCommand", "copy")
	}
	pressed.Set("textContent", words.Of(words.Copied))
}

// A divider is the line above the first message that came since the user looked away.
type divider struct {
	rows    *rows
	element goapp.Value
	above   string // the key of the row below the divider; "": the divider is not shown
}

// putAbove moves the divider above the row with this key; for "" it removes the divider.
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
