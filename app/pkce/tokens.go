package pkce

import (
	"mayfly/shared/backoff"
)

// tokens holds the access token, and what is known about renewing it.
type tokens struct {
	access  *access          // nil: there is no access token
	refused string           // the access token that the server refused: this tab takes it from no other tab; "": none
	changed chan struct{}    // closed when there is a new access token; use then makes another channel
	version int              // grows with each access token
	retry   backoff.Schedule // when to try again after a failed renewal
}

// use replaces the access token with token. It also forgets the failed renewals of the previous access token.
func (t *tokens) use(token *access) {
	t.access, t.refused, t.retry = token, "", newRetry()
	t.version++
	close(t.changed)
	t.changed = make(chan struct{})
}

// refuse runs when the server has refused the access token tokenText. If this tab still uses that token, refuse drops it, so
// that a renewal is due at once.
func (t *tokens) refuse(tokenText string) {
	if t.access != nil && t.access.text == tokenText {
		t.refused, t.access = tokenText, nil
	}
}

// forget drops everything about the access token.
func (t *tokens) forget() { t.access, t.refused, t.retry = nil, "", newRetry() }

// renewal is the state of one renewal of the access token: nobody has asked for it (the zero value), it was asked for but
// has not begun, or it is running.
type renewal struct {
	done  chan struct{} // closed when the renewal ends; nil: no renewal was asked for
	begun bool          // the renewal is running
}

// want asks for a renewal. It has no effect if a renewal was asked for already.
func (r *renewal) want() {
	if r.done == nil {
		r.done = make(chan struct{})
	}
}

// finish marks the renewal as ended, and wakes the goroutines that wait for it.
func (r *renewal) finish() {
	close(r.done)
	*r = renewal{}
}
