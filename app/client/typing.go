package client

import (
	"time"

	"mayfly/shared/clock"
)

const (
	typingEvery = 3 * time.Second // the shortest time between two frames that tell the room that the user types
	typingPause = 5 * time.Second // after this time without a change of the text, the user no longer types
)

// A typing decides when the room that is shown is told that the user types. It is a state machine without I/O.
type typing struct {
	private bool // other users must not see that the user types

	text    string       // what the composer holds
	changed clock.Moment // when text last changed
	news    bool         // text has changed since told
	on      bool         // the room believes that the user types
	told    clock.Moment // when the room was last told that the user types
	soon    bool         // told does not count: the room was never told, or the user has sent a message since
}

// change runs when the user has changed the text in the composer.
func (t *typing) change(text string, now clock.Moment) {
	if text != t.text {
		t.text, t.changed, t.news = text, now, true
	}
}

// onSend runs when the user has sent the text. The room need not be told that the typing has ended: it sees the message.
func (t *typing) onSend() { *t = typing{private: t.private, soon: true} }

// disconnected runs when a connection has ended: the room has forgotten that the user types.
func (t *typing) disconnected() { t.on = false }

// leave runs when the user leaves the room. It reports whether the room must be told that the user no longer types.
func (t *typing) leave() (tell bool) {
	tell = t.on
	t.onSend()
	return tell
}

// next reports whether the room must be told something now (tell): that the user types (on is true), or no longer types
// (on is false).
func (t *typing) next(now clock.Moment) (tell, on bool) {
	types := t.text != "" && !t.private && now.Since(t.changed) < typingPause
	switch {
	case t.on && !types:
		t.on = false
		return true, false
	case types && t.news && (t.soon || now.Since(t.told) >= typingEvery):
		t.on, t.news, t.told, t.soon = true, false, now, false
		return true, true
	}
	return false, false
}

// wait returns the time until next may have something to tell, tickAtLeast at most.
func (t *typing) wait(now clock.Moment) time.Duration {
	wait := tickAtLeast
	for _, left := range []time.Duration{typingPause - now.Since(t.changed), typingEvery - now.Since(t.told)} {
		if left > 0 {
			wait = min(wait, left)
		}
	}
	return wait
}
