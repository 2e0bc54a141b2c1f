package pkce

import (
	"time"

	"mayfly/shared/backoff"
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
	maxLife        = 24 * time.Hour         // of an access token, even if the provider says more
	maxPending     = time.Hour              // from Begin to Callback
	maxSkew        = 5 * time.Minute        // a smaller difference of the device's clock is not reported
	providerMaxAge = 24 * time.Hour         // how long a stored discovery document is used
	keysMinAge     = 30 * time.Second       // an unknown key does not make SignIn read the keys again within this time
	configTimeout  = 3 * time.Second        // of reading the server's configuration; then the stored one is used
)

// newRetry returns the schedule of attempts after failed ones: exponential backoff with half jitter.
func newRetry() backoff.Schedule {
	return backoff.Schedule{Backoff: backoff.Backoff{First: minBackoff, Last: maxBackoff, Jitter: backoff.Half}}
}

// wait waits until done is closed, for timeout at most.
func wait(done <-chan struct{}, timeout time.Duration) {
	timer := time.NewTimer(timeout)
	select {
	case <-done:
	case <-timer.C:
	}
	timer.Stop()
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
