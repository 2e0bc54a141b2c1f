package app

import (
	"sync"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
)

// drawTime is how long the page may draw in one frame of the browser: about half of a frame, if the browser paints 60 frames
// in a second.
const drawTime = 8 * time.Millisecond

// A painter decides when the page draws a view. The page draws each view immediately, until it has drawn for drawTime. The
// next view then waits for the browser's next frame: without that wait, views that come quickly one after another could keep
// the browser from painting. A hidden page gets no frames, so it draws each view as soon as the view comes.
type painter struct {
	latest  latest
	onFrame goapp.Func    // the callback of requestAnimationFrame
	awaits  bool          // onFrame will run with the browser's next frame
	spent   time.Duration // how long the page has drawn views since the last frame
}

// start prepares the painter. When the browser is about to paint a view, draw runs, so that the page can draw the next view.
// Call stop when the page is dismounted.
func (p *painter) start(draw func()) (stop func()) {
	p.onFrame = goapp.FuncOf(func(goapp.Value, []goapp.Value) any {
		draw()
		return nil
	})
	return p.onFrame.Release
}

// take returns the newest view, for the page to draw it. ok is false if no new view has come, or if the view must wait for
// the next frame.
func (p *painter) take() (v client.View, ok bool) {
	if p.spent >= drawTime && !dom.Hidden() {
		return client.View{}, false
	}
	return p.latest.take()
}

// drawn runs when the page has drawn a view. took is how long the drawing took.
func (p *painter) drawn(took time.Duration) {
	p.spent += took
	if !p.awaits && !dom.Hidden() {
		p.awaits = true
		goapp.Window().Call("requestAnimationFrame", p.onFrame)
	}
}

// painted runs when the browser is about to paint a frame.
func (p *painter) painted() { p.awaits, p.spent = false, 0 }

// A latest is a mailbox for one view. The client's goroutine puts each new view in, in place of the view that is there. The
// UI goroutine takes the view out.
type latest struct {
	mu   sync.Mutex // guards what follows
	view client.View
	full bool // view has a view that the UI goroutine has not taken yet
}

// put stores v. It returns true if the mailbox was empty: then the caller must make the UI goroutine call take. If put
// returns false, an earlier caller has already done so.
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
