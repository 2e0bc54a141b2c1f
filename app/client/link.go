package client

import (
	"context"
	"errors"
	"iter"
	"time"

	"mayfly/app/client/transport"
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// A link is one attempt to connect, and the connection that it becomes.
type link struct {
	ctx     context.Context // done once the link is closed
	cancel  context.CancelFunc
	polls   bool           // it stands on the lower rung
	conn    transport.Conn // nil while dialling
	started clock.Moment   // when dialling began
	greeted clock.Moment   // when hello was sent
	heard   clock.Moment   // when anything last came

	asked       bool // for credentials, which came; dialling begins then
	credentials Credentials
	renewals    int // how many tokens in a row the server refused as old

	aside    map[string]*aside // rooms that are joined only to send something there
	brought  []wire.Frame      // while it is a probe
	welcomed bool
	since    clock.Moment // when welcome came
	silence  time.Duration
}

// An event is what a link's goroutine tells the loop: there are credentials, it opened, it brought a message, or it ended.
type event struct {
	link        *link
	credentials *Credentials
	conn        transport.Conn
	message     []byte
	err         error
}

// again is a join that is to be repeated.
type again struct {
	from clock.Moment
	wait time.Duration
}

// errQuiet and errUnsure are why the loop itself gives a connection up.
var (
	errQuiet  = errors.New("the server is silent")
	errUnsure = errors.New("the time is in doubt")
)

// connect begins an attempt.
func (s *Client) connect(now clock.Moment) {
	dial := s.dial
	if s.ladder.polls {
		dial = s.polls
	}
	s.link = s.begin(dial, now, s.refusedToken)
	s.link.polls = s.ladder.polls
	s.changed = true
	s.refusedToken = "" // said once: how often others are asked for is not the session's business
}

// begin begins a link.
func (s *Client) begin(dial transport.Dial, now clock.Moment, refused string) *link {
	ctx, cancel := context.WithCancel(context.Background()) // letGo ends it, after a proper close
	l := &link{ctx: ctx, cancel: cancel, started: now, aside: map[string]*aside{}}
	s.work.Go(func() { s.read(l, dial, refused) })
	return l
}

// tell leaves the loop an event of a link, unless it has given that up.
func (s *Client) tell(l *link, e event) {
	e.link = l
	select {
	case s.events <- e:
	case <-l.ctx.Done():
	}
}

// read asks who the person is, dials and tells the loop all that comes, until the connection ends or the loop gives it up.
func (s *Client) read(l *link, dial transport.Dial, refused string) {
	c, err := s.signIn.Token(l.ctx, refused)
	if err != nil {
		s.tell(l, event{err: errNoToken})
		return
	}
	s.tell(l, event{credentials: &c})
	conn, err := dial(l.ctx)
	if err != nil {
		s.tell(l, event{err: err})
		return
	}
	defer conn.Close(wire.CloseNormal, "") // also if it was given up while it opened
	s.tell(l, event{conn: conn})
	for {
		message, err := conn.Read(l.ctx)
		if err != nil {
			s.tell(l, event{err: err})
			return
		}
		s.tell(l, event{message: message})
	}
}

// handle takes one event in. Those of a link that was given up are ignored.
func (s *Client) handle(e event) {
	now := s.moment()
	s.watch(now) // first of all: after a sleep, what lay about meanwhile is no sign of life
	l := s.link
	switch {
	case e.link == s.probe:
		s.probed(e, now)
	case e.link != l:
	case e.err != nil:
		s.lost(e.err)
	case e.credentials != nil:
		s.identified(*e.credentials, now)
	case e.conn != nil:
		l.conn, l.greeted, l.heard = e.conn, now, now
		s.write(s.hello(l))
	default:
		l.heard = now
		for f := range frames(e.message) {
			s.frame(f, now)
			if s.link != l {
				return
			}
		}
	}
}

// frames yields the frames of a message but those that are of a newer server, or none of ours.
func frames(message []byte) iter.Seq[wire.Frame] {
	return func(yield func(wire.Frame) bool) {
		for line := range wire.Split(message) {
			if f, err := wire.Decode(line); err == nil && !yield(f) {
				return
			}
		}
	}
}

// frame takes one frame in.
func (s *Client) frame(f wire.Frame, now clock.Moment) {
	switch f := f.(type) {
	case wire.Welcome:
		s.welcome(f, now)
	case wire.Beat:
		s.beat(f, now)
		return
	case wire.Bye:
		s.bye(f, now)
		return
	case wire.Accepted:
		s.outbox.Drop(f.Room, f.ID)
	case wire.Posted:
		s.arrived(f.Room, f.Message)
	case wire.Joined:
		s.link.asideJoined(f)
		for _, m := range f.Messages {
			s.arrived(f.Room, m)
		}
	case wire.Refused:
		s.refused(f, now)
	case wire.Expiring:
		s.signIn.Wake()
		s.ask("") // it may have been renewed without a word of it
		return
	case wire.Authed:
		s.link.renewals = 0
	}
	s.view = s.view.Apply(f, s.clock.now(now))
	s.changed = true
}

func (s *Client) welcome(f wire.Welcome, now clock.Moment) {
	l := s.link
	s.clock = welcomed(f.Now, now.Since(l.greeted), now)
	beat := wire.BeatEvery
	if f.BeatMS > 0 {
		beat = time.Duration(f.BeatMS) * time.Millisecond
	}
	l.welcomed, l.since, l.silence = true, now, beat+wire.BeatGrace
	if l.polls {
		s.ladder.polled(now)
	}
	s.gone = nil
	s.restarting, s.view.Outdated = false, false
	s.persister.Want() // what was left may be of the person whose id is known now
	if l.credentials.Token != "" {
		s.ask("") // it may have been renewed while the connection opened
	}
}

// beat sets the clock, and asks again for what got lost on the way.
func (s *Client) beat(f wire.Beat, now clock.Moment) {
	clock, ok := s.clock.beat(f.Now, now)
	if !ok {
		s.lost(errUnsure)
		return
	}
	s.changed = s.changed || clock != s.clock // the time left is counted by it
	s.clock = clock
	if s.view.Joined && f.Heads[s.view.Room] > s.view.cursor.Seq {
		s.join()
	}
}

// bye ends the link as the server says.
func (s *Client) bye(f wire.Bye, now clock.Moment) {
	c := s.link.credentials
	s.ladder.young = 0
	s.close(now)
	s.restarting = f.Code == wire.CodeRestart
	if !s.retry.after(f, now) {
		if f.Reason == wire.ReasonTokenKeyUnknown { // the server may not have that key yet, or the provider not any more
			if c.Token == s.unknownToken {
				s.refusedToken = c.Token
			}
			s.unknownToken = c.Token
		}
		return
	}
	if f.Message == "" {
		f.Message = "The server has ended the connection."
	}
	signing := f.Code == wire.CodeAuth || f.Code == wire.CodeForbidden
	switch {
	case signing && c.Token != "" && s.turnedAway(c, f.Next, f.Message, &s.renewals):
		s.refusedToken = c.Token
		s.retry.Failed(0, now)
	case f.Reason == wire.ReasonAnonymousOff:
		s.end(NoGuests, f.Message)
	default:
		s.end(Ended, f.Message)
	}
}

// end makes the session wait until Retry, or until somebody signs in.
func (s *Client) end(as Status, why string) {
	s.ended, s.endedAs, s.gone, s.changed = why, as, nil, true
}

// arrived forgets the letter that m was, if it is one of ours.
func (s *Client) arrived(room string, m wire.Message) {
	if m.User.ID == s.view.Me.ID {
		s.outbox.Drop(room, m.ID)
	}
}

func (s *Client) refused(f wire.Refused, now clock.Moment) {
	retry := time.Duration(f.RetryMS) * time.Millisecond
	switch {
	case f.Re == "auth":
		s.authRefused(f, now)
	case f.Re == "post":
		s.outbox.Refuse(f, retry, now)
	case s.link.asideRefused(f, now):
	case f.Room == s.view.Room && retry > 0:
		s.rejoin = &again{from: now, wait: retry}
	}
}

// watch gives up a connection on which nothing came for too long.
func (s *Client) watch(now clock.Moment) {
	switch l := s.link; {
	case l == nil, !l.asked: // to get credentials may take longer, and has an end of its own
	case !l.welcomed && now.Since(l.heard) >= s.patience(l):
		s.lost(errQuiet)
	case l.welcomed && now.Since(l.heard) >= l.silence:
		s.lost(errQuiet)
	}
}

// patience returns how long l may be silent before welcome.
func (s *Client) patience(l *link) time.Duration {
	if !l.polls && s.polls != nil {
		return blockedAfter
	}
	return welcomeTimeout
}

// lost ends the link and sets when the next attempt begins.
func (s *Client) lost(err error) {
	now := s.moment()
	if s.link != nil && !s.link.welcomed {
		s.restarting = false // it should have been back by now
	}
	if closed, ok := err.(*wire.ClosedError); ok {
		switch closed.Code {
		case wire.CloseTooBig:
			s.outbox.FailSent()
		case wire.CloseAuth, wire.CloseForbidden: // and the bye was lost
			if s.link != nil && s.link.credentials.Token != "" {
				s.bye(wire.Bye{Code: wire.CodeAuth, Next: wire.NextRenew}, now)
				return
			}
		}
	}
	s.noToken = err == errNoToken
	if s.link != nil && s.polls != nil {
		s.ladder.fell(s.link, err, now)
	}
	s.close(now)
	s.retry.Failed(0, now)
	s.suspect()
}

// close ends the link and what hung on it.
func (s *Client) close(now clock.Moment) {
	if l := s.link; l != nil && l.welcomed {
		s.gone = &now
		if now.Since(l.since) >= stableAfter {
			s.retry.stable()
			s.renewals = 0
		}
	}
	s.hangUp()
	s.outbox.Disconnected()
	s.view.Joined, s.rejoin, s.reauth = false, nil, nil
	s.tried, s.changed = true, true
}

// hangUp lets go of the link, and of the probe beside it.
func (s *Client) hangUp() {
	s.letGo(s.link)
	s.letGo(s.probe)
	s.link, s.probe = nil, nil
}

// letGo closes a connection, or stops an attempt, without waiting for either.
func (s *Client) letGo(l *link) {
	switch {
	case l == nil:
	case l.conn == nil:
		l.cancel()
	default:
		s.work.Go(func() {
			l.conn.Close(wire.CloseNormal, "")
			l.cancel()
		})
	}
}
