package client

import (
	"time"

	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// outageGrace is how long an outage lasts before the page shows it: most outages are over sooner.
const outageGrace = 2 * time.Second

// A connection decides which Status is shown. It is a state machine without I/O.
type connection struct {
	tried bool // an attempt to connect has ended
	// when the connection was lost; nil: there is no outage, or the page shows it already
	lostAt    *clock.Moment
	noNetwork bool // the device says that it has no network
	// when the client asked the server for an answer, because the device said that it has no network; nil: the client
	// waits for no such answer
	asked      *clock.Moment
	noToken    bool    // the last attempt failed because there was no token
	restarting bool    // the server said that it restarts
	outdated   bool    // the server no longer speaks the version of the protocol that this client speaks
	ended      Problem // why the client waits for the user; zero: it does not wait
	endedAs    Status  // the Status to show while the client waits for the user
}

// status returns the Status to show. welcomed is true if the server has said welcome on the current connection.
func (c *connection) status(welcomed bool) Status {
	switch {
	case c.waits():
		return c.endedAs
	case welcomed, c.lostAt != nil:
		return Online
	case c.noNetwork, c.noToken:
		return Offline
	case c.restarting:
		return Restarting
	case !c.tried:
		return Connecting
	}
	return Reconnecting
}

// onWelcome runs when the server has said welcome.
func (c *connection) onWelcome() { c.lostAt, c.restarting, c.outdated = nil, false, false }

// onClose runs when a connection or an attempt to connect has ended. welcomed is true if the server had said welcome on it.
func (c *connection) onClose(welcomed bool, now clock.Moment) {
	c.tried, c.asked = true, nil
	if welcomed {
		c.lostAt = &now
	}
}

// onBye runs when the server has said bye; code says why the connection ends.
func (c *connection) onBye(code wire.Code) { c.restarting = code == wire.CodeRestart }

// end makes the client wait, without trying to connect, until the user calls Client.Retry or signs in. status is the Status
// to show until then, and why is the reason.
func (c *connection) end(status Status, why Problem) { c.ended, c.endedAs, c.lostAt = why, status, nil }

// resume undoes the method end: the client no longer waits for the user, and tries to connect again.
func (c *connection) resume() { c.ended = Problem{} }

// waits reports whether the client waits for the user.
func (c *connection) waits() bool { return c.ended != Problem{} }

// tick clears lostAt if an outage has lasted for outageGrace. From then on, the method status no longer returns Online, and
// the page shows the outage.
func (c *connection) tick(now clock.Moment) {
	if c.untilShown(now) <= 0 {
		c.lostAt = nil
	}
}

// answerTimeout is how long the client waits for an answer from the server after the device has said that it has no
// network. Without an answer in this time, the client gives up the connection.
const answerTimeout = 3 * time.Second

// unanswered reports whether the client has asked the server for an answer and got none within answerTimeout.
func (c *connection) unanswered(now clock.Moment) bool {
	return c.asked != nil && now.Since(*c.asked) >= answerTimeout
}

// untilShown returns the time until the page must show the present outage. If there is no outage, or if the page shows it
// already, untilShown returns outageGrace.
func (c *connection) untilShown(now clock.Moment) time.Duration {
	if c.lostAt == nil {
		return outageGrace
	}
	return outageGrace - now.Since(*c.lostAt)
}
