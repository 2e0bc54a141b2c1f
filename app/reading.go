package app

import (
	"math"
	"sort"
	"strconv"

	"mayfly/app/client"
)

// What one reads stays where it is. Here is where the log is scrolled to, and the gap that spares the browser the shift of all
// rows when the first go.

// unseen returns how high the rows are that go from the start, if nothing else happens above the end and if they are out of
// sight; else 0.
func (s *sheet) unseen(prev []client.Message, c change) float64 {
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
func (s *sheet) anchor(rows []client.Message, c change) (key string, y float64) {
	if len(rows) == 0 {
		return "", 0
	}
	edge := s.log.Call("getBoundingClientRect").Get("top").Float()
	if key = nearest(rows, s.firstInSight(rows, edge), c.inPlace); key != "" {
		y = s.at[key].top()
	}
	return key, y
}

// firstInSight returns which of rows, of which there are some, is the first that reaches below edge.
func (s *sheet) firstInSight(rows []client.Message, edge float64) int {
	return sort.Search(len(rows)-1, func(i int) bool { return s.at[rows[i].Key].rect().Get("bottom").Float() > edge })
}

// inSight returns the rows from the first in sight on.
func (s *sheet) inSight() []client.Message {
	if s.box == nil || len(s.rows) == 0 {
		return nil
	}
	return s.rows[s.firstInSight(s.rows, s.log.Call("getBoundingClientRect").Get("top").Float()):]
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

// toEnd scrolls to the last row.
func (s *sheet) toEnd() {
	if s.box != nil {
		s.scroll(s.log.Get("scrollHeight").Float())
	}
}

// below returns how far a list that stands at top is from its end.
func (s *sheet) below(top float64) float64 {
	return s.log.Get("scrollHeight").Float() - top - s.log.Get("clientHeight").Float()
}

// follows reports whether the list follows its newest message. did says whether it did so when it stood at was; now it
// stands at top, below CSS pixels from its end. The page looks before each of its own scrolls and notes where each one ended,
// so a difference between was and top is the user's doing. Input events don't decide: a scroll bar, assistive technology and
// a search in the page scroll without any.
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

// moreBefore reports whether there are messages before the first row.
func (s *sheet) moreBefore(messages []client.Message) bool {
	return len(s.rows) > 0 && len(messages) > 0 && s.rows[0].Key != messages[0].Key
}
