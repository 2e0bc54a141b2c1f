package admission

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// A client address may fail maxFailures-1 sign-ins within failuresPer without a wait. After each further failure,
	// the server tells the client how long to wait. A failure is a token that no user of this server can have. A good
	// token always signs in, even during the wait.
	maxFailures = 20
	failuresPer = time.Minute
	maxFailing  = 10_000 // the most addresses whose failures are counted; beyond it, Failures forgets all addresses
)

// Failures counts the failed sign-ins of each address. Any goroutine may call its methods.
type Failures struct {
	mu     sync.Mutex             // guards what follows
	by     map[netip.Addr]*Recent // the recent failures of each address
	tidied time.Time              // when tidyLocked last removed old failures
}

// NewFailures returns a Failures that has counted nothing yet.
func NewFailures() *Failures { return &Failures{by: map[netip.Addr]*Recent{}} }

// Add counts a failed sign-in of the address a at now. It returns how long clients of a must wait, which is 0 for fewer
// than maxFailures failures in failuresPer.
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

// tidyLocked forgets the addresses without a failure in the last failuresPer. If maxFailing addresses are still left, it
// forgets all of them.
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

// Add adds an event at now, and returns the number of events, this one included, in the time per before now.
func (r *Recent) Add(now time.Time, per time.Duration) (count int) {
	r.forget(now, per)
	*r = append(*r, now)
	return len(*r)
}

// forget removes the events that happened per or longer before now.
func (r *Recent) forget(now time.Time, per time.Duration) {
	for len(*r) > 0 && now.Sub((*r)[0]) >= per {
		*r = (*r)[1:]
	}
}
