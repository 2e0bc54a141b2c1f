package client

import (
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// close ends the link and what depends on it.
func (e *engine) close(now clock.Moment) {
	l := e.links.current
	e.connection.onClose(l != nil && l.welcomed, now)
	if l != nil && l.welcomed && now.Since(l.since) >= stableAfter {
		e.retry.stable()
		e.identity.renewals = 0
	}
	e.links.hangUp()
	e.sender.outbox.Disconnected()
	e.rooms.shown.Joined = false
	e.rooms.forgetLink()
}

// checkAfter is after how many failed attempts, each time, the client asks which protocol the server speaks.
const checkAfter = 3

// A protocolCheck asks which protocol the server speaks if connecting has failed for long enough. A server of another
// version does no harm, but one that speaks another protocol lets nobody in who speaks ours, and a browser can't tell that
// from any other failure. The attempts go on: it may have been one server of several.
type protocolCheck struct {
	ask        func() string // Config.Protocol
	mailbox    *mailbox
	links      *links
	connection *connection
}

// afterFailures asks after so many failed attempts, if it is time.
func (c *protocolCheck) afterFailures(failures int) {
	if c.ask == nil || failures%checkAfter != 0 {
		return
	}
	c.mailbox.work.Go(func() {
		protocol := c.ask()
		c.mailbox.do(func() {
			if protocol != "" && !c.links.welcomed() {
				c.connection.outdated = protocol != wire.Subprotocol
			}
		})
	})
}
