package app

import (
	"slices"

	"mayfly/app/client"
)

// The rows of the log are drawn by Mayfly itself. go-app matches children by their place, so in a list whose first goes
// while others come, the normal case here, it writes every row anew: with 400 rows that took the main thread 59 ms for one
// expiry (157 ms at the 95th percentile), and moved focus and selection to another message. Rows that keep their place as
// empty slots would spare the document, but go-app would still build and compare some five thousand elements for each
// message: one that arrives touches nothing but the end of the list, and took 54 ms (77 ms). So go-app draws an empty element
// and leaves alone what is in it, and rows are told apart by client.Message.Key: 5 ms for one that goes, 7 to 9 ms for one
// that comes, of which the browser takes most to lay out and paint; docs/benchmarks.md has the figures. Here is
// what can be decided without a document: which messages have a row, and what is to change. sheet.go does it, row.go draws
// one of them.

const (
	maxRows = 400 // mounted at most: what rows cost grows with their number
	farther = 100 // more rows of older messages, or of newer ones, come in at once when one scrolls to the end of those mounted
)

// A window says which of the room's messages have a row: the newest, or from some message on.
type window struct {
	from string // the key of the first row; "": the window follows the newest
}

// place returns the messages in the window. was is what had a row until now: if the first of them is gone, the window begins
// at the next that is there. A window that reaches the newest follows them from then on, as long as what the user reads, which
// begins with the first of reads, stays in it: reads is nil for a user at the end.
func (w *window) place(messages, was, reads []client.Message) []client.Message {
	newest := max(0, len(messages)-maxRows)
	if w.from == "" {
		return w.begin(messages, min(newest, first(messages, reads, newest)))
	}
	return w.begin(messages, first(messages, was, newest))
}

// first returns where in messages the first of rows is that is still there, or otherwise if none is.
func first(messages, rows []client.Message, otherwise int) int {
	for i := range rows {
		if at := indexOf(messages, rows[i].Key); at >= 0 {
			return at
		}
	}
	return otherwise
}

// back moves the window to older messages, on to newer ones.
func (w *window) back(messages, was []client.Message) []client.Message {
	return w.move(messages, was, -farther)
}
func (w *window) on(messages, was []client.Message) []client.Message {
	return w.move(messages, was, farther)
}

func (w *window) move(messages, was []client.Message, by int) []client.Message {
	first := max(0, len(messages)-maxRows)
	if len(was) > 0 {
		first = max(0, indexOf(messages, was[0].Key))
	}
	return w.begin(messages, first+by)
}

func (w *window) begin(messages []client.Message, first int) []client.Message {
	newest := max(0, len(messages)-maxRows)
	if first = max(0, first); first >= newest {
		w.from = ""
		return messages[newest:]
	}
	w.from = messages[first].Key
	return messages[first : first+maxRows]
}

// A change is how one list of rows becomes another, in this order.
type change struct {
	gone    []string // keys
	put     []put
	updated []update
}

// put places a row. What a list puts before the same row is put in the list's order.
type put struct {
	row    *client.Message
	before string // the key of a row that is there and stays in its place; "": at the end
	moved  bool   // the row is there already, elsewhere
}

// update draws a row anew where it is.
type update struct{ from, to *client.Message }

func (c change) none() bool { return len(c.gone)+len(c.put)+len(c.updated) == 0 }

// diff returns what makes next of prev. A row that stays in its place and as it is does not occur in it. Lists that differ
// much take it long, lists that differ in a row or two, which is what it is for, take it one pass and no memory.
func diff(prev, next []client.Message) (c change) {
	var moved []string
	i := 0 // prev[:i] is done with
	for j := range next {
		r := &next[j]
		for i < len(prev) && prev[i].Key != r.Key {
			if slices.Contains(moved, prev[i].Key) {
				i++
			} else if at := find(next, prev[i].Key, j); at < 0 {
				c.gone = append(c.gone, prev[i].Key)
				i++
			} else if i+1 < len(prev) && prev[i+1].Key == r.Key { // prev[i] is what moves, not all that comes before it
				moved = append(moved, prev[i].Key)
				i++
			} else {
				break
			}
		}
		if i < len(prev) && prev[i].Key == r.Key {
			c.update(&prev[i], r)
			i++
			continue
		}
		p := put{row: r}
		if i < len(prev) {
			p.before = prev[i].Key
		}
		if from := find(prev, r.Key, i); from >= 0 {
			p.moved = true
			moved = append(moved, r.Key)
			c.update(&prev[from], r)
		}
		c.put = append(c.put, p)
	}
	for ; i < len(prev); i++ {
		if !slices.Contains(moved, prev[i].Key) {
			c.gone = append(c.gone, prev[i].Key)
		}
	}
	return c
}

func (c *change) update(from, to *client.Message) {
	if *from != *to {
		c.updated = append(c.updated, update{from, to})
	}
}

// find returns where the row of that key is, -1 if nowhere. It looks from near on first.
func find(rows []client.Message, key string, near int) int {
	near = min(near, len(rows))
	if i := indexOf(rows[near:], key); i >= 0 {
		return near + i
	}
	return indexOf(rows[:near], key)
}

// first returns how many rows go from the start of prev if c does nothing else but add rows at the end; 0 if it does.
func (c change) first(prev []client.Message) int {
	if len(c.gone) >= len(prev) || len(c.updated) > 0 {
		return 0
	}
	for i, key := range c.gone {
		if prev[i].Key != key {
			return 0
		}
	}
	for _, p := range c.put {
		if p.moved || p.before != "" {
			return 0
		}
	}
	return len(c.gone)
}

// inPlace reports whether the row of that key is neither gone nor moved.
func (c change) inPlace(key string) bool {
	if slices.Contains(c.gone, key) {
		return false
	}
	for _, p := range c.put {
		if p.moved && p.row.Key == key {
			return false
		}
	}
	return true
}

// above reports whether anything changes but that rows come at the end.
func (c change) above() bool {
	for _, p := range c.put {
		if p.moved || p.before != "" {
			return true
		}
	}
	return len(c.gone)+len(c.updated) > 0
}

// nearest returns the key of the row that stays next to rows[i]: itself, else the first after it of which ok is true, else
// the last before it; "" if there is none.
func nearest(rows []client.Message, i int, ok func(key string) bool) string {
	for at := i; at < len(rows); at++ {
		if ok(rows[at].Key) {
			return rows[at].Key
		}
	}
	for at := i - 1; at >= 0; at-- {
		if ok(rows[at].Key) {
			return rows[at].Key
		}
	}
	return ""
}

// indexOf returns where the row of that key is, -1 if nowhere.
func indexOf(rows []client.Message, key string) int {
	for i := range rows { // a message is large: it is looked at where it is
		if rows[i].Key == key {
			return i
		}
	}
	return -1
}

// walk returns the row that a key press goes to from the row of key from, "" for the log itself; "" if it goes nowhere.
func walk(rows []client.Message, from, press string) string {
	if len(rows) == 0 {
		return ""
	}
	last := len(rows) - 1
	i := indexOf(rows, from)
	switch {
	case press == "Home":
		i = 0
	case press == "End":
		i = last
	case press != "ArrowUp" && press != "ArrowDown":
		return ""
	case i < 0:
		i = last // into the log one comes at the newest
	case press == "ArrowUp":
		i = max(i-1, 0)
	default:
		i = min(i+1, last)
	}
	return rows[i].Key
}
