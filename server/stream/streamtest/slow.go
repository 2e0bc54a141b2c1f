package streamtest

import (
	"sync"
	"time"

	"mayfly/server/hub"
)

// Slow is a Memory that answers one append in each interval of the length Every. The first answer comes after one interval.
type Slow struct {
	*Memory
	Every time.Duration

	mu   sync.Mutex // guards what follows
	last time.Time  // when Slow answers the newest append
}

// Append implements hub.Stream.
func (s *Slow) Append(room string, e hub.Event, done func(hub.Receipt, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.last.Before(now) {
		s.last = now
	}
	s.last = s.last.Add(s.Every)
	time.AfterFunc(s.last.Sub(now), func() { s.Memory.Append(room, e, done) })
}
