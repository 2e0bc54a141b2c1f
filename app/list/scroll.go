package list

import (
	"math"
	"strconv"
	"time"

	"mayfly/app/client"
)

// This file keeps the text that the user reads in its place on the screen.
//
// When the first rows are removed, all other rows would move up, and the browser would lay out and paint them again, though
// they have not changed. To prevent that, the list has an empty gap above its first row. When rows that are out of sight are
// removed, the gap grows by their height, and the list stays as high as before. The gap is removed before the user can
// scroll to it, and when it is higher than maxGap.
//
// While the user scrolls up, the page changes scrollTop only if it must. A smooth scroll, which for example assistive
// technology can begin, has a fixed end: a value of scrollTop. Chromium may finish such a scroll although the page has
// changed scrollTop meanwhile. The list would then jump by as much as the page has changed scrollTop. So the page changes
// the height of the gap instead (see keep), and leaves a gap that is higher than maxGap until the user has stopped
// scrolling.

const (
	maxGap   = 4000 // CSS pixels, a few screens: a higher gap would make the scroll bar plainly wrong
	nowhere  = -1   // the value of viewport.top after Restart: compared with it, no scrollTop counts as scrolled up
	rounding = 1    // CSS pixels: browsers round, so a list at its end may seem to be this far from it

	// endSlack is in CSS pixels. When the user scrolls down, and the end of the list is then at most this far below the
	// screen, the list counts as scrolled to its end. For example, when the last row gets the focus, the browser scrolls
	// only to the end of that row, and not past the padding below the row.
	endSlack = 16

	// The user counts as scrolling until the list has not moved for this long. A smooth scroll takes less than a second, but
	// on a busy device the page may learn late that the list has moved.
	scrollRest = 5 * time.Second
)

// A viewport says how far the list is scrolled, and whether the list follows its newest message. Lengths are in CSS pixels.
type viewport struct {
	rows      *rows
	following bool      // the list follows its newest message: it scrolls to each message that comes (see follows)
	gap       float64   // the height of the empty gap above the first row
	top       float64   // scrollTop after the page last scrolled the list or noticed that the user had scrolled, or nowhere
	remainder float64   // the rounding error of the page's last scroll: the scrollTop that the page wanted, minus top
	scrolled  time.Time // when the page last noticed that the user had scrolled
}

// notice reads how far the list is scrolled, and sets following. newest says whether the newest message has a row. notice
// returns true if scrollTop has changed, mostly by the user, since the page last scrolled the list or called notice.
func (v *viewport) notice(newest bool) (scrolled bool) {
	top, following := v.position(newest)
	if math.Abs(top-v.top) >= rounding { // a smaller step may be rounding; v.top stays, so small steps of the user add up
		v.top, v.remainder, v.scrolled = top, 0, time.Now()
		scrolled = true
	}
	v.following = following
	return scrolled
}

// scrolling reports whether the user may be scrolling now, in a list that does not follow its newest message.
func (v *viewport) scrolling() bool { return !v.following && time.Since(v.scrolled) < scrollRest }

// position returns how far the list is scrolled now (scrollTop), and whether the list follows its newest message there.
// newest says whether the newest message has a row; without that row the list can't follow.
func (v *viewport) position(newest bool) (top float64, following bool) {
	top = v.scrollTop()
	if v.following && math.Abs(top-v.top) < rounding {
		return top, true
	}
	return top, newest && follows(v.following, v.top, top, v.below(top))
}

// follows reports whether the list follows its newest message. top is scrollTop now, and below is how far the end of the
// list is below the screen. followed says whether the list followed its newest message when scrollTop was oldTop. The page
// reads scrollTop after each of its own scrolls. So if top differs from oldTop, the user has scrolled, or the list became
// shorter or its box taller. In the second case the browser has scrolled, and the list is at its end. Input events don't
// decide this, because a scroll bar, assistive technology and a search in the page scroll without input events.
func follows(followed bool, oldTop, top, below float64) bool {
	switch {
	case below <= rounding: // also if the browser itself scrolled up, because the list became shorter or its box taller
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

// unseen runs before c is carried out. It returns the height of the rows that c will remove, and the first row below these
// rows. It returns 0 if one of these rows is in sight, or if c does more than remove rows at the start of the list and add
// rows at its end.
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

// A rowBelow is the first row below the rows that a change removes. part and text say how the row was before the change.
type rowBelow struct {
	row  *row
	part part
	text float64 // the distance from the top of the row to its text
}

// grown runs after the change. It returns by how much the distance from the top of the row to its text has grown. This
// distance grows only if the row has become the first of its group, and now shows the author's name above its text.
func (b rowBelow) grown() float64 {
	if b.row.part == b.part {
		return 0
	}
	return b.row.textTop() - b.row.top() - b.text
}

// fill runs after c was carried out. height and below are the results of unseen.
//   - The removed rows were out of sight: height is their height, and fill makes the gap that much higher. The row below
//     may now show a name above its text. Then fill makes the gap lower by the height of the name, so that the text does
//     not move.
//   - c removes rows, and height is 0: some of them may have been in sight, and then the gap would be in sight, too. So
//     fill removes the gap. While the user scrolls, fill leaves the gap as it is, and the method keep changes it.
func (v *viewport) fill(height float64, below rowBelow, c change) {
	if height > 0 {
		v.setGap(v.gap + height)
		// Call grown only now: it makes the browser calculate the layout. Without the higher gap the list would be too short
		// at that moment, and the browser might scroll it.
		v.setGap(v.gap - below.grown())
	} else if len(c.gone) > 0 && !v.scrolling() {
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

// anchor returns the key of the first row in sight that c neither removes nor moves, and how far the text of the row is from
// the top of the screen. anchor measures the position of the text and not of the row: if c makes the row the first of its
// group, a name appears above the text, but the text must not move. key is "" if there is no such row.
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

// keep runs after a change, and makes the text of the row with this key be where it was before: y is the distance that
// anchor returned. While the user scrolls, keep changes the height of the gap by as much as the text has moved, if the gap
// is high enough. If it is not, or if nobody scrolls, keep scrolls the list. Browsers round the scroll position, so keep
// adds what the last scroll has rounded off. Otherwise the small errors of a hundred expiries would add up, and the text
// would visibly move.
func (v *viewport) keep(key string, y float64) {
	moved := v.rows.at[key].textTop() - y
	if v.scrolling() && v.gap >= moved {
		v.setGap(v.gap - moved)
		return
	}
	v.scroll(v.scrollTop() + moved + v.remainder)
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
	if math.Abs(v.remainder) > 1 { // the difference is not rounding: the list could not scroll that far
		v.remainder = 0
	}
}
