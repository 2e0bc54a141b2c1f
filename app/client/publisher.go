package client

import (
	"slices"
	"sync"
)

// A publisher hands each new view to its subscribers, in order.
type publisher struct {
	telling sync.Mutex // held while subscribers are called, so that each gets the views in order

	mu          sync.Mutex    // guards what follows; the loop alone changes shown and server, so it reads them without
	shown       View          // the view last published
	server      serverClock   // what its times are counted by
	subscribers []*func(View) // copy on write
}

// Subscribe calls show with the present view before it returns, and then with each new one, once a batch of frames, until
// stop is called. show runs on the client's goroutine: it must not block, nor call Subscribe. It may be under way when
// stop returns.
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

// last returns the view last published.
func (p *publisher) last() (View, serverClock) {
	p.mu.Lock()
	v, server := p.shown, p.server
	p.mu.Unlock()
	return v, server
}

// publish hands v to the subscribers, if it differs from the last view or its times are counted otherwise.
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
