package list

import (
	"slices"

	"mayfly/app/client"
)

// A change describes how one list of rows becomes another. First the rows in gone are removed, then the rows in put are
// inserted or moved, and then the rows in updated are drawn again.
type change struct {
	gone    []string // the keys of the rows to remove
	put     []put
	updated []update
}

// put inserts or moves one row. Several puts in front of the same row are carried out in their order, so the last of them is
// next to that row.
type put struct {
	row    *client.Message
	before string // the row goes in front of the row with this key, which does not move; "": to the end of the list
	moved  bool   // the row is in the document already, in another place; false: a new row
}

// An update makes a row show the message to, instead of the message from. Both messages have the same key.
type update struct{ from, to *client.Message }

func (c change) none() bool { return len(c.gone)+len(c.put)+len(c.updated) == 0 }

// diff returns the change from prev to next. A row that stays the same, in its place, is not in the change. For lists
// that differ in a row or two, diff takes one pass. For lists that differ much, its time is quadratic.
func diff(prev, next []client.Message) (c change) {
	var moved []string
	i := 0 // prev[:i] is compared already
	for j := range next {
		r := &next[j]
		for i < len(prev) && prev[i].Key != r.Key {
			if slices.Contains(moved, prev[i].Key) {
				i++
			} else if at := find(next, prev[i].Key, j); at < 0 {
				c.gone = append(c.gone, prev[i].Key)
				i++
			} else if i+1 < len(prev) && prev[i+1].Key == r.Key { // prev[i] moves down: move only prev[i], not many rows up
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

// find returns the index of the row with this key, -1 if there is none. It searches the rows from the index near on
// first, and then the rows before near.
func find(rows []client.Message, key string, near int) int {
	near = min(near, len(rows))
	if i := indexOf(rows[near:], key); i >= 0 {
		return near + i
	}
	return indexOf(rows[:near], key)
}

// first returns how many rows c removes from the start of prev, if c only removes rows there and adds rows at the end. For
// any other change, and if c removes all rows, first returns 0.
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

// inPlace reports whether c neither removes nor moves the row with this key.
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

// above reports whether c does more than add rows at the end.
func (c change) above() bool {
	for _, p := range c.put {
		if p.moved || p.before != "" {
			return true
		}
	}
	return len(c.gone)+len(c.updated) > 0
}

// nearest returns the key of the row nearest to rows[i] for which match returns true. It looks at rows[i] first, then at the
// rows after rows[i] and then, backwards, at the rows before rows[i]. If match returns true for no row, nearest returns "".
func nearest(rows []client.Message, i int, match func(key string) bool) string {
	for at := i; at < len(rows); at++ {
		if match(rows[at].Key) {
			return rows[at].Key
		}
	}
	for at := i - 1; at >= 0; at-- {
		if match(rows[at].Key) {
			return rows[at].Key
		}
	}
	return ""
}

// indexOf returns the index of the row with this key, -1 if there is none.
func indexOf(rows []client.Message, key string) int {
	for i := range rows { // by index, because a message is large and range would copy it
		if rows[i].Key == key {
			return i
		}
	}
	return -1
}
