package admission

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// If maxFailures sign-ins from one client address have failed within failuresPer, the server tells the clients of this
	// address to wait. A failed sign-in counts only if no user of this server can have its token. A good token always signs
	// in, even during the wait.
	maxFailures = 20
	failuresPer = time.Minute
	maxFailing  = 10_000 // the most addresses whose failures are counted; at this number, Failures forgets all addresses
)

// Failures counts the failed sign-ins of each address. Any goroutine may call its methods.
type Failures struct {
	mu     sync.Mutex             // guards what follows
	by     map[netip.Addr]*Recent // the recent failures of each address
	tidied time.Time              // when tidyLocked last removed old failures
}

// NewFailures returns a Failures that has counted nothing yet.
func NewFailures() *Failures { return &Failures{by: map[netip.Addr]*Recent{}} }

// Add counts a failed sign-in of address at the time now. It returns how long the clients of address must wait. The wait is
// 0 if address had fewer than maxFailures failures in the last failuresPer.
func (f *Failures) Add(address netip.Addr, now time.Time) (delay time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tidyLocked(now)
	r := f.by[address]
	if r == nil {
		r = &Recent{}
		f.by[address] = r
	}
	if r.Add(now, failuresPer) < maxFailures {
		return 0
	}
	*r = (*r)[len(*r)-maxFailures:]
	return failuresPer - now.Sub((*r)[0])
}

// tidyLocked forgets the addresses without a failure in the last failuresPer. If maxFailing addresses are still left, it
// forgets all of them. With fewer than maxFailing addresses, it does all this at most once in failuresPer.
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

// Recent is a sliding window. It contains the times of the last events, oldest first.
type Recent []time.Time

// Add adds an event at the time now. It returns how many events, this one included, happened in the window that ends now.
func (r *Recent) Add(now time.Time, window time.Duration) (count int) {
	r.forget(now, window)
	*r = append(*r, now)
	return len(*r)
}

// forget removes the events that happened before the window that ends now.
func (r *Recent) forget(now time.Time, window time.Duration) {
	for len(*r) > 0 && now.Sub((*r)[0]) >= window {
		*r = (*r)[1:]
	}
}
