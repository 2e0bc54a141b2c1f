package pkce

import (
	"math/rand/v2"
	"time"
)

// The times of signing in.
const (
	tick           = 20 * time.Second       // the longest that Run waits, because timers stop while a device sleeps
	minMargin      = time.Minute            // a renewal begins this long before the end, or a tenth of the life if longer
	maxSpread      = 10 * time.Second       // the most by which a tab begins earlier or later than that
	warnBefore     = 2 * time.Minute        // the user is warned this long before the end of a sign-in that can't be renewed
	fetchTimeout   = 15 * time.Second       // of one request to the provider
	lockTimeout    = 20 * time.Second       // of waiting for another tab's renewal
	askTimeout     = 200 * time.Millisecond // of waiting until other tabs answer with an access token
	signOutTimeout = 2 * time.Second        // of each optional step of signing out
	minBackoff     = time.Second            // after the first failed renewal; it doubles with each failure
	maxBackoff     = time.Minute            // the longest wait after failed renewals
	maxRetryAfter  = 10 * time.Minute       // the longest wait that the provider can ask for
	defaultLife    = 5 * time.Minute        // of an access token if the provider does not say
	maxLife        = 24 * time.Hour         // of an access token, whatever the provider says
	maxPending     = time.Hour              // from Begin to Callback
	maxSkew        = 5 * time.Minute        // a smaller difference of the device's clock is not reported
	providerMaxAge = 24 * time.Hour         // how long a stored discovery document is used
	keysMinAge     = 30 * time.Second       // an unknown key does not make SignIn read the keys again within this time
	configTimeout  = 3 * time.Second        // of reading the server's configuration; then the stored one is used
)

// A moment holds the readings of the device's two clocks at the same time. The wall clock may be wrong and may be set. The
// monotonic clock may stop while a laptop sleeps. Only differences are used, and of the two differences the longer one: then
// nothing counts as good for longer than it is, whatever happened to the clocks.
type moment struct {
	wall time.Duration // since 1970
	mono time.Duration
}

// moments returns a function that reads both clocks.
func moments() func() moment {
	start := time.Now()
	return func() moment {
		now := time.Now()
		return moment{wall: time.Duration(now.UnixNano()), mono: now.Sub(start)}
	}
}

// since returns the time from start to m.
func (m moment) since(start moment) time.Duration {
	return max(m.mono-start.mono, m.wall-start.wall)
}

// A retry says when the next renewal may begin after a failed one: exponential backoff with jitter.
type retry struct {
	failures   int // number of failed renewals in a row
	from       moment
	wait       time.Duration
	retryAfter bool // the provider asked for this wait
}

// due returns the time until the next attempt. 0 or less means now.
func (r *retry) due(now moment) time.Duration {
	if r.failures == 0 {
		return 0
	}
	return r.wait - now.since(r.from)
}

// hurry makes the next attempt due now, unless the provider asked for the wait.
func (r *retry) hurry() {
	if !r.retryAfter {
		r.wait = 0
	}
}

// failed schedules the next attempt: after retryAfter if that is not 0, because the provider asked for it.
func (r *retry) failed(retryAfter time.Duration, now moment) {
	limit := min(minBackoff<<min(r.failures, 10), maxBackoff)
	r.failures++
	r.from, r.wait, r.retryAfter = now, limit/2+rand.N(limit/2), retryAfter > 0
	if r.retryAfter {
		r.wait = min(retryAfter, maxRetryAfter)
	}
}

// wait waits until done is closed, at most for timeout.
func wait(done <-chan struct{}, timeout time.Duration) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// closed reports whether c is closed.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
