package list

import (
	"slices"
	"time"

	"mayfly/app/client"
)

// A row goes when the client says so. Where no script runs when that is due, the browser hides the row all the same: an
// animation that no style can turn off waits for the deadline, and leaves the row invisible. The row may be moved, and
// the animation does not begin again, as one of a style sheet would. But each animation that waits costs every frame a
// little: 400 of them made a change of 4.8 ms one of 6.5, 17 made no difference. So the rows that expire first have one
// each, and the list has one for all others, which hides them when the first of those is due. For some that is early,
// until the client runs again: then they come back.

// maxMasked is how many rows have a mask of their own.
const maxMasked = 16

// autohide hides rows at their deadlines without a script.
type autohide struct {
	rows   *rows
	masked []*row // that have a mask of their own
	rest   mask   // of all rows: it hides those that have none of their own
}

// set sees to it that no row is visible past its deadline. now is the server's time.
func (a *autohide) set(now time.Time) {
	first := soonest(a.rows.messages, maxMasked+1)
	if len(first) > maxMasked {
		a.rest.hideAt(a.rows.box, first[maxMasked].Expires.Sub(now))
		first = first[:maxMasked]
	} else {
		a.rest.lift()
	}
	masked := make([]*row, len(first))
	for i, m := range first {
		r := a.rows.at[m.Key]
		r.mask.hideAt(r.article, m.Expires.Sub(now))
		masked[i] = r
	}
	for _, r := range a.masked {
		if !slices.Contains(masked, r) { // others come before it, or it is gone
			r.mask.lift()
		}
	}
	a.masked = masked
}

// soonest returns those of rows that expire first, n at most, in that order.
func soonest(rows []client.Message, n int) (first []*client.Message) {
	for i := range rows {
		m := &rows[i]
		if m.Seq == 0 || len(first) == n && !m.Expires.Before(first[n-1].Expires) {
			continue
		}
		at := len(first)
		for at > 0 && m.Expires.Before(first[at-1].Expires) {
			at--
		}
		first = slices.Insert(first, at, m)
		first = first[:min(len(first), n)]
	}
	return first
}
