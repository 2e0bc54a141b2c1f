package pkce

import (
	"mayfly/shared/backoff"
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
