package list

import (
	"slices"
	"time"

	"mayfly/app/client"
)

// Normally the client removes a row when its message expires. If no script can run at that time (the tab is suspended), the
// browser hides the row by itself: each row has an animation, made by script so that no style sheet can turn it off, which
// makes the row invisible at its deadline. Unlike an animation of a style sheet, it does not start again when the row is
// moved. But every waiting animation makes each frame slower: a change of the list took 4.8 ms without animations, no longer
// with 17, and 6.5 ms with 400. So only the rows that expire first have an animation each. All other rows share one
// animation, that of the whole list, which hides them when the first of them expires. Those that expire later are then
// hidden too early, until the client runs again and shows them.

// maxMasked is the highest number of rows that have a mask of their own. A mask is the animation that hides a row.
const maxMasked = 16

// autohide makes the browser hide rows at their deadlines even if no script runs then.
type autohide struct {
	rows   *rows
	masked []*row // the rows that have a mask of their own
	rest   mask   // one mask for the whole list, which hides the rows without a mask of their own
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
		if !slices.Contains(masked, r) { // maxMasked other rows expire before r, or r was removed
			r.mask.lift()
		}
	}
	a.masked = masked
}

// soonest returns the n rows that expire first, in the order of their deadlines. If there are fewer than n rows, it
// returns all.
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
