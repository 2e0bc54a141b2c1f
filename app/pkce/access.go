package pkce

import (
	"math/rand/v2"
	"time"

	"mayfly/shared/backoff"
	"mayfly/shared/clock"
)

// tokens holds the access token, and what is known about renewing it.
type tokens struct {
	access  *access       // nil: none
	refused string        // an access token that the server refused
	changed chan struct{} // closed when access changes, and then replaced
	version int           // grows with each access token
	retry   backoff.Schedule
}

// use replaces the access token. The failed renewals of the one before no longer count.
func (t *tokens) use(a *access) {
	t.access, t.refused, t.retry = a, "", newRetry()
	t.version++
	close(t.changed)
	t.changed = make(chan struct{})
}

// refuse drops the access token if it is the one with this text, which the server refused.
func (t *tokens) refuse(text string) {
	if t.access != nil && t.access.text == text {
		t.refused, t.access = text, nil
	}
}

// forget drops everything about the access token.
func (t *tokens) forget() { t.access, t.refused, t.retry = nil, "", newRetry() }

// renewal is the renewal that is wanted or runs.
type renewal struct {
	done  chan struct{} // closed when the renewal ends; nil: none is wanted
	begun bool
}

// want asks for a renewal. It has no effect if one is wanted already.
func (r *renewal) want() {
	if r.done == nil {
		r.done = make(chan struct{})
	}
}

// finish ends the renewal.
func (r *renewal) finish() {
	close(r.done)
	*r = renewal{}
}

// access is an access token and its lifetime. It is immutable.
type access struct {
	text   string
	at     clock.Moment // when it was requested
	life   time.Duration
	margin time.Duration // the renewal begins this long before its end
}

// newAccess returns an access token that was requested at the moment at. Its margin has jitter, so that tabs don't renew at
// the same time. The jitter is shorter than the time for which most providers accept an old refresh token: if one tab's
// renewal is interrupted, another tab's renewal is still in time.
func newAccess(text string, at clock.Moment, life time.Duration) *access {
	margin := min(max(minMargin, life/10), life*2/3) // life*2/3 is for tokens that live for a minute or two
	spread := min(margin/10, maxSpread)
	return &access{text, at, life, margin - spread + rand.N(2*spread)}
}

// left returns how long the token is still good. It is 0 or less if the token has ended or a is nil.
func (a *access) left(now clock.Moment) time.Duration {
	if a == nil {
		return 0
	}
	return a.life - now.Since(a.at)
}
