package client

import (
	"time"

	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// frames returns the frames in message. It leaves out frames that this client does not know.
func frames(message []byte) (list []wire.Frame) {
	for line := range wire.Split(message) {
		if f, err := wire.Decode(line); err == nil {
			list = append(list, f)
		}
	}
	return list
}

// frame handles one frame of the current link.
func (e *engine) frame(f wire.Frame, now clock.Moment) {
	switch f := f.(type) {
	case wire.Welcome:
		e.onWelcome(f, now)
	case wire.Beat:
		e.onBeat(f, now)
		return
	case wire.Bye:
		e.onBye(f, now)
		return
	case wire.Accepted:
		e.sender.outbox.Drop(f.Room, f.ID)
	case wire.Posted:
		e.sender.onMessage(f.Room, f.Message)
	case wire.Joined:
		for _, m := range f.Messages {
			e.sender.onMessage(f.Room, m)
		}
	case wire.Refused:
		e.onRefused(f, now)
	case wire.Expiring:
		e.links.tokens.Wake()
		e.links.ask("") // perhaps the TokenSource has a newer token already, which Client.Identify has not announced yet
		return
	case wire.Authed:
		e.links.current.renewals = 0
		e.identity.me = f.User
		e.identity.nickname.onAuthed(f.User)
	case wire.Reacted:
		e.sender.acts.onReacted(f, now)
	}
	e.rooms.apply(f, e.server.now(now))
}

func (e *engine) onWelcome(f wire.Welcome, now clock.Moment) {
	l := e.links.current
	e.server = welcomed(f.Now, now.Since(l.greeted), now)
	beat := wire.BeatEvery
	if f.BeatMS > 0 {
		beat = time.Duration(f.BeatMS) * time.Millisecond
	}
	l.welcomed, l.since, l.silence = true, now, beat+wire.BeatGrace
	if l.polls {
		e.fallback.pollsConnected(now)
	}
	e.connection.onWelcome()
	e.identity.me, e.identity.mayPost = f.User, f.MayPost
	e.identity.rules = Rules{Limits: f.Limits, Lives: f.TTL, Emoji: f.Reactions}
	e.sender.persister.Want() // the user is known now: adopt the records that this user's closed tabs left
	if l.credentials.Token != "" {
		e.links.ask("") // the token may have been renewed while the connection opened
	}
}

// onBeat runs when a beat comes. It corrects the estimate of the server's clock. If the beat shows that messages of a room
// got lost on the way, it joins that room again to get them.
func (e *engine) onBeat(f wire.Beat, now clock.Moment) {
	server, ok := e.server.beat(f.Now, now)
	if !ok {
		e.lost(errUnsure)
		return
	}
	e.server = server
	for _, r := range e.rooms.misses(f.Heads) {
		e.links.write(r.Join())
	}
}

// onBye runs when a bye has come from the server. It ends the link. Then, as f asks, it either schedules the next attempt to
// connect, or makes the client wait until the user does something.
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
	case signing && c.Token != "" && e.credentialsRefused(c, f, &e.identity.renewals):
		e.identity.refusedToken = c.Token
		e.retry.Failed(0, now)
	case f.Reason == wire.ReasonAnonymousOff:
		e.connection.end(NoGuests, why)
	default:
		e.connection.end(Ended, why)
	}
}

func (e *engine) onRefused(f wire.Refused, now clock.Moment) {
	retry := time.Duration(f.RetryMS) * time.Millisecond
	switch f.Re {
	case "auth":
		e.onAuthRefused(f, now)
	case "post":
		e.sender.onRefused(f, retry, now)
	case "react", "remove":
		if e.sender.acts.onRefused(f, now) {
			e.sender.notify(f)
		}
	case "moderate":
		e.sender.notify(f)
	case "rename":
		e.identity.nickname.onRefused()
		e.sender.notify(f)
	case "join", "hello":
		e.rooms.onRefused(f, retry, now)
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
			if l != nil && l.credentials.Token != "" {
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
