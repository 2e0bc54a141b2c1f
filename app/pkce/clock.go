package pkce

import (
	"math/rand/v2"
	"time"
)

// The times of signing in.
const (
	tick         = 20 * time.Second // how often it is judged what is due: timers stand still while a device sleeps
	minMargin    = time.Minute      // a renewal begins this long before the end, or a tenth of the token's life if that is more
	maxSpread    = 10 * time.Second // by how much tabs begin earlier or later
	lastCall     = 2 * time.Minute  // before the end of a sign-in that can't be renewed: the person is told
	fetchTimeout = 15 * time.Second // of one request to the provider
	lockTimeout  = 20 * time.Second // for another tab's renewal to end
	askTimeout   = 200 * time.Millisecond
	partTimeout  = 2 * time.Second // for what is nice to have while signing out
	firstRetry   = time.Second     // after the first failed renewal; doubled with each
	lastRetry    = time.Minute     // and never more
	maxTold      = 10 * time.Minute
	defaultLife  = 5 * time.Minute // of an access token whose answer does not say
	maxLife      = 24 * time.Hour
	maxPending   = time.Hour        // from leaving for the provider until coming back
	maxSkew      = 5 * time.Minute  // of the device's clock, until the person is told
	keepProvider = 24 * time.Hour   // how long the provider's description is used
	keysYoung    = 30 * time.Second // keys read this lately are not read again for one that is not among them
	patience     = 3 * time.Second  // for the server's configuration, before the last one is used
)

// A moment is what the two clocks of the device show at once. The wall clock may be wrong and may be set; the monotonic
// one may stand still while a laptop sleeps. Only differences are used, and of two differences the longer: whatever
// happened to the clocks, nothing is taken to be good for longer than it is.
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

// since returns how long ago start was.
//
//go:noinline
func (m moment) since(start moment) time.Duration {
	return max(m.mono-start.mono, m.wall-start.wall)
}

// access is an access token and the time that it has.
type access struct {
	text   string
	at     moment // when it was asked for
	life   time.Duration
	margin time.Duration // before its end it is to be renewed
}

// newAccess returns an access token that was asked for at at. When it is due varies, so that tabs don't begin together, but by
// less than most providers take an old refresh token for: another tab's renewal is in time if this one's is cut short.
func newAccess(text string, at moment, life time.Duration) access {
	margin := min(max(minMargin, life/10), life*2/3) // the last for tokens that live for a minute or two
	spread := min(margin/10, maxSpread)
	return access{text, at, life, margin - spread + rand.N(2*spread)}
}

// left returns how long a is still good, 0 or less if it isn't.
//
//go:noinline
func (a *access) left(now moment) time.Duration { return a.life - now.since(a.at) }

// A retry says when the next renewal may begin after one failed.
type retry struct {
	failures int // in a row
	from     moment
	wait     time.Duration
	told     bool // the provider asked for this wait
}

// due returns how long it is until the next attempt; 0 or less: now.
//
//go:noinline
func (r *retry) due(now moment) time.Duration {
	if r.failures == 0 {
		return 0
	}
	return r.wait - now.since(r.from)
}

// failed sets the next attempt, after told if the provider said so.
func (r *retry) failed(told time.Duration, now moment) {
	limit := min(firstRetry<<min(r.failures, 10), lastRetry)
	r.failures++
	r.from, r.wait, r.told = now, limit/2+rand.N(limit/2), told > 0
	if r.told {
		r.wait = min(told, maxTold)
	}
}
