package app

import (
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app/client"
	"mayfly/app/dom"
	"mayfly/app/pkce"
	"mayfly/app/words"
)

const (
	statusID = "status"
	tailID   = "status-tail"
	retryID  = "retry"
)

// A connection shows the state of the client's connection to the server.
type connection struct {
	*model
	asGuest      bool   // the user has chosen to go on as a guest; once the refused sign-in has ended, the page connects
	countingDown bool   // the page counts the seconds until the next attempt to connect
	tail         string // what was last written into the element with the id tailID: the end of the text, with the seconds
}

// render draws the state of the connection. The end of the text, the tail, counts down the seconds until the next attempt to
// connect. render draws the tail empty, and the method refresh writes the seconds: if go-app drew them, it would compare the
// whole page every second. The tail is hidden from screen readers: they would otherwise read each new number aloud.
func (c *connection) render() goapp.UI {
	text := textElem("span", "", words.Status(&c.view))
	attributes(text, "id", statusID, "role", "status")
	tail := elem("span", "")
	attributes(tail, "id", tailID, "aria-hidden", "true")
	body := []goapp.UI{elem("span", "status-dot").Attr("aria-hidden", "true"), elem("p", "status-words", text, tail)}
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

// signInRefused reports whether the client has stopped connecting because the server refuses the user's sign-in. Another
// attempt would not help, but the user can go on as a guest.
func (c *connection) signInRefused() bool {
	cause := c.signIn.Problem.Cause
	return c.view.Status == client.Ended && c.signIn.SignInID != "" && !c.signIn.NoGuests &&
		(cause == pkce.NotAllowed || cause == pkce.Misconfigured)
}

// retryName returns the text of the button that connects at once, "" if the button is not shown.
func (c *connection) retryName() string {
	switch {
	case c.signInRefused():
		return words.Of(words.ContinueAsGuest)
	case c.view.Status == client.Ended:
		return words.Of(words.TryAgain)
	case c.view.Status == client.SignedOut && c.signIn.NoGuests:
		return "" // connecting does not help; the user can sign in by the button of the account
	case c.view.Status == client.SignedOut:
		return words.Of(words.ContinueAsGuest)
	case c.countingDown:
		return words.Of(words.ConnectNow)
	default:
		return ""
	}
}

// onRetry runs when the user wants to connect at once. If the server has refused the sign-in, onRetry ends the sign-in
// first; beforeView then connects as a guest.
func (c *connection) onRetry(goapp.Context, goapp.Event) {
	if c.signInRefused() {
		c.asGuest = true
		id := c.signIn.SignInID
		spawn(func() { c.auth.End(id, "") })
	} else {
		c.client.Retry()
	}
	focusComposer() // the focus must not be lost: the button disappears
}

// beforeView runs before v is shown:
//   - If the user has chosen to go on as a guest, and the sign-in has ended by now, it connects as a guest.
//   - It begins the countdown to the next attempt to connect, if that attempt is a second away or more. It ends the
//     countdown when the attempt begins.
func (c *connection) beforeView(v *client.View) {
	if c.asGuest && v.Status == client.SignedOut {
		c.asGuest = false
		c.client.Retry()
	}
	long := c.countingDown || time.Until(v.NextTry) >= time.Second
	waits := v.Status == client.Reconnecting && !v.NextTry.IsZero() && long
	if c.countingDown && !waits && dom.Active().Get("id").String() == retryID {
		focusComposer()
	}
	c.countingDown = waits
}

// refresh writes the seconds until the next attempt to connect. next is the time after which the number of seconds changes:
// refresh must then be called again. If the number will not change any more, next is 0.
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
