package streamtest

import (
	"context"
	"slices"
	"sync"
	"time"
)

// keptFact is one fact, and until when it is kept.
type keptFact struct {
	fact  string
	until time.Time
}

// Facts is stream.Facts in memory. Any number of nodes may follow it, and it fails when the test says so. The zero value is
// empty and ready.
type Facts struct {
	order sync.Mutex // held until every follower has a fact

	mu        sync.Mutex // guards what follows
	kept      []keptFact
	followers []*func(string, time.Time)
	err       error
}

// Keep is as stream.Facts.Keep.
func (s *Facts) Keep(_ context.Context, fact string, until time.Time) error {
	s.order.Lock()
	defer s.order.Unlock()
	s.mu.Lock()
	followers, err := slices.Clone(s.followers), s.err
	if err == nil {
		s.kept = append(s.kept, keptFact{fact, time.UnixMilli(until.UnixMilli())})
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	for _, deliver := range followers {
		(*deliver)(fact, until)
	}
	return nil
}

// Follow is as stream.Facts.Follow, for every node.
func (s *Facts) Follow(_ context.Context, deliver func(fact string, until time.Time)) (stop func(), err error) {
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
		deliver(one.fact, one.until)
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.followers = slices.DeleteFunc(s.followers, func(o *func(string, time.Time)) bool { return o == &deliver })
	}, nil
}

// Current is as stream.Facts.Current.
func (s *Facts) Current() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Fail makes everything end with err; nil mends it.
func (s *Facts) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// Kept returns the facts that are kept.
func (s *Facts) Kept() (facts []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.kept {
		facts = append(facts, one.fact)
	}
	return facts
}
