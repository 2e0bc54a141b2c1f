package pkce

import (
	"time"

	"mayfly/shared/backoff"
)

// The waits, timeouts and ages that signing in and renewing tokens use.
const (
	tick           = 20 * time.Second       // Run waits at most this long: a long timer is late after a device has slept
	minMargin      = time.Minute            // renew a token this long before it ends; a tenth of its life if that is longer
	maxSpread      = 10 * time.Second       // the most by which jitter moves a renewal to an earlier or later time
	warnBefore     = 2 * time.Minute        // the user is warned this long before the end of a sign-in that can't be renewed
	fetchTimeout   = 15 * time.Second       // the longest time for one request to the provider
	tokenTimeout   = 45 * time.Second       // the longest time for a token request; long, because a code works only once
	lockTimeout    = 20 * time.Second       // the longest wait for the end of another tab's renewal
	askTimeout     = 200 * time.Millisecond // the longest wait for an access token from another tab
	signOutTimeout = 2 * time.Second        // the longest time for one request to the provider during a sign-out
	minBackoff     = time.Second            // the wait after the first failed attempt; it doubles with each failure
	maxBackoff     = time.Minute            // the longest wait after failed attempts
	maxRetryAfter  = 10 * time.Minute       // the longest wait that the provider can ask for
	defaultLife    = 5 * time.Minute        // the life of an access token if the provider does not say
	maxLife        = 24 * time.Hour         // the longest life of an access token, even if the provider says more
	maxPending     = time.Hour              // the longest time from Begin to Callback
	maxUnnamed     = 10 * time.Minute       // after this time, a visit to "/" without a state is no return from a sign-out
	maxSkew        = 5 * time.Minute        // a smaller difference between two clocks is not reported
	providerMaxAge = 24 * time.Hour         // how long a stored discovery document is used
	keysMinAge     = 30 * time.Second       // the keys are not read again within this time, even if a key is unknown
	configTimeout  = 3 * time.Second        // the longest wait for the server's configuration; then the stored copy is used
)

// newRetry returns the schedule of the attempts after a failure: exponential backoff with half jitter.
func newRetry() backoff.Schedule {
	return backoff.Schedule{Backoff: backoff.Backoff{First: minBackoff, Last: maxBackoff, Jitter: backoff.Half}}
}

// wait waits until ended is closed, but no longer than timeout.
func wait(ended <-chan struct{}, timeout time.Duration) {
	timer := time.NewTimer(timeout)
	select {
	case <-ended:
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
