package pkce

import "sync"

// subscribers calls the functions that subscribed with each new state. Each function gets the states in order.
type subscribers struct {
	// publishing is held while the subscribed functions run, so that each gets the states in order. While publishing is
	// held, publish and add take mu, and the parameter read of publish takes monitor.mu.
	publishing sync.Mutex

	mu    sync.Mutex     // guards what follows
	last  *State         // the last published state; immutable
	shows []*func(State) // the functions to call; stop sets a function to nil, and publish then skips it
}

// add adds show to the functions. It calls show with the last state before it returns; publish calls show with each later
// state until stop is called.
func (s *subscribers) add(show func(State)) (stop func()) {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	s.mu.Lock()
	s.shows = append(s.shows, &show)
	last := s.last
	s.mu.Unlock()
	show(*last)
	return func() {
		s.mu.Lock()
		show = nil
		s.mu.Unlock()
	}
}

// publish reads the state. If the state has changed, publish calls the functions with it.
func (s *subscribers) publish(read func() *State) {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	state := read()
	var call []func(State)
	s.mu.Lock()
	if *state != *s.last {
		for _, show := range s.shows {
			if *show != nil {
				call = append(call, *show)
			}
		}
	}
	s.last = state
	s.mu.Unlock()
	for _, show := range call {
		show(*state)
	}
}
