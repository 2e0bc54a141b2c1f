package app

import (
	"math"
	"slices"
	"sync"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
)

// A row goes when the client says so. Where no script runs when that is due, the browser hides it all the same: an animation
// that no style can turn off waits for the deadline, and leaves the row invisible. It may be moved and needs no new beginning,
// as one of a style sheet would. But each that waits costs every frame a little: 400 of them made a change of 4.8 ms one of 6.5,
// 17 made no difference. So the rows that expire first have one each, and the sheet has one for all others, which hides them when
// the first of those is due. For some that is early, until the client runs again: then they come back.
const (
	covers     = 16
	coverGrace = 100 * time.Millisecond // the client goes first, if it can
	coverSlack = 50                     // ms: a smaller change of what is known of the server's clock is none
)

// A cover makes one element invisible at a time.
type cover struct {
	animation goapp.Value // nil: there is none
	at        float64     // ms, as animations count
}

var (
	invisible = sync.OnceValue(func() goapp.Value { return goapp.ValueOf(map[string]any{"visibility": "hidden"}) })
	forGood   = sync.OnceValue(func() goapp.Value { return goapp.ValueOf(map[string]any{"fill": "forwards"}) })

	// opened is when animations began to count.
	opened = sync.OnceValue(func() time.Time {
		ms := goapp.Window().Get("performance").Call("now").Float()
		return time.Now().Add(-time.Duration(ms * float64(time.Millisecond)))
	})
)

// set makes e invisible in that time.
func (c *cover) set(e goapp.Value, in time.Duration) {
	at := float64(time.Since(opened())+in+coverGrace) / float64(time.Millisecond)
	switch {
	case c.animation == nil:
		c.animation = e.Call("animate", invisible(), forGood())
	case math.Abs(at-c.at) < coverSlack:
		return
	}
	c.animation.Set("startTime", at)
	c.at = at
}

func (c *cover) lift() {
	if c.animation != nil {
		c.animation.Call("cancel")
		*c = cover{}
	}
}

// cover sees to it that no row is visible past its deadline, whether or not a script runs then. now is the server's time.
func (s *sheet) cover(now time.Time) {
	first := soonest(s.rows, covers+1)
	if len(first) > covers {
		s.others.set(s.box, first[covers].Expires.Sub(now))
		first = first[:covers]
	} else {
		s.others.lift()
	}
	covered := make([]*row, len(first))
	for i, m := range first {
		r := s.at[m.Key]
		r.cover.set(r.article, m.Expires.Sub(now))
		covered[i] = r
	}
	for _, r := range s.covered {
		if !slices.Contains(covered, r) { // others come before it, or it is gone
			r.cover.lift()
		}
	}
	s.covered = covered
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
