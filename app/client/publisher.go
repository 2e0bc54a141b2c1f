package client

import (
	"slices"
	"sync"
)

// A publisher hands each new view to its subscribers, in order.
type publisher struct {
	telling sync.Mutex // held while subscribers are called, so that each subscriber gets the views in order

	// guards the fields below; only the loop changes shown and server, so the loop reads them without mu
	mu          sync.Mutex
	shown       View          // the last published view
	server      serverClock   // the estimate of the server's clock that belongs to shown
	subscribers []*func(View) // copy on write
}

// Subscribe calls show with the present view, and then returns. From then on, the client's loop calls show with each new
// view, until stop is called. If several frames come together, the loop calls show once for all of them. show must not
// block, and must not call Subscribe. When stop returns, a last call of show may still be running.
func (p *publisher) Subscribe(show func(View)) (stop func()) {
	p.telling.Lock()
	defer p.telling.Unlock()
	p.mu.Lock()
	p.subscribers = append(slices.Clip(p.subscribers), &show)
	v := p.shown
	p.mu.Unlock()
	show(v)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		var left []*func(View)
		for _, f := range p.subscribers {
			if f != &show {
				left = append(left, f)
			}
		}
		p.subscribers = left
	}
}

// last returns the last published view, and the estimate of the server's clock that belongs to it.
func (p *publisher) last() (View, serverClock) {
	p.mu.Lock()
	v, server := p.shown, p.server
	p.mu.Unlock()
	return v, server
}

// publish hands v to the subscribers if v differs from the last view, or if the estimate of the server's clock has
// changed.
func (p *publisher) publish(v View, server serverClock) {
	if server == p.server && v.same(&p.shown) {
		return
	}
	p.telling.Lock()
	defer p.telling.Unlock()
	p.mu.Lock()
	p.shown, p.server = v, server
	subscribers := p.subscribers
	p.mu.Unlock()
	for _, show := range subscribers {
		(*show)(v)
	}
}
