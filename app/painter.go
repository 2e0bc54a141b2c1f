package app

import (
	"sync"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
)

// A painter decides when the page draws a view. It lets the page draw at most one view in each frame of the browser: a view
// after a pause is drawn immediately, and the next view waits for the next frame. Without that wait, many changes in a row
// could keep the browser from painting. A hidden page gets no frames, so it draws each view as soon as the view comes.
type painter struct {
	latest  latest
	onFrame goapp.Func // the callback of requestAnimationFrame
	painted bool       // the browser has painted the last view, so the next may be drawn; true before the first
}

// start makes draw run at each frame that the painter waits for.
func (p *painter) start(draw func()) (stop func()) {
	p.painted = true
	p.onFrame = goapp.FuncOf(func(goapp.Value, []goapp.Value) any {
		draw()
		return nil
	})
	return p.onFrame.Release
}

// take returns the view to draw. ok is false if there is none, or if the view must wait for the next frame.
func (p *painter) take() (v client.View, ok bool) {
	if !p.painted && !dom.Hidden() {
		return client.View{}, false
	}
	return p.latest.take()
}

// drawn runs when the page has drawn a view. The next view then waits for a frame of the browser.
func (p *painter) drawn() {
	if p.painted && !dom.Hidden() {
		p.painted = false
		goapp.Window().Call("requestAnimationFrame", p.onFrame)
	}
}

// A latest is a mailbox for one view. The client's goroutine puts views in, and each replaces the one before. The UI
// goroutine takes the newest.
type latest struct {
	mu   sync.Mutex // guards what follows
	view client.View
	full bool
}

// put stores v. It reports whether the mailbox was empty; then the caller must make the UI goroutine take the view.
func (l *latest) put(v client.View) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := !l.full
	l.view, l.full = v, true
	return first
}

// take returns the view and empties the mailbox. ok is false if it was empty.
func (l *latest) take() (v client.View, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ok, l.full = l.full, false
	return l.view, ok
}
