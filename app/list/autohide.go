package list

import (
	"slices"
	"time"

	"mayfly/app/client"
)

// Normally the client removes a row when its message expires. If no script can run at that time (the tab is suspended), the
// browser hides the row by itself, with an animation that makes the row invisible at its deadline. A script creates the
// animation, not a style sheet: so no style sheet can turn the animation off, and the animation does not start again when
// the row is moved.
//
// But every waiting animation makes each update of the screen slower: a change of the list took 4.8 ms without animations,
// 4.8 ms with 17, and 6.5 ms with 400. So only the rows that expire first have an animation each. All other rows share one
// animation, which hides the whole list at the earliest deadline among these other rows. The later rows are then hidden too
// early, but they appear again as soon as the client runs.

// maxMasked is the highest number of rows that have a mask of their own. A mask is the animation that hides a row.
const maxMasked = 16

// autohide makes the browser hide rows at their deadlines even if no script runs then.
type autohide struct {
	rows   *rows
	masked []*row // the rows that have a mask of their own
	rest   mask   // the mask of the whole list, set for the earliest deadline among the rows that have no mask of their own
}

// set sets the masks so that no row stays visible after its deadline. now is the server's time.
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
		if !slices.Contains(masked, r) { // r is no longer in the list, or at least maxMasked rows expire before it
			r.mask.lift()
		}
	}
	a.masked = masked
}

// soonest returns the n messages that expire first, in the order of their deadlines. It ignores the entries (messages that
// the server has not accepted), because they have no deadline yet. If fewer than n messages have a deadline, it returns all
// of these.
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
