package app

import (
	"sync"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
)

// A painter says when the page may draw a view: the first one at once, those that follow within a frame with the next
// frame. Without that pause a hundred changes in a second could follow each other for as long as there are more, and the
// browser would paint nothing meanwhile. A page that is hidden has no frames, and does not wait for one.
type painter struct {
	latest  latest
	onFrame goapp.Func // the browser calls it before it paints
	painted bool       // a frame has been painted, or is not waited for, since the last view was drawn
}

// start lets draw run at each frame that the painter waits for.
func (p *painter) start(draw func()) (stop func()) {
	p.painted = true
	p.onFrame = goapp.FuncOf(func(goapp.Value, []goapp.Value) any {
		draw()
		return nil
	})
	return p.onFrame.Release
}

// take returns the view to draw; ok is false if there is none, or if it waits for a frame.
func (p *painter) take() (v client.View, ok bool) {
	if !p.painted && !dom.Hidden() {
		return client.View{}, false
	}
	return p.latest.take()
}

// drawn makes the next view wait for a frame.
func (p *painter) drawn() {
	if p.painted && !dom.Hidden() {
		p.painted = false
		goapp.Window().Call("requestAnimationFrame", p.onFrame)
	}
}

// A latest is a mailbox that holds the newest view only. The client puts views in as fast as they come; one dispatch
// takes the last of them.
type latest struct {
	mu   sync.Mutex // guards what follows
	view client.View
	full bool
}

// put reports whether the mailbox was empty: then somebody has to take the view.
func (l *latest) put(v client.View) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := !l.full
	l.view, l.full = v, true
	return first
}

// take reports whether there is a view that was not taken yet.
func (l *latest) take() (v client.View, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ok, l.full = l.full, false
	return l.view, ok
}
