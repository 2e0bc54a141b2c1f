package client

import "mayfly/shared/wire"

// checkAfter is how many attempts to connect must fail, without a stable connection in between, before the client asks
// which protocol the server speaks. After each further checkAfter failures, the client asks again.
const checkAfter = 3

// A protocolCheck asks which protocol the server speaks, after several attempts to connect have failed. A server that
// speaks another protocol accepts no connection of this client, but the browser does not tell the client why a connection
// failed. The client goes on trying after any answer: another server behind the same address may speak this client's
// protocol.
type protocolCheck struct {
	ask        func() string // Config.Protocol, which asks the server; nil: the client never asks
	mailbox    *mailbox
	links      *links
	connection *connection
}

// afterFailures runs after an attempt to connect has failed. failures is the number of failures since the last stable
// connection. If it is a multiple of checkAfter, afterFailures asks which protocol the server speaks.
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
