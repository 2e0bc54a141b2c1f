package list

import (
	"math"
	"sync"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

const (
	// maskGrace is the time from a row's deadline until its mask hides the row. Normally the client's script runs, and
	// removes the row within this time.
	maskGrace = 100 * time.Millisecond

	// maskSlack is in milliseconds. If the time at which a mask hides its row would change by less than this, the mask stays
	// as it is. This saves a call into the browser at each small correction of the server's clock.
	maskSlack = 50
)

// A mask makes an element, a row or the whole list, invisible at a set time, even if no script runs then (autohide.go).
type mask struct {
	animation goapp.Value // nil: the mask is not set
	at        float64     // when the element becomes invisible, in ms since the browser opened the page
}

var (
	invisible = sync.OnceValue(func() goapp.Value { return goapp.ValueOf(map[string]any{"visibility": "hidden"}) })
	forGood   = sync.OnceValue(func() goapp.Value { return goapp.ValueOf(map[string]any{"fill": "forwards"}) })

	// opened returns the time at which the browser opened the page. The browser counts the time of animations from this
	// moment.
	opened = sync.OnceValue(func() time.Time {
		ms := goapp.Window().Get("performance").Call("now").Float()
		return time.Now().Add(-time.Duration(ms * float64(time.Millisecond)))
	})
)

// hideAt makes the element e invisible after the time delay + maskGrace.
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
