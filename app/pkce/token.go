package pkce

import (
	"math/rand/v2"
	"strings"
	"time"

	"mayfly/shared/clock"
)

// A reply is an answer of the token endpoint.
type reply struct {
	access         *access
	refresh, scope string
	id             string        // ID token
	claims         object        // the claims of the ID token; nil: the ID token was not verified
	skew           time.Duration // by how much the device's clock is ahead of the provider's; 0 if unknown or below maxSkew
}

// parseReply returns the tokens in the token endpoint's answer o. If o has no good access token, it returns a fault.
// requested is the moment at which the request was sent.
func parseReply(status int, header func(string) string, o object, requested clock.Moment) (*reply, *fault) {
	code := o.text("error")
	switch kind := o.text("token_type"); {
	case status == 429 || status >= 500:
		return nil, &fault{problem: Problem{Unreachable, busy}, wait: retryAfter(header)}
	case code != "":
		return nil, denial(code, o.text("error_description"))
	case status != 200 || o.text("access_token") == "":
		return nil, noAnswer(noTokens) // perhaps a proxy's page, or half an answer
	case !strings.EqualFold(kind, "Bearer"):
		return nil, setupFault("The provider gives tokens of type " + kind + ".")
	}
	a := newAccess(o.text("access_token"), requested, lifeOf(o.number("expires_in")))
	return &reply{access: a, refresh: o.text("refresh_token"), scope: o.text("scope"), id: o.text("id_token")}, nil
}

// lifeOf returns the lifetime of a token. seconds is the lifetime that the provider names, 0 if it names none. lifeOf
// returns maxLife at most, and defaultLife if seconds is below 1.
func lifeOf(seconds float64) time.Duration {
	life := time.Duration(min(seconds, maxLife.Seconds()) * float64(time.Second))
	if life < time.Second {
		return defaultLife
	}
	return life
}

// retryAfter returns how long the provider asks the client to wait, maxRetryAfter at most. It returns 0 if the provider does
// not say, or sends Retry-After as a date. Okta sends the time at which the wait ends, in X-Rate-Limit-Reset. Both that time
// and the Date of the answer are by Okta's clock, so their difference is the wait, even if the device's clock is wrong.
func retryAfter(header func(string) string) time.Duration {
	seconds := milliseconds(header("Retry-After"))
	date, err := time.Parse(time.RFC1123, header("Date"))
	if reset := milliseconds(header("X-Rate-Limit-Reset")); reset > 0 && err == nil {
		seconds = reset - date.Unix() + 1
	}
	return time.Duration(min(max(seconds, 0), int64(maxRetryAfter.Seconds()))) * time.Second
}

// access is the token that the client sends to the server: an access token, or an ID token if the server wants ID tokens. It
// is immutable.
type access struct {
	text   string
	at     clock.Moment  // when the token was requested
	life   time.Duration // how long the token is good, counted from at
	margin time.Duration // how long before the token's end its renewal begins
}

// newAccess returns an access token that was requested at the moment requested. The time at which it is renewed has jitter
// (in margin), so that tabs don't renew at the same time. The jitter is shorter than the time for which most providers still
// accept an old refresh token. So if one tab's renewal is interrupted, another tab still has time to renew with the old
// refresh token.
func newAccess(text string, requested clock.Moment, life time.Duration) *access {
	margin := min(max(minMargin, life/10), life*2/3) // life*2/3 is for tokens that live for less than 90 s
	spread := min(margin/10, maxSpread)
	return &access{text, requested, life, margin - spread + rand.N(2*spread)}
}

// left returns how long the token is still good. If the token has expired, or if a is nil, it returns 0 or less.
func (a *access) left(now clock.Moment) time.Duration {
	if a == nil {
		return 0
	}
	return a.life - now.Since(a.at)
}
