package list

import (
	"slices"

	"mayfly/app/client"
)

// A change says how one list of rows becomes another. gone is carried out first, then put, then updated.
type change struct {
	gone    []string // the keys of the rows to remove
	put     []put
	updated []update
}

// put places a row. Several puts before the same row are carried out in their order.
type put struct {
	row    *client.Message
	before string // the key of the row that comes next, which stays in its place; "": at the end
	moved  bool   // the row exists already, in another place
}

// An update is a row that stays in its place: it showed from and must show to.
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
			} else if i+1 < len(prev) && prev[i+1].Key == r.Key { // prev[i] moves down: one move instead of many moves up
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

// find returns the index of the row with this key, -1 if there is none. It looks at the indexes near the given one first.
func find(rows []client.Message, key string, near int) int {
	near = min(near, len(rows))
	if i := indexOf(rows[near:], key); i >= 0 {
		return near + i
	}
	return indexOf(rows[:near], key)
}

// first returns how many rows c removes from the start of prev. If c changes anything else, except rows at the end, it
// returns 0.
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

// nearest returns the key of rows[i] if match returns true for it. Otherwise it returns the key of the next row after
// rows[i] for which match returns true or, if there is none, that of the last such row before rows[i]. It returns "" if
// match returns true for no row.
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
