package app

import (
	"slices"
	"strings"

	"mayfly/app/session"
)

// What the tests look at.
var (
	RoomOf   = roomOf
	Sends    = sends
	Lifetime = lifetime

	Rows       = rows
	RowClass   = rowClass
	StateWords = stateWords
	Diff       = diff
	Nearest    = nearest
	Walk       = walk
)

const MaxRows = maxRows

// String writes a change in short: -gone +put<before ~moved<before !updated.
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
func (c change) Apply(rows []session.Message) []session.Message {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r session.Message) bool { return slices.Contains(c.gone, r.Key) })
	for _, p := range c.put {
		r := *p.row
		if p.moved {
			from := indexOf(rows, r.Key)
			r = rows[from] // an update makes it what it is to be
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
