package app

import (
	"math"
	"sort"
	"strconv"

	"mayfly/app/session"
)

// What one reads stays where it is. Here is where the log is scrolled to, and the gap that spares the browser the shift of all
// rows when the first go.

// unseen returns how high the rows are that go from the start, if nothing else happens above the end and if they are out of
// sight; else 0.
func (s *sheet) unseen(prev []session.Message, c change) float64 {
	n := c.first(prev)
	if n == 0 {
		return 0
	}
	kept := s.at[prev[n].Key].top()
	if kept > s.log.Call("getBoundingClientRect").Get("top").Float() {
		return 0
	}
	return kept - s.at[prev[0].Key].top()
}

func (s *sheet) setGap(px float64) {
	if px != s.gap {
		s.gap = px
		s.box.Get("style").Set("paddingTop", strconv.FormatFloat(px, 'f', 3, 64)+"px")
	}
}

// closeGap moves the rows to where they would be without the gap, and what is in sight with them.
func (s *sheet) closeGap() {
	if s.gap == 0 {
		return
	}
	want := s.log.Get("scrollTop").Float() - s.gap
	s.setGap(0)
	s.scroll(want)
}

// anchor returns the first row in sight that c leaves in its place, and where its top is on the screen.
func (s *sheet) anchor(rows []session.Message, c change) (key string, y float64) {
	if len(rows) == 0 {
		return "", 0
	}
	if !s.scrolledHere() {
		s.rest = 0 // the person has scrolled
	}
	edge := s.log.Call("getBoundingClientRect").Get("top").Float()
	if key = nearest(rows, s.firstInSight(rows, edge), c.inPlace); key != "" {
		y = s.at[key].top()
	}
	return key, y
}

// firstInSight returns which of rows, of which there are some, is the first that reaches below edge.
func (s *sheet) firstInSight(rows []session.Message, edge float64) int {
	return sort.Search(len(rows)-1, func(i int) bool { return s.at[rows[i].Key].rect().Get("bottom").Float() > edge })
}

// keep scrolls so that the top of that row is at y again. What rounding took from one correction is added to the next, or
// a hundred expiries would add up.
func (s *sheet) keep(key string, y float64) {
	s.scroll(s.log.Get("scrollTop").Float() + s.at[key].top() - y + s.rest)
}

func (s *sheet) scroll(want float64) {
	s.log.Set("scrollTop", want)
	s.top = s.log.Get("scrollTop").Float()
	s.rest = want - s.top
	if math.Abs(s.rest) > 1 { // there is no more to scroll
		s.rest = 0
	}
}

// scrolledHere reports whether the log is where the sheet itself has scrolled to.
func (s *sheet) scrolledHere() bool { return s.box != nil && s.log.Get("scrollTop").Float() == s.top }

// toEnd scrolls to the last row.
func (s *sheet) toEnd() {
	if s.box != nil {
		s.scroll(s.log.Get("scrollHeight").Float())
	}
}

// isAtEnd reports whether the log shows its last row, or has none.
func (s *sheet) isAtEnd() bool {
	if s.box == nil {
		return true
	}
	return s.log.Get("scrollHeight").Float()-s.log.Get("scrollTop").Float()-s.log.Get("clientHeight").Float() <= endSlack
}

// stayAtEnd scrolls to the last row once more, if the person has not scrolled since.
func (s *sheet) stayAtEnd() {
	if s.scrolledHere() {
		s.toEnd()
	}
}

// moreBefore reports whether there are messages before the first row.
func (s *sheet) moreBefore(messages []session.Message) bool {
	return len(s.rows) > 0 && len(messages) > 0 && s.rows[0].Key != messages[0].Key
}
