package list

import (
	"math"
	"sync"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

const (
	maskGrace = 100 * time.Millisecond // the client goes first, if it can
	maskSlack = 50                     // ms: a smaller change of what is known of the server's clock is none
)

// A mask makes an element invisible at a time.
type mask struct {
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

// hideAt makes e invisible in that time.
func (m *mask) hideAt(e goapp.Value, in time.Duration) {
	at := float64(time.Since(opened())+in+maskGrace) / float64(time.Millisecond)
	switch {
	case m.animation == nil:
		m.animation = e.Call("animate", invisible(), forGood())
	case math.Abs(at-m.at) < maskSlack:
		return
	}
	m.animation.Set("startTime", at)
	m.at = at
}

// lift makes the element visible again, and for good.
func (m *mask) lift() {
	if m.animation != nil {
		m.animation.Call("cancel")
		*m = mask{}
	}
}
