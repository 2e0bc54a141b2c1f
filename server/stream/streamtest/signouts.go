package streamtest

import (
	"context"
	"slices"
	"sync"
	"time"
)

// signout is one entry, and until when it is kept.
type signout struct {
	entry string
	until time.Time
}

// Signouts is stream.Signouts in memory. Any number of nodes may follow it, and it fails when the test says so. The zero
// value is empty and ready.
type Signouts struct {
	order sync.Mutex // held until everyone has an entry

	mu        sync.Mutex // guards what follows
	kept      []signout
	followers []*func(string, time.Time)
	err       error
}

// Keep is as stream.Signouts.Keep.
func (s *Signouts) Keep(_ context.Context, entry string, until time.Time) error {
	s.order.Lock()
	defer s.order.Unlock()
	s.mu.Lock()
	followers, err := slices.Clone(s.followers), s.err
	if err == nil {
		s.kept = append(s.kept, signout{entry, time.UnixMilli(until.UnixMilli())})
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

// Follow is as stream.Signouts.Follow, for every node.
func (s *Signouts) Follow(_ context.Context, deliver func(entry string, until time.Time)) (stop func(), err error) {
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
		deliver(one.entry, one.until)
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.followers = slices.DeleteFunc(s.followers, func(o *func(string, time.Time)) bool { return o == &deliver })
	}, nil
}

// Current is as stream.Signouts.Current.
func (s *Signouts) Current() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Fail makes everything end with err; nil mends it.
func (s *Signouts) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// Kept returns the entries that are kept.
func (s *Signouts) Kept() (entries []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.kept {
		entries = append(entries, one.entry)
	}
	return entries
}
