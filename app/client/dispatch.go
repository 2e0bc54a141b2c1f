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

// onBeat runs when a beat comes. It corrects the estimate of the server's clock, or ends the link if the estimate may be
// wrong. If the beat shows that events of a room got lost on the way, onBeat joins that room again to get them.
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
