package client

import (
	"slices"
	"time"

	"mayfly/app/client/transport"
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// When the ladder takes a network for one that lets no WebSocket through, and when it looks whether it still is.
const (
	blockedAfter = 4 * time.Second // for which an attempt by WebSocket shows no sign of life, and the next one polls
	tooYoung     = 3               // connections in a row that lived for less than stableAfter and ended without a word: the same
	climbSoon    = 3 * time.Second // after polls came where WebSockets were refused, until one is tried: the server was away, perhaps
	climbLater   = 5 * time.Minute // and after polls came otherwise, or another one was in vain
)

// A ladder has two rungs: WebSocket, and below it polls, which pass where that is blocked. It says which one the next connection
// stands on. While that is the lower one, a probe beside it tries the upper one now and then, and takes over if it holds.
type ladder struct {
	polls   bool // the next attempt polls
	young   int  // connections by WebSocket in a row that ended young, without a word
	refused bool // the last of them never opened
	from    clock.Moment
	wait    time.Duration // from then, until the next probe
	doubt   bool          // the network has changed under the polls: if nothing else works there, they begin anew
}

// fell takes in that l ended and the server did not say why.
func (a *ladder) fell(l *link, err error, now clock.Moment) {
	switch {
	case err == errNoToken, err == errUnsure: // no fault of the network's
	case l.polls:
		a.polls = l.welcomed // else the server may be away, and be back first where everybody looks for it
	case l.welcomed && now.Since(l.since) >= stableAfter:
		a.young = 0
	case err == errQuiet:
		a.polls, a.refused = true, false
	default:
		a.young++
		a.refused = l.conn == nil
		a.polls = a.young >= tooYoung
	}
}

// await sets when the next probe begins.
func (a *ladder) await(now clock.Moment, wait time.Duration) { a.from, a.wait = now, wait }

// polled takes in that polls have connected.
func (a *ladder) polled(now clock.Moment) {
	if a.refused {
		a.await(now, climbSoon)
	} else {
		a.await(now, climbLater)
	}
}

// climb begins a probe when it is due, and ends one that takes too long.
func (s *Client) climb(now clock.Moment) {
	switch l := s.link; {
	case s.probe != nil && now.Since(s.probe.started) >= welcomeTimeout:
		s.slip(now)
	case s.probe == nil && l != nil && l.polls && l.welcomed && now.Since(s.ladder.from) >= s.ladder.wait:
		s.probe = s.begin(s.dial, now, "")
	}
}

// slip gives the probe up: the polls go on.
func (s *Client) slip(now clock.Moment) {
	s.letGo(s.probe)
	s.probe = nil
	s.ladder.await(now, climbLater)
	if s.ladder.doubt {
		s.ladder.doubt = false
		s.close(now)
		s.retry.Now(now)
	}
}

// probed takes in one event of the probe. It must say all that a hello asks for before it takes over, so that nobody sees it.
func (s *Client) probed(e event, now clock.Moment) {
	l := s.probe
	switch {
	case e.err != nil:
		s.slip(now)
	case e.credentials != nil:
		if l.asked, l.credentials = true, *e.credentials; l.credentials.Session != s.link.credentials.Session {
			s.slip(now) // who one is changes now: that begins a connection anyway
		}
	case e.conn != nil:
		l.conn, l.greeted = e.conn, now
		if err := l.conn.Write(wire.Encode(s.hello(l))); err != nil {
			s.slip(now)
		}
	default:
		l.heard = now
		l.brought = slices.AppendSeq(l.brought, frames(e.message))
		if s.holds(l) {
			s.step(now)
		}
	}
}

// holds reports whether l, a probe, has brought what a hello asks for. A room that one is in must go on where it is.
func (s *Client) holds(l *link) bool {
	welcome, joined := false, s.view.Room == ""
	for _, f := range l.brought {
		switch f := f.(type) {
		case wire.Welcome:
			welcome = true
		case wire.Joined:
			joined = joined || f.Room == s.view.Room && (f.Resumed || !s.view.Joined)
		}
	}
	return welcome && joined
}

// step makes the probe the session's connection. What is on its way by a poll goes out once more: its id tells that it is the
// same. Should the probe end soon, the next connection polls again at once.
func (s *Client) step(now clock.Moment) {
	l := s.probe
	s.letGo(s.link)
	s.link, s.probe = l, nil
	s.outbox.Disconnected()
	s.rejoin, s.reauth = nil, nil
	s.ladder = ladder{young: tooYoung - 1}
	s.retry.stable() // nothing has failed
	for _, f := range l.brought {
		said := []wire.Frame{f}
		if joined, ok := f.(wire.Joined); ok && s.view.Joined {
			said = transport.Missed(joined)
		}
		for _, f := range said {
			if s.link == l {
				s.frame(f, now)
			}
		}
	}
	l.brought = nil
}

// roam takes in that the device has a network again, perhaps another one, on which nothing is known to be blocked. A connection
// from before may be dead without a sign. One by polls is left in its place for as long as it takes to see who can do better.
func (s *Client) roam(now clock.Moment) {
	if s.link == nil || !s.link.polls || !s.link.welcomed {
		s.ladder = ladder{}
		s.close(now)
		return
	}
	s.letGo(s.probe) // it is of the old network
	s.probe = nil
	s.ladder.doubt = true
	s.ladder.await(now, 0)
}
