// Package streamtest replaces server/stream in tests, without NATS and in memory: Memory replaces stream.NATS, and Facts
// replaces stream.Facts. Both do what the originals do, but answer at once. A test can make both fail. It can also make
// Memory answer late, and make Memory delay or lose the events that it delivers to followers. Neither starts a goroutine, so
// both work under synctest. Package server/stream runs the same tests on the originals and on the replacements.
package streamtest

import (
	"context"
	"slices"
	"sync"
	"time"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

// Memory is a hub.Stream and hub.Signals in memory. It answers at once, unless the test has made it fail or wait.
//
// It is one type because one lock guards all its fields.
type Memory struct {
	order sync.Mutex // held while an event is stored and delivered, so that all followers get the events in the same order

	mu        sync.Mutex // guards what follows
	seq       int64
	stored    map[string][]hub.Event
	erased    map[string][]hub.Event // the events that Erase has erased, without their bodies
	followers map[string][]*func(hub.Event)
	listeners []*func(hub.Signal)
	mute      bool // if true, Send has no effect; set by LoseSignals
	appendErr error
	followErr error
	held      []func() // the appends that wait since Hold; the function release, which Hold returned, runs them
	holding   bool
	lossy     bool
	copies    []func() // the deliveries that wait since HoldCopies, until its release is called; nil: deliveries do not wait
	bounds    int      // the most live events in one room; 0: no limit
	keep      bool     // if true, Erase has no effect; set by KeepErased
	forgetful bool     // if true, Append stores repeats, too; set by StoreRepeats
	headErr   error
}

// NewMemory returns an empty stream.
func NewMemory() *Memory {
	return &Memory{stored: map[string][]hub.Event{}, erased: map[string][]hub.Event{},
		followers: map[string][]*func(hub.Event){}}
}

// Epoch implements hub.Stream.
func (s *Memory) Epoch() string { return "memory" }

// Append implements hub.Stream.
func (s *Memory) Append(room string, e hub.Event, done func(hub.Receipt, error)) {
	run := func() {
		s.order.Lock()
		defer s.order.Unlock()
		receipt, followers, err := s.store(room, e)
		done(receipt, err)
		s.copy(func() {
			for _, deliver := range followers {
				(*deliver)(receipt.Event)
			}
		})
	}
	s.mu.Lock()
	if s.holding {
		s.held = append(s.held, run)
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	run()
}

func (s *Memory) store(room string, e hub.Event) (hub.Receipt, []*func(hub.Event), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.appendErr != nil {
		return hub.Receipt{}, nil, s.appendErr
	}
	s.expireLocked(room)
	living := s.stored[room]
	for _, o := range slices.Concat(living, s.erased[room]) {
		if o.User == e.User && o.ID == e.ID && !s.forgetful {
			return hub.Receipt{Event: o, Repeat: true}, nil, nil
		}
	}
	if s.bounds > 0 && len(living) >= s.bounds {
		return hub.Receipt{}, nil, hub.ErrFull
	}
	s.seq++
	e.Seq = s.seq
	s.stored[room] = append(living, e)
	return hub.Receipt{Event: e}, slices.Clone(s.followers[room]), nil
}

// expireLocked drops the events of room that have expired.
func (s *Memory) expireLocked(room string) {
	now := time.Now().UnixMilli()
	expired := func(e hub.Event) bool { return e.Expires <= now }
	s.stored[room] = slices.DeleteFunc(s.stored[room], expired)
	s.erased[room] = slices.DeleteFunc(s.erased[room], expired)
}

// Follow implements hub.Stream.
func (s *Memory) Follow(_ context.Context, room string, deliver func(hub.Event)) (stop func(), err error) {
	s.order.Lock()
	defer s.order.Unlock()
	s.mu.Lock()
	s.expireLocked(room)
	stored, err := slices.Clone(s.stored[room]), s.followErr
	if err == nil {
		s.followers[room] = append(s.followers[room], &deliver)
	}
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	for _, e := range stored {
		deliver(e)
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.followers[room] = slices.DeleteFunc(s.followers[room], func(o *func(hub.Event)) bool { return o == &deliver })
	}, nil
}

// Erase implements hub.Stream.
func (s *Memory) Erase(room string, seq int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.stored[room], func(e hub.Event) bool { return e.Seq == seq })
	if i < 0 || s.keep {
		return
	}
	e := s.stored[room][i]
	e.Body = nil
	s.stored[room] = slices.Delete(s.stored[room], i, i+1)
	s.erased[room] = append(s.erased[room], e)
}

// KeepErased(true) makes Erase do nothing, as if the node had died before it could erase. After KeepErased(false), Erase
// works again.
func (s *Memory) KeepErased(keep bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep = keep
}

// StoreRepeats makes Append store repeats, too, as a stream on several servers does in rare cases.
func (s *Memory) StoreRepeats() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetful = true
}

// Stored returns the stored events of room.
func (s *Memory) Stored(room string) []hub.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.stored[room])
}

// AppendMessage appends a message and ignores the result.
func (s *Memory) AppendMessage(room string, m wire.Message) {
	s.Append(room, hub.NewMessage(m), func(hub.Receipt, error) {})
}

// Message returns the message in e. It returns the zero message if e is of another kind or cannot be read.
func Message(e hub.Event) wire.Message {
	m, err := wire.DecodeMessage(e.JSON())
	if e.Kind != hub.KindMessage || err != nil {
		return wire.Message{}
	}
	return m
}

// FailAppends makes every Append fail with err. With nil, Append works again.
func (s *Memory) FailAppends(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.appendErr = err
}

// FailFollows makes every Follow fail with err. With nil, Follow works again.
func (s *Memory) FailFollows(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.followErr = err
}

// FailHeads makes every Head fail with err. With nil, Head works again.
func (s *Memory) FailHeads(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.headErr = err
}

// Bound limits each room to n live events of all kinds: a further Append fails with hub.ErrFull.
func (s *Memory) Bound(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bounds = n
}

// LoseCopies(true) makes appends succeed without a copy for the followers. After LoseCopies(false), the followers get the
// copies of new appends again.
func (s *Memory) LoseCopies(lose bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lossy = lose
}

// Head implements hub.Stream.
func (s *Memory) Head(_ context.Context, room string) (head, last int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.headErr != nil {
		return 0, 0, s.headErr
	}
	for _, e := range s.stored[room] {
		if e.Expires > time.Now().UnixMilli() {
			head = e.Seq
		}
	}
	return head, s.seq, nil
}

// copy handles deliver, a function that delivers one event to the followers. Of these cases, the first that applies
// counts:
//
//   - HoldCopies was called, and its release was not called yet: copy adds deliver to s.copies
//   - LoseCopies(true) was called, and LoseCopies(false) was not called since: copy does nothing
//   - otherwise copy calls deliver
func (s *Memory) copy(deliver func()) {
	s.mu.Lock()
	lossy, late := s.lossy, s.copies != nil
	if late {
		s.copies = append(s.copies, deliver)
	}
	s.mu.Unlock()
	if !lossy && !late {
		deliver()
	}
}

// HoldCopies makes the copies of later appends wait. When the test calls release, the followers get the copies in order.
func (s *Memory) HoldCopies() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.copies = []func(){}
	return func() {
		s.order.Lock()
		defer s.order.Unlock()
		s.mu.Lock()
		copies := s.copies
		s.copies = nil
		s.mu.Unlock()
		for _, deliver := range copies {
			deliver()
		}
	}
}

// Hold makes later appends wait. When the test calls release, these appends run in order.
func (s *Memory) Hold() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holding = true
	return func() {
		s.mu.Lock()
		held := s.held
		s.held, s.holding = nil, false
		s.mu.Unlock()
		for _, run := range held {
			run()
		}
	}
}

// Followers returns how many followers room has.
func (s *Memory) Followers(room string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.followers[room])
}
