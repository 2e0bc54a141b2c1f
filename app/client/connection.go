package client

import (
	"time"

	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// outageGrace is how long an outage is not shown: most are over sooner.
const outageGrace = 2 * time.Second

// Status is how the client stands with the server, shown calmly: an outage of less than two seconds is still Online.
type Status int

// The states of a client.
const (
	Connecting   Status = iota // for the first time
	Online                     // the server has said welcome
	Reconnecting               // the connection was lost; NextTry says when the next attempt begins
	Offline                    // the same: the device says that it has no network, or there is no token without one
	Restarting                 // the same, and the server said that it restarts
	Ended                      // for good: View.Ended says why. Only Client.Retry tries again
	SignedOut                  // the same, because the sign-in has ended: Retry goes on as a guest
	NoGuests                   // the same, because the server wants everyone to sign in
)

// A connection says how the client stands with the server, as it is shown. It is a state machine without I/O.
type connection struct {
	tried      bool          // an attempt has ended
	lostAt     *clock.Moment // when the connection was lost that is still shown as there; nil: none is
	noNetwork  bool          // the device says so
	noToken    bool          // the last attempt failed because there was no token
	restarting bool          // the server said so
	outdated   bool          // the server does not speak our protocol any more
	ended      Problem       // why the client waits for the user; zero: it does not
	endedAs    Status
}

// status returns how it is shown. welcomed says whether there is a connection.
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

// onClose runs when a connection or an attempt has ended; welcomed says which.
func (c *connection) onClose(welcomed bool, now clock.Moment) {
	c.tried = true
	if welcomed {
		c.lostAt = &now
	}
}

// onBye runs when the server has said why it ends the connection.
func (c *connection) onBye(code wire.Code) { c.restarting = code == wire.CodeRestart }

// end makes the client wait until Retry, or until somebody signs in.
func (c *connection) end(as Status, why Problem) { c.ended, c.endedAs, c.lostAt = why, as, nil }

// resume ends that wait.
func (c *connection) resume() { c.ended = Problem{} }

// waits reports whether the client waits for the user.
func (c *connection) waits() bool { return c.ended != Problem{} }

// tick shows an outage that lasts.
func (c *connection) tick(now clock.Moment) {
	if c.untilShown(now) <= 0 {
		c.lostAt = nil
	}
}

// untilShown returns how long it is until an outage is shown, at least outageGrace if there is none.
func (c *connection) untilShown(now clock.Moment) time.Duration {
	if c.lostAt == nil {
		return outageGrace
	}
	return outageGrace - now.Since(*c.lostAt)
}
