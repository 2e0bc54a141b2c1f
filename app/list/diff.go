package list

import (
	"slices"

	"mayfly/app/client"
)

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
