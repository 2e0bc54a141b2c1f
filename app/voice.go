package app

import (
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/unread"
)

const (
	politeID = "polite"
	alertID  = "alert"
)

// A voice writes into two unseen live regions what a screen reader says.
type voice struct {
	announcer unread.Announcer
	began     time.Time // when the page was mounted
}

// observe writes down what is to be said of two views that follow each other. It returns how long it is until it should be
// called again with the last view twice; 0: not before the next view.
func (v *voice) observe(before, after *client.View) (next time.Duration) {
	polite, alert := v.announcer.Polite, v.announcer.Alert
	next = v.announcer.Observe(before, after, time.Since(v.began))
	if v.announcer.Polite != polite {
		dom.Write(politeID, v.announcer.Polite)
	}
	if v.announcer.Alert != alert {
		dom.Write(alertID, v.announcer.Alert)
	}
	return next
}

// say says a sentence politely.
func (v *voice) say(text string) {
	v.announcer.Say(text)
	dom.Write(politeID, v.announcer.Polite)
}

// liveRegion draws what the voice writes into.
func liveRegion(id, role string) goapp.UI {
	e := elem("p", "unseen")
	attributes(e, "id", id, "role", role)
	return e
}
