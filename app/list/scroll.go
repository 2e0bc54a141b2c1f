package list

import (
	"math"
	"strconv"

	"mayfly/app/client"
)

// The text that the user reads stays where it is.
//
// When the first rows go, all others would shift, and the browser would lay out and paint anew what did not change. So
// while the rows that go are out of sight, the list keeps its height: the gap above the rows grows instead. It closes
// when the user could come to see it, and now and then.

const (
	maxGap   = 4000 // CSS pixels: a screen or some, so that the scroll bar does not tell too much of a lie
	endSlack = 16   // CSS pixels from the end that count as it on the way down: focus in the last row leaves out the padding
	rounding = 1    // CSS pixels by which a list at its end may seem to miss it: browsers round
)

// A viewport is where the list is scrolled to. Lengths are in CSS pixels.
type viewport struct {
	rows      *rows
	following bool    // the list follows its newest message; a new message does not change this (see follows)
	gap       float64 // above the first row
	top       float64 // scrollTop when the page last scrolled the list or looked where it stands,
	remainder float64 // and how far that is from where the page wanted it: browsers round
}

// notice notes where the list stands, and whether it follows its newest message from there. newest: the newest message has a
// row. It reports whether the user has scrolled since the page last looked or scrolled.
func (v *viewport) notice(newest bool) (scrolled bool) {
	top, following := v.position(newest)
	if math.Abs(top-v.top) >= rounding { // a smaller step may be the browser's rounding; steps of the user add up
		v.top, v.remainder = top, 0
		scrolled = true
	}
	v.following = following
	return scrolled
}

// position returns where the list stands, and whether it follows its newest message from there.
func (v *viewport) position(newest bool) (top float64, following bool) {
	top = v.scrollTop()
	if v.following && math.Abs(top-v.top) < rounding {
		return top, true
	}
	return top, newest && follows(v.following, v.top, top, v.below(top))
}

// follows reports whether the list follows its newest message. did says whether it did so when it stood at was; now it
// stands at top, below CSS pixels from its end. The page looks before each of its own scrolls and notes where each one
// ended, so a difference between was and top is the user's doing. Input events don't decide: a scroll bar, assistive
// technology and a search in the page scroll without any.
func follows(did bool, was, top, below float64) bool {
	switch {
	case below <= rounding: // also if the browser had to scroll up because the list became shorter or its frame higher
		return true
	case top <= was-rounding: // by however little: a slow scroll begins with a pixel
		return false
	case top > was && below <= endSlack:
		return true
	}
	return did
}

func (v *viewport) scrollTop() float64 { return v.rows.log.Get("scrollTop").Float() }

// below returns how far a list that stands at top is from its end.
func (v *viewport) below(top float64) float64 {
	return v.rows.log.Get("scrollHeight").Float() - top - v.rows.log.Get("clientHeight").Float()
}

// unseen returns the height of the rows that go from the start, if nothing else happens above the end and if they are out of
// sight; else 0.
func (v *viewport) unseen(prev []client.Message, c change) float64 {
	n := c.first(prev)
	if n == 0 {
		return 0
	}
	kept := v.rows.at[prev[n].Key].top()
	if kept > v.rows.frame().Get("top").Float() {
		return 0
	}
	return kept - v.rows.at[prev[0].Key].top()
}

// fill makes the gap as high as the rows that went out of sight. If rows went in sight, it closes: the user could see it,
// too.
func (v *viewport) fill(height float64, c change) {
	if height > 0 {
		v.setGap(v.gap + height)
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

// closeGap moves the rows to where they would be without the gap, and the text in sight with them.
func (v *viewport) closeGap() {
	if v.gap == 0 {
		return
	}
	want := v.scrollTop() - v.gap + v.remainder
	v.setGap(0)
	v.scroll(want)
}

// anchor returns the key of the first row in sight that c leaves in its place, and where its top is on the screen.
func (v *viewport) anchor(prev []client.Message, c change) (key string, y float64) {
	if len(prev) == 0 {
		return "", 0
	}
	edge := v.rows.frame().Get("top").Float()
	if key = nearest(prev, v.rows.firstInSight(prev, edge), c.inPlace); key != "" {
		y = v.rows.at[key].top()
	}
	return key, y
}

// keep scrolls so that the top of that row is at y again. What rounding took from one correction is added to the next, or
// a hundred expiries would add up.
func (v *viewport) keep(key string, y float64) {
	v.scroll(v.scrollTop() + v.rows.at[key].top() - y + v.remainder)
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
	if math.Abs(v.remainder) > 1 { // there is no more to scroll
		v.remainder = 0
	}
}
