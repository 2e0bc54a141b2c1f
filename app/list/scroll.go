package list

import (
	"math"
	"strconv"

	"mayfly/app/client"
)

// The text that the user reads stays where it is.
//
// When the first rows are removed, all other rows would shift, and the browser would lay out and paint again what did
// not change. So while the removed rows are out of sight, the list keeps its height: an empty gap above the first row
// grows instead. The gap closes before the user can scroll to it, and when it is higher than maxGap.

const (
	maxGap   = 4000 // CSS pixels, a few screens: a higher gap would make the scroll bar plainly wrong
	rounding = 1    // CSS pixels: browsers round, so a list at its end may seem to be this far from it

	// A user who scrolls down to less than endSlack, in CSS pixels, above the end counts as at the end. When the focus goes
	// to the last row, the browser scrolls to the end of that row, but not past the padding below it.
	endSlack = 16
)

// A viewport holds how far the list is scrolled. Lengths are in CSS pixels.
type viewport struct {
	rows      *rows
	following bool    // the list follows its newest message; a new message does not change this (see follows)
	gap       float64 // the height of the empty gap above the first row
	top       float64 // scrollTop when the page last scrolled the list or read scrollTop
	remainder float64 // how far top is from the position that the page asked for: browsers round
}

// notice reads how far the list is scrolled, and decides whether it follows its newest message from now on. newest says
// whether the newest message has a row. notice reports whether the user has scrolled since notice last ran or the page last
// scrolled the list.
func (v *viewport) notice(newest bool) (scrolled bool) {
	top, following := v.position(newest)
	if math.Abs(top-v.top) >= rounding { // less may be rounding; v.top stays, so small steps of the user add up
		v.top, v.remainder = top, 0
		scrolled = true
	}
	v.following = following
	return scrolled
}

// position returns how far the list is scrolled, and whether it follows its newest message at that position.
func (v *viewport) position(newest bool) (top float64, following bool) {
	top = v.scrollTop()
	if v.following && math.Abs(top-v.top) < rounding {
		return top, true
	}
	return top, newest && follows(v.following, v.top, top, v.below(top))
}

// follows reports whether the list follows its newest message. top is scrollTop now, and below is how far the end of the
// list is below the screen. followed says whether the list followed its newest message when scrollTop was oldTop. The
// page reads scrollTop before and after each of its own scrolls, so only the user can have changed it from oldTop to top.
// Input events don't decide this, because a scroll bar, assistive technology and a search in the page scroll without
// input events.
func follows(followed bool, oldTop, top, below float64) bool {
	switch {
	case below <= rounding: // true also if the browser scrolled up because the list became shorter or its frame higher
		return true
	case top <= oldTop-rounding: // the user has scrolled up; one pixel counts, because a slow scroll begins with one
		return false
	case top > oldTop && below <= endSlack:
		return true
	}
	return followed
}

func (v *viewport) scrollTop() float64 { return v.rows.log.Get("scrollTop").Float() }

// below returns how far the end of the list is below the screen if scrollTop is top.
func (v *viewport) below(top float64) float64 {
	return v.rows.log.Get("scrollHeight").Float() - top - v.rows.log.Get("clientHeight").Float()
}

// unseen returns the height of the rows that c removes, and the row below them. It returns 0 if one of these rows is in
// sight, or if c does anything else than remove rows at the start of the list and add rows at its end.
func (v *viewport) unseen(prev []client.Message, c change) (float64, rowBelow) {
	n := c.first(prev)
	if n == 0 {
		return 0, rowBelow{}
	}
	kept := v.rows.at[prev[n].Key]
	top := kept.top()
	if top > v.rows.frame().Get("top").Float() {
		return 0, rowBelow{}
	}
	return top - v.rows.at[prev[0].Key].top(), rowBelow{kept, kept.part, kept.textTop() - top}
}

// A rowBelow is the first row below removed rows, with its part and its text's place before they were removed.
type rowBelow struct {
	row  *row
	part part
	text float64 // how far its text was below its top
}

// grown returns by how much the distance between the top of the row and its text has grown. It has grown only if the row has
// become the first of its group: then the row shows its name above the text.
func (b rowBelow) grown() float64 {
	if b.row.part == b.part {
		return 0
	}
	return b.row.textTop() - b.row.top() - b.text
}

// fill makes the gap higher by the height of the removed rows that were out of sight, less the height that the row below has
// gained above its text. If removed rows were in sight, it closes the gap, because then the gap would be in sight too.
func (v *viewport) fill(height float64, below rowBelow, c change) {
	if height > 0 {
		v.setGap(v.gap + height)
		v.setGap(v.gap - below.grown()) // measured with the gap: without it the list may be so short that it scrolls
	} else if len(c.gone) > 0 {
		v.setGap(0)
	}
}

func (v *viewport) setGap(px float64) {
	if px != v.gap {
		v.gap = px
		v.rows.box.Get("style").Set("paddingTop", strconv.FormatFloat(px, 'f', 3, 64)+"px")
	}
}

// closeGap removes the gap, and scrolls up by its height, so that the text in sight does not move on the screen.
func (v *viewport) closeGap() {
	if v.gap == 0 {
		return
	}
	want := v.scrollTop() - v.gap + v.remainder
	v.setGap(0)
	v.scroll(want)
}

// anchor returns the key of the first row in sight that c does not remove or move, and the top of its text on the screen. It
// takes the text and not the row, because a row that becomes the first of its group gets its name above the text.
func (v *viewport) anchor(prev []client.Message, c change) (key string, y float64) {
	if len(prev) == 0 {
		return "", 0
	}
	edge := v.rows.frame().Get("top").Float()
	if key = nearest(prev, v.rows.firstInSight(prev, edge), c.inPlace); key != "" {
		y = v.rows.at[key].textTop()
	}
	return key, y
}

// keep scrolls so that the text of the row with the given key is at y again. Browsers round the scroll position. The next
// scroll makes up for the rounding; otherwise the small errors of a hundred expiries would add up, and the text would
// visibly move.
func (v *viewport) keep(key string, y float64) {
	v.scroll(v.scrollTop() + v.rows.at[key].textTop() - y + v.remainder)
}

// toEnd scrolls to the last row.
func (v *viewport) toEnd() {
	if v.rows.box != nil {
		v.scroll(v.rows.log.Get("scrollHeight").Float())
	}
}

func (v *viewport) scroll(want float64) {
	v.rows.log.Set("scrollTop", want)
	v.top = v.scrollTop()
	v.remainder = want - v.top
	if math.Abs(v.remainder) > 1 { // the list could not scroll that far, so this is no rounding
		v.remainder = 0
	}
}
