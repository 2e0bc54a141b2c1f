package app

import (
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
)

const (
	statusID = "status"
	tailID   = "status-tail"
	retryID  = "retry"
	politeID = "polite"
	alertID  = "alert"
)

// status draws how the client stands. The tail is drawn empty, see tell: what go-app draws anew every second it compares
// every second, and what is read out must not hold the seconds.
func (c *chat) status() goapp.UI {
	words := textElem("span", "", statusWords(c.view))
	attributes(words, "id", statusID, "role", "status")
	tail := elem("span", "")
	attributes(tail, "id", tailID, "aria-hidden", "true")
	body := []goapp.UI{elem("span", "status-dot").Attr("aria-hidden", true), elem("p", "status-words", words, tail)}
	if name := c.retryName(); name != "" {
		retry := textElem("button", "status-retry", name)
		attributes(retry, "id", retryID, "type", "button", "aria-describedby", statusID)
		body = append(body, retry.On("click", c.onRetry))
	}
	return elem("div", "status "+statusClass(c.view.Status), body...)
}

// retryName returns the name of the button that connects at once, "" if there is nothing to gain by it.
func (c *chat) retryName() string {
	switch {
	case c.view.Status == client.Ended:
		return "Try again"
	case c.view.Status == client.SignedOut:
		return "Continue as a guest"
	case c.waits:
		return "Now"
	default:
		return ""
	}
}

func (c *chat) onRetry(goapp.Context, goapp.Event) {
	defer Guard()
	c.client.Retry()
	focusComposer() // the button goes
}

// wait reckons whether there is a wait worth a countdown. Once there is, it stays until the attempt begins.
func (c *chat) wait(v *client.View) {
	waits := v.Status == client.Reconnecting && !v.NextTry.IsZero() && (c.waits || time.Until(v.NextTry) >= time.Second)
	if c.waits && !waits && dom.Active().Get("id").String() == retryID {
		focusComposer()
	}
	c.waits = waits
}

// tell shows and says what the time has come for, and sets the timer for the next of it, if there is any.
func (c *chat) tell(before *client.View) {
	var left time.Duration
	if c.waits {
		left = max(time.Until(c.view.NextTry), time.Nanosecond)
	}
	if tail := statusTail(c.view.Status, left, c.view.Unsent); tail != c.tail {
		c.tail = tail
		dom.Write(tailID, tail)
	}
	next := c.hear(before)
	if n := seconds(left); n > 1 {
		second := left - time.Duration(n-1)*time.Second
		if next == 0 || second < next {
			next = second
		}
	}
	if next == 0 {
		c.timer.Stop()
	} else {
		c.timer.Reset(next)
	}
}

// hear lets the announcer take in that the view was before, and writes down what it says.
func (c *chat) hear(before *client.View) (next time.Duration) {
	polite, alert := c.announcer.polite, c.announcer.alert
	next = c.announcer.hear(before, &c.view, time.Since(c.began))
	if c.announcer.polite != polite {
		dom.Write(politeID, c.announcer.polite)
	}
	if c.announcer.alert != alert {
		dom.Write(alertID, c.announcer.alert)
	}
	return next
}

// say says words to those who listen.
func (c *chat) say(words string) {
	c.announcer.say(words)
	dom.Write(politeID, c.announcer.polite)
}

// voice draws what the announcer writes into.
func voice(id, role string) goapp.UI {
	e := elem("p", "unseen")
	attributes(e, "id", id, "role", role)
	return e
}
