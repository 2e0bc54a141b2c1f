package pkce

import (
	"math/rand/v2"
	"time"

	"mayfly/shared/backoff"
	"mayfly/shared/clock"
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

// access is an access token and its lifetime.
type access struct {
	text   string
	at     clock.Moment // when it was requested
	life   time.Duration
	margin time.Duration // the renewal begins this long before its end
}

// newAccess returns an access token that was requested at the moment at. Its margin has jitter, so that tabs don't renew at
// the same time. The jitter is shorter than the time for which most providers accept an old refresh token: if one tab's
// renewal is interrupted, another tab's renewal is still in time.
func newAccess(text string, at clock.Moment, life time.Duration) access {
	margin := min(max(minMargin, life/10), life*2/3) // life*2/3 is for tokens that live for a minute or two
	spread := min(margin/10, maxSpread)
	return access{text, at, life, margin - spread + rand.N(2*spread)}
}

// left returns how long the token is still good. It is 0 or less if the token has ended.
//
//go:noinline
func (a *access) left(now clock.Moment) time.Duration { return a.life - now.Since(a.at) }

// newRetry returns the schedule of renewals after failed ones: exponential backoff with half jitter.
func newRetry() backoff.Schedule {
	return backoff.Schedule{Backoff: backoff.Backoff{First: minBackoff, Last: maxBackoff, Jitter: backoff.Half}}
}
