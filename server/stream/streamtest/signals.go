package streamtest

import (
	"context"
	"slices"

	"mayfly/server/hub"
)

// Send implements hub.Signals. It calls the listeners before it returns.
func (s *Memory) Send(room string, signal hub.Signal) error {
	s.mu.Lock()
	listeners := slices.Clone(s.listeners[room])
	s.mu.Unlock()
	for _, receive := range listeners {
		(*receive)(signal)
	}
	return nil
}

// Listen implements hub.Signals.
func (s *Memory) Listen(_ context.Context, room string, receive func(hub.Signal)) (stop func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners[room] = append(s.listeners[room], &receive)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.listeners[room] = slices.DeleteFunc(s.listeners[room], func(o *func(hub.Signal)) bool { return o == &receive })
	}, nil
}
