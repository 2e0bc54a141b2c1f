package streamtest

import (
	"context"
	"slices"
	"sync"
	"time"
)

// keptFact is one fact and the time until which it is kept.
type keptFact struct {
	fact  string
	until time.Time
}

// Facts does in memory what stream.Facts does. Several nodes of a test may share one Facts. After Fail, its methods
// return an error. The zero value is empty and ready.
type Facts struct {
	order sync.Mutex // held while a fact is stored and delivered, so that all followers get the facts in the same order

	mu        sync.Mutex // guards what follows
	kept      []keptFact
	followers []*func(string, time.Time)
	err       error
}

// Keep implements ledger.Store: it stores fact, and delivers it to every follower before it returns. After Fail, it
// only returns the error.
func (s *Facts) Keep(_ context.Context, fact string, expiry time.Time) error {
	s.order.Lock()
	defer s.order.Unlock()
	s.mu.Lock()
	followers, err := slices.Clone(s.followers), s.err
	if err == nil {
		s.kept = append(s.kept, keptFact{fact, time.UnixMilli(expiry.UnixMilli())})
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	for _, deliver := range followers {
		(*deliver)(fact, expiry)
	}
	return nil
}

// Follow implements ledger.Store: it calls deliver with every stored fact before it returns, and later with each new
// fact. Several nodes of a test share s, so Follow may be called more than once, unlike stream.Facts.Follow.
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

// Current implements ledger.Store. It returns the error that Fail has set, nil if there is none.
func (s *Facts) Current() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Fail makes Keep, Follow and Current fail with err. With nil, they work again.
func (s *Facts) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// Kept returns all facts that Keep has stored.
func (s *Facts) Kept() (facts []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.kept {
		facts = append(facts, one.fact)
	}
	return facts
}
