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

// A voice writes sentences into two invisible live regions, which screen readers read out.
type voice struct {
	announcer unread.Announcer
	began     time.Time // when the page was mounted
}

// observe compares the view current with previous, the view before it, and writes the news into the live regions. If next is
// more than 0, call observe again after that time. If no new view has come by then, current is both arguments.
func (v *voice) observe(previous, current *client.View) (next time.Duration) {
	polite, alert := v.announcer.Polite, v.announcer.Alert
	next = v.announcer.Observe(previous, current, time.Since(v.began))
	if v.announcer.Polite != polite {
		dom.Write(politeID, v.announcer.Polite)
	}
	if v.announcer.Alert != alert {
		dom.Write(alertID, v.announcer.Alert)
	}
	return next
}

// say makes a screen reader say a sentence after what it is saying now.
func (v *voice) say(text string) {
	v.announcer.Say(text)
	dom.Write(politeID, v.announcer.Polite)
}

// liveRegion draws an invisible element into which the voice writes.
func liveRegion(id, role string) goapp.UI {
	e := elem("p", "unseen")
	attributes(e, "id", id, "role", role)
	return e
}
