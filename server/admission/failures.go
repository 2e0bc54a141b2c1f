package admission

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// An address may send maxFailures tokens that are wrong for good in any span of failuresPer. From the last on, the
	// server only tells such a client to come back later. A good token is always let in.
	maxFailures = 20
	failuresPer = time.Minute
	maxFailing  = 10_000 // addresses whose failures are remembered
)

// Failures counts the failed sign-ins of each address. Any goroutine may call its methods.
type Failures struct {
	mu     sync.Mutex // guards what follows
	by     map[netip.Addr]*Recent
	tidied time.Time
}

// NewFailures returns a count of no failures.
func NewFailures() *Failures { return &Failures{by: map[netip.Addr]*Recent{}} }

// Add counts a failure of a. It returns how long a must wait, 0 if there were fewer than maxFailures.
func (f *Failures) Add(a netip.Addr, now time.Time) (wait time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tidyLocked(now)
	r := f.by[a]
	if r == nil {
		r = &Recent{}
		f.by[a] = r
	}
	if r.Add(now, failuresPer) < maxFailures {
		return 0
	}
	*r = (*r)[len(*r)-maxFailures:]
	return failuresPer - now.Sub((*r)[0])
}

// tidyLocked forgets the addresses without a failure in failuresPer, and all addresses if there are too many.
func (f *Failures) tidyLocked(now time.Time) {
	if now.Sub(f.tidied) < failuresPer && len(f.by) < maxFailing {
		return
	}
	f.tidied = now
	for a, r := range f.by {
		if r.forget(now, failuresPer); len(*r) == 0 {
			delete(f.by, a)
		}
	}
	if len(f.by) >= maxFailing {
		clear(f.by)
	}
}

// Recent is a sliding window: the times of the last events, oldest first.
type Recent []time.Time

// Add counts an event at now and returns how many there were in the span of per that ends now.
func (r *Recent) Add(now time.Time, per time.Duration) (count int) {
	r.forget(now, per)
	*r = append(*r, now)
	return len(*r)
}

// forget forgets the events that are per or longer ago.
func (r *Recent) forget(now time.Time, per time.Duration) {
	for len(*r) > 0 && now.Sub((*r)[0]) >= per {
		*r = (*r)[1:]
	}
}
