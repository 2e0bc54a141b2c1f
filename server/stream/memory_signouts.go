package stream

import (
	"context"
	"slices"
	"sync"
	"time"
)

// MemorySignouts is Signouts in memory, for tests: any number of nodes may follow it, and it fails when it is told to. It starts
// no goroutine, so it works under synctest.
type MemorySignouts struct {
	order sync.Mutex // held until everyone has an entry

	mu        sync.Mutex // guards what follows
	kept      []signout
	followers []*func(string, time.Time)
	err       error
}

// Keep is as Signouts.Keep.
func (s *MemorySignouts) Keep(_ context.Context, entry string, until time.Time) error {
	s.order.Lock()
	defer s.order.Unlock()
	s.mu.Lock()
	followers, err := slices.Clone(s.followers), s.err
	if err == nil {
		s.kept = append(s.kept, signout{entry, until.UnixMilli()})
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	for _, deliver := range followers {
		(*deliver)(entry, until)
	}
	return nil
}

// Follow is as Signouts.Follow, for every node.
func (s *MemorySignouts) Follow(_ context.Context, deliver func(entry string, until time.Time)) (stop func(), err error) {
	s.order.Lock()
	defer s.order.Unlock()
	s.mu.Lock()
	kept, err := slices.Clone(s.kept), s.err
	if err == nil {
		s.followers = append(s.followers, &deliver)
	}
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	for _, one := range kept {
		deliver(one.Entry, time.UnixMilli(one.Until))
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.followers = slices.DeleteFunc(s.followers, func(o *func(string, time.Time)) bool { return o == &deliver })
	}, nil
}

// Current is as Signouts.Current.
func (s *MemorySignouts) Current() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Fail makes everything end with err; nil mends it.
func (s *MemorySignouts) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// Kept returns the entries that are kept.
func (s *MemorySignouts) Kept() (entries []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.kept {
		entries = append(entries, one.Entry)
	}
	return entries
}
