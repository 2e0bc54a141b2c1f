package client

import (
	"time"

	"mayfly/shared/clock"
)

const (
	// typingAfter is how long the user must have been typing before the client tells the room. For a message that is written
	// in less time, the client sends no sign of typing. Otherwise the pages of the other users would draw twice.
	typingAfter = 500 * time.Millisecond
	typingEvery = 3 * time.Second // the shortest time between two frames that tell the room that the user types
	typingPause = 5 * time.Second // after this time without a change of the text, the user no longer counts as typing
)

// A typing decides when the client tells the shown room that the user types. It is a state machine without I/O.
type typing struct {
	private bool // other users must not see that the user types

	text    string       // the text in the composer
	began   clock.Moment // when the user began to type, or went on after a pause of typingPause
	changed clock.Moment // when text last changed
	news    bool         // the user has changed the text since the moment t.told
	on      bool         // the room shows the user as typing, as far as the client knows
	told    clock.Moment // when the room was last told that the user types
	soon    bool         // since t.told, the user has sent a message or left the room: typingEvery does not apply
}

// change runs when the user has changed the text in the composer.
func (t *typing) change(text string, now clock.Moment) {
	if t.text == "" || now.Since(t.changed) >= typingPause {
		t.began = now
	}
	if text != t.text {
		t.text, t.changed, t.news = text, now, true
	}
}

// onSend runs when the user has sent the text. The client need not tell the room that the user no longer types, because the
// message itself shows that.
func (t *typing) onSend() { *t = typing{private: t.private, soon: true} }

// disconnected runs when a connection has ended. The server itself then tells the room that the user no longer types.
func (t *typing) disconnected() { t.on = false }

// leave runs when the user leaves the room. It reports whether the room must be told that the user no longer types.
func (t *typing) leave() (tell bool) {
	tell = t.on
	t.onSend()
	return tell
}

// next returns what the client must do now. If tell is true, it must tell the room that the user types (on is true), or no
// longer types (on is false). If tell is false, it need not do anything.
func (t *typing) next(now clock.Moment) (tell, on bool) {
	types := t.text != "" && !t.private && now.Since(t.changed) < typingPause
	switch {
	case t.on && !types:
		t.on = false
		return true, false
	case types && t.news && now.Since(t.began) >= typingAfter && (t.soon || now.Since(t.told) >= typingEvery):
		t.on, t.news, t.told, t.soon = true, false, now, false
		return true, true
	}
	return false, false
}

// wait returns how long the loop may wait before it calls the method next again: until typingAfter, typingPause or
// typingEvery is over, whichever is first, and at most tickAtLeast.
func (t *typing) wait(now clock.Moment) time.Duration {
	wait := tickAtLeast
	for _, left := range []time.Duration{
		typingAfter - now.Since(t.began), typingPause - now.Since(t.changed), typingEvery - now.Since(t.told),
	} {
		if left > 0 {
			wait = min(wait, left)
		}
	}
	return wait
}
