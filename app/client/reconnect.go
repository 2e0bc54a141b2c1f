package client

import (
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// onBye runs when a bye has come from the server, or a close code whose bye was lost. It ends the link. Then, as f asks, it
// either schedules the next attempt to connect, or makes the client wait until the user does something.
func (e *engine) onBye(f wire.Bye, now clock.Moment) {
	c := e.links.current.credentials
	e.fallback.young = 0
	e.close(now)
	e.connection.onBye(f.Code)
	if !e.retry.scheduleAfter(f, now) {
		if f.Reason == wire.ReasonTokenKeyUnknown {
			e.identity.onUnknownKey(c.Token)
		}
		return
	}
	why := Problem{Code: Code(f.Reason), Message: f.Message}
	if f.Reason == "" {
		why.Code = Code(f.Code)
	}
	if f.Message == "" {
		why = Problem{Code: EndedByServer}
	}
	signing := f.Code == wire.CodeAuth || f.Code == wire.CodeForbidden
	switch {
	case signing && c.SignInID != "" && e.credentialsRefused(c, f, &e.identity.renewals):
		e.identity.refusedToken = c.Token
		e.retry.Failed(0, now)
	case f.Reason == wire.ReasonAnonymousOff:
		e.connection.end(NoGuests, why)
	default:
		e.connection.end(Ended, why)
	}
}

// lost ends the current link, which has failed with err, and schedules the next attempt to connect.
func (e *engine) lost(err error) {
	now, l := e.clock(), e.links.current
	if l != nil && !l.welcomed {
		e.connection.restarting = false // this attempt failed, too: the page shows Reconnecting instead of Restarting
	}
	if closed, ok := err.(*wire.ClosedError); ok {
		switch closed.Code {
		case wire.CloseTooBig:
			e.sender.outbox.FailSent()
		case wire.CloseAuth, wire.CloseForbidden: // a bye should have come, too, but got lost: get another token
			if l != nil && l.credentials.SignInID != "" {
				e.onBye(wire.Bye{Code: wire.CodeAuth, Next: wire.NextRenew}, now)
				return
			}
		}
	}
	e.connection.noToken = err == errNoToken
	if l != nil && e.links.polls != nil {
		e.fallback.transportFailed(l, err, now)
	}
	e.close(now)
	e.retry.Failed(0, now)
	e.protocol.afterFailures(e.retry.Failures())
}
