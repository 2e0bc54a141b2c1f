package streamtest

import (
	"context"
	"slices"

	"mayfly/server/hub"
)

// Send implements hub.Signals. It calls the listeners before it returns, unless LoseSignals(true) has been called.
func (s *Memory) Send(signal hub.Signal) error {
	s.mu.Lock()
	listeners := slices.Clone(s.listeners)
	if s.mute {
		listeners = nil
	}
	s.mu.Unlock()
	for _, receive := range listeners {
		(*receive)(signal)
	}
	return nil
}

// LoseSignals(true) makes Send succeed without an effect. After LoseSignals(false), Send works again.
func (s *Memory) LoseSignals(lose bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mute = lose
}

// Listen implements hub.Signals.
func (s *Memory) Listen(_ context.Context, receive func(hub.Signal)) (stop func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners = append(s.listeners, &receive)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.listeners = slices.DeleteFunc(s.listeners, func(o *func(hub.Signal)) bool { return o == &receive })
	}, nil
}
