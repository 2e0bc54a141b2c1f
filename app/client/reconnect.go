package client

import (
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// close ends the current link and the probe. The rooms then count as not joined, and entries without an answer are sent
// again.
func (e *engine) close(now clock.Moment) {
	l := e.links.current
	e.connection.onClose(l != nil && l.welcomed, now)
	if l != nil && l.welcomed && now.Since(l.since) >= stableAfter {
		e.retry.stable()
		e.identity.renewals = 0
	}
	e.links.hangUp()
	e.sender.disconnected()
	e.rooms.shown.Joined = false
	e.rooms.forgetLink()
}

// After each checkAfter failed attempts to connect in a row, the client asks which protocol the server speaks.
const checkAfter = 3

// A protocolCheck asks which protocol the server speaks when connecting has failed several times. A server that speaks
// another protocol accepts no connection of this client, and a browser reports that as it reports any other failure. The
// client goes on trying to connect after every answer, because another server behind the same address may speak its
// protocol.
type protocolCheck struct {
	ask        func() string // Config.Protocol
	mailbox    *mailbox
	links      *links
	connection *connection
}

// afterFailures asks which protocol the server speaks, if failures, the number of failed attempts in a row, is a
// multiple of checkAfter.
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
