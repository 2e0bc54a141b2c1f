package server

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// maxSignIns hello and auth frames are taken from one connection in any signInsPer.
	maxSignIns = 10
	signInsPer = time.Minute
	// maxFailedAuths auth frames may fail on one connection; with the last it ends. Those that fail because tokens cannot be
	// checked at the moment are nobody's fault and don't count.
	maxFailedAuths = 3
	failedRetry    = 10 * time.Second
	// maxFailures tokens that are wrong for good may come from one address in any failuresPer; from the last on such ones are
	// told to come back later, and nothing else about them. A good token is always let in.
	maxFailures = 20
	failuresPer = time.Minute
	maxFailing  = 10_000 // addresses whose failures are remembered
)

// recent are the times of the last events, oldest first.
type recent []time.Time

// add counts an event at now, and forgets those that were per ago.
func (r *recent) add(now time.Time, per time.Duration) (count int) {
	r.forget(now, per)
	*r = append(*r, now)
	return len(*r)
}

func (r *recent) forget(now time.Time, per time.Duration) {
	for len(*r) > 0 && now.Sub((*r)[0]) >= per {
		*r = (*r)[1:]
	}
}

// failures counts the failures of each address.
type failures struct {
	mu     sync.Mutex // guards what follows
	by     map[netip.Addr]*recent
	tidied time.Time
}

// add counts a failure of a, and returns 0, or how long a must wait because there were maxFailures.
func (f *failures) add(a netip.Addr, now time.Time) (wait time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tidyLocked(now)
	r := f.by[a]
	if r == nil {
		r = &recent{}
		f.by[a] = r
	}
	if r.add(now, failuresPer) < maxFailures {
		return 0
	}
	*r = (*r)[len(*r)-maxFailures:]
	return failuresPer - now.Sub((*r)[0])
}

// tidyLocked forgets the addresses that have behaved for a while, and all if there are too many.
func (f *failures) tidyLocked(now time.Time) {
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
