package app

import (
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/words"
)

const (
	statusID = "status"
	tailID   = "status-tail"
	retryID  = "retry"
)

// A connection shows how the client stands with the server.
type connection struct {
	*model
	countingDown bool   // the next attempt to connect is so far off that the seconds are counted
	tail         string // what the element of tailID holds
}

// render draws the state of the connection. The tail is drawn empty, see refresh: go-app would compare the page every
// second if it drew the seconds, and a screen reader must not say them.
func (c *connection) render() goapp.UI {
	text := textElem("span", "", words.Status(&c.view))
	attributes(text, "id", statusID, "role", "status")
	tail := elem("span", "")
	attributes(tail, "id", tailID, "aria-hidden", "true")
	body := []goapp.UI{elem("span", "status-dot").Attr("aria-hidden", true), elem("p", "status-words", text, tail)}
	if name := c.retryName(); name != "" {
		retry := textElem("button", "status-retry", name)
		attributes(retry, "id", retryID, "type", "button", "aria-describedby", statusID)
		body = append(body, on(retry, "click", c.onRetry))
	}
	return elem("div", "status "+statusClass(c.view.Status), body...)
}

// statusClass returns the CSS class for a status.
func statusClass(s client.Status) string {
	switch s {
	case client.Online:
		return "status-good"
	case client.Offline, client.Ended, client.SignedOut, client.NoGuests:
		return "status-bad"
	default:
		return "status-busy"
	}
}

// retryName returns the name of the button that connects at once, "" if there is nothing to gain by it.
func (c *connection) retryName() string {
	switch {
	case c.view.Status == client.Ended:
		return words.Of(words.TryAgain)
	case c.view.Status == client.SignedOut:
		return words.Of(words.ContinueAsGuest)
	case c.countingDown:
		return words.Of(words.ConnectNow)
	default:
		return ""
	}
}

// onRetry runs when the user wants to connect at once.
func (c *connection) onRetry(goapp.Context, goapp.Event) {
	c.client.Retry()
	focusComposer() // the button goes
}

// beforeView runs before a view is shown, and decides whether there is a wait worth a countdown. Once there is, it stays
// until the attempt begins.
func (c *connection) beforeView(v *client.View) {
	long := c.countingDown || time.Until(v.NextTry) >= time.Second
	waits := v.Status == client.Reconnecting && !v.NextTry.IsZero() && long
	if c.countingDown && !waits && dom.Active().Get("id").String() == retryID {
		focusComposer()
	}
	c.countingDown = waits
}

// refresh writes the seconds until the next attempt to connect. It returns how long it is until they change, 0 if they
// don't.
func (c *connection) refresh() (next time.Duration) {
	var left time.Duration
	if c.countingDown {
		left = max(time.Until(c.view.NextTry), time.Nanosecond)
	}
	if tail := words.StatusTail(c.view.Status, left, c.view.Unsent); tail != c.tail {
		c.tail = tail
		dom.Write(tailID, tail)
	}
	if n := words.SecondsOf(left); n > 1 {
		next = left - time.Duration(n-1)*time.Second
	}
	return next
}
