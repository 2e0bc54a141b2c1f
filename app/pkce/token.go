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
	claims         object        // of the ID token; nil: not verified
	skew           time.Duration // by how much the device's clock is ahead, judged by the ID token
}

// parseReply returns the answer o to a request for tokens that began at the moment began, or why there is no token.
func parseReply(status int, header func(string) string, o object, began clock.Moment) (*reply, *fault) {
	code := o.text("error")
	switch kind := o.text("token_type"); {
	case status == 429 || status >= 500:
		return nil, &fault{problem: Problem{Cause: Unreachable}, wait: retryAfter(header)}
	case code != "":
		return nil, denial(code, o.text("error_description"))
	case status != 200 || o.text("access_token") == "":
		return nil, noAnswer // a page of a proxy, or half an answer
	case !strings.EqualFold(kind, "Bearer"):
		return nil, setupFault("The provider gives tokens of type " + kind + ".")
	}
	life := time.Duration(min(o.number("expires_in"), maxLife.Seconds()) * float64(time.Second))
	if life < time.Second {
		life = defaultLife
	}
	a := newAccess(o.text("access_token"), began, life)
	return &reply{access: a, refresh: o.text("refresh_token"), scope: o.text("scope"), id: o.text("id_token")}, nil
}

// retryAfter returns how long the provider asks to wait, 0 if it does not say. Okta names an instant of its own clock, which
// is compared with the answer's Date.
func retryAfter(header func(string) string) time.Duration {
	seconds := milliseconds(header("Retry-After"))
	date, err := time.Parse(time.RFC1123, header("Date"))
	if reset := milliseconds(header("X-Rate-Limit-Reset")); reset > 0 && err == nil {
		seconds = reset - date.Unix() + 1
	}
	return time.Duration(min(max(seconds, 0), int64(maxRetryAfter.Seconds()))) * time.Second
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
