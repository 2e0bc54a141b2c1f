package list

import (
	"slices"
	"strings"
	"time"

	"mayfly/app/client"
	"mayfly/shared/wire"
)

// What the tests look at.
var (
	Tint     = tint
	RowClass = rowClass
	Piled    = piled
	Diff     = diff
	Nearest  = nearest
	Walk     = walk
	Follows  = follows
	Soonest  = soonest
	Answered = answered
	Cite     = cite
	Roved    = roved

	StartsDay = startsDay
	Parts     = parts
	Fold      = fold
	Long      = long
)

const (
	MaxRows = maxRows
	Tints   = tints
)

type (
	Part    = part
	Mounted = mounted
)

func (c cited) Shown() string { return c.shown }

func (p part) Joined() bool    { return p.joined }
func (p part) Continued() bool { return p.continued }

func (m *mounted) Place(messages, was, reads []client.Message) []client.Message {
	return m.place(messages, was, reads)
}
func (m *mounted) Back(messages, was []client.Message) []client.Message {
	return m.back(messages, was)
}
func (m *mounted) On(messages, was []client.Message) []client.Message { return m.on(messages, was) }

func (c change) First(prev []client.Message) int { return c.first(prev) }

// String returns a change in a short form: -gone +put<before ~moved<before !updated.
func (c change) String() string {
	var words []string
	for _, key := range c.gone {
		words = append(words, "-"+key)
	}
	for _, p := range c.put {
		word := "+" + p.row.Key
		if p.moved {
			word = "~" + p.row.Key
		}
		if p.before != "" {
			word += "<" + p.before
		}
		words = append(words, word)
	}
	for _, u := range c.updated {
		words = append(words, "!"+u.to.Key)
	}
	return strings.Join(words, " ")
}

// Apply does to a list what the page does to its elements.
func (c change) Apply(rows []client.Message) []client.Message {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r client.Message) bool { return slices.Contains(c.gone, r.Key) })
	for _, p := range c.put {
		r := *p.row
		if p.moved {
			from := indexOf(rows, r.Key)
			r = rows[from] // an update later makes the row show its new message
			rows = slices.Delete(rows, from, from+1)
		}
		to := len(rows)
		if p.before != "" {
			to = indexOf(rows, p.before)
		}
		rows = slices.Insert(rows, to, r)
	}
	for _, u := range c.updated {
		if i := indexOf(rows, u.to.Key); rows[i] == *u.from {
			rows[i] = *u.to
		}
	}
	return rows
}

// Placed returns where the bar of a row goes. The row, and the frame around the rows, reach from a top to a bottom.
func Placed(top, bottom, frameTop, frameBottom, height float64) (side string, from float64) {
	return placed(span{top, bottom}, span{frameTop, frameBottom}, height)
}

// Remains returns what a row shows of the time left: a part of the ring, and a number.
func (l Left) Remains(m *client.Message, now time.Time) (step int, number string) {
	r := l.remains(m, now)
	return r.step, r.text()
}

// Soon reports whether a row needs an update each second.
func (l Left) Soon(m *client.Message, now time.Time) bool { return l.soon(m, now) }

// Naming returns the names that the text of m marks after it has marked those of marked, and whether m mentions me.
func Naming(known func(id string) wire.User, me wire.User, m *client.Message, marked ...string) (names []string, mine bool) {
	t := templates{known: known, me: me}.naming(m, marked)
	return t.names, t.mine
}
