package list

import (
	"math"
	"sync"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

const (
	// maskGrace is the time between a row's deadline and the moment at which its mask hides it. In this time the client
	// removes the row itself, if its script runs.
	maskGrace = 100 * time.Millisecond

	// A mask is not moved by less than maskSlack, in ms, so that small corrections of the server's clock cost nothing.
	maskSlack = 50
)

// A mask makes an element invisible at a set time, even if no script runs then.
type mask struct {
	animation goapp.Value // nil: the mask is not set
	at        float64     // when the element becomes invisible, in ms on the timeline of animations
}

var (
	invisible = sync.OnceValue(func() goapp.Value { return goapp.ValueOf(map[string]any{"visibility": "hidden"}) })
	forGood   = sync.OnceValue(func() goapp.Value { return goapp.ValueOf(map[string]any{"fill": "forwards"}) })

	// opened returns the time at which the timeline of animations was 0, which is when the browser opened the page.
	opened = sync.OnceValue(func() time.Time {
		ms := goapp.Window().Get("performance").Call("now").Float()
		return time.Now().Add(-time.Duration(ms * float64(time.Millisecond)))
	})
)

// hideAt makes e invisible after delay.
func (m *mask) hideAt(e goapp.Value, delay time.Duration) {
	at := float64(time.Since(opened())+delay+maskGrace) / float64(time.Millisecond)
	switch {
	case m.animation == nil:
		m.animation = e.Call("animate", invisible(), forGood())
	case math.Abs(at-m.at) < maskSlack:
		return
	}
	m.animation.Set("startTime", at)
	m.at = at
}

// lift makes the element visible again, and removes the mask.
func (m *mask) lift() {
	if m.animation != nil {
		m.animation.Call("cancel")
		*m = mask{}
	}
}
