package session

import (
	"context"
	"errors"
	"time"

	"mayfly/shared/wire"
)

// A link is one attempt to connect, and the connection that it becomes.
type link struct {
	ctx     context.Context // done once the link is closed
	cancel  context.CancelFunc
	conn    Conn   // nil while dialling
	started moment // when dialling began
	hello   moment // when hello was sent
	heard   moment // when anything last came

	welcomed bool
	since    moment // when welcome came
	silence  time.Duration
}

// An event is what a link's goroutine tells the loop: it opened, it brought a message, or it ended.
type event struct {
	link    *link
	conn    Conn
	message []byte
	err     error
}

// again is a join that is to be repeated.
type again struct {
	from moment
	wait time.Duration
}

// errQuiet and errUnsure are why the loop itself gives a connection up.
var (
	errQuiet  = errors.New("the server is silent")
	errUnsure = errors.New("the time is in doubt")
)

// connect begins an attempt.
func (s *Session) connect(now moment) {
	ctx, cancel := context.WithCancel(context.Background()) // hangUp ends it, after a proper close
	l := &link{ctx: ctx, cancel: cancel, started: now}
	s.link = l
	s.changed = true
	s.work.Go(func() { s.read(l) })
}

// read dials and tells the loop all that comes, until the connection ends or the loop gives it up.
func (s *Session) read(l *link) {
	tell := func(e event) {
		e.link = l
		select {
		case s.events <- e:
		case <-l.ctx.Done():
		}
	}
	conn, err := s.dial(l.ctx)
	if err != nil {
		tell(event{err: err})
		return
	}
	defer conn.Close(wire.CloseNormal, "") // also if it was given up while it opened
	tell(event{conn: conn})
	for {
		message, err := conn.Read(l.ctx)
		if err != nil {
			tell(event{err: err})
			return
		}
		tell(event{message: message})
	}
}

// handle takes one event in. Those of a link that was given up are ignored.
func (s *Session) handle(e event) {
	now := s.moment()
	s.watch(now) // first of all: after a sleep, what lay about meanwhile is no sign of life
	l := s.link
	if e.link != l {
		return
	}
	switch {
	case e.err != nil:
		s.lost(e.err)
	case e.conn != nil:
		l.conn, l.hello, l.heard = e.conn, now, now
		hello := wire.Hello{Client: s.client, Guest: &s.guest}
		if s.view.Room != "" {
			hello.Rooms = []wire.Join{s.request()}
		}
		s.write(hello)
	default:
		l.heard = now
		for line := range wire.Split(e.message) {
			f, err := wire.Decode(line)
			if err != nil { // of a newer server, or none of ours: skipped
				continue
			}
			s.frame(f, now)
			if s.link != l {
				return
			}
		}
	}
}

// frame takes one frame in.
func (s *Session) frame(f wire.Frame, now moment) {
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
		s.outbox.drop(f.Room, f.ID)
	case wire.Posted:
		s.arrived(f.Room, f.Message)
	case wire.Joined:
		for _, m := range f.Messages {
			s.arrived(f.Room, m)
		}
	case wire.Refused:
		s.refused(f, now)
	}
	s.view = s.view.Apply(f, s.clock.now(now))
	s.changed = true
}

func (s *Session) welcome(f wire.Welcome, now moment) {
	l := s.link
	s.clock = welcomed(f.Now, now.since(l.hello), now)
	beat := wire.BeatEvery
	if f.BeatMS > 0 {
		beat = time.Duration(f.BeatMS) * time.Millisecond
	}
	l.welcomed, l.since, l.silence = true, now, beat+wire.BeatGrace
	s.gone = nil
	s.restarting = false
}

// beat sets the clock, and asks again for what got lost on the way.
func (s *Session) beat(f wire.Beat, now moment) {
	clock, ok := s.clock.beat(f.Now, now)
	if !ok {
		s.lost(errUnsure)
		return
	}
	s.clock = clock
	if s.view.Joined && f.Heads[s.view.Room] > s.view.cursor.Seq {
		s.join()
	}
}

// bye ends the link as the server says.
func (s *Session) bye(f wire.Bye, now moment) {
	s.close(now)
	if s.retry.after(f, now) {
		s.ended = f.Message
		if s.ended == "" {
			s.ended = "The server has ended the connection."
		}
		s.gone = nil
	}
	s.restarting = f.Code == wire.CodeRestart
}

// arrived forgets the letter that m was, if it is one of ours.
func (s *Session) arrived(room string, m wire.Message) {
	if m.User.ID == s.view.Me.ID {
		s.outbox.drop(room, m.ID)
	}
}

func (s *Session) refused(f wire.Refused, now moment) {
	retry := time.Duration(f.RetryMS) * time.Millisecond
	switch {
	case f.Re == "post":
		s.outbox.refuse(f, retry, now)
	case f.Room == s.view.Room && retry > 0:
		s.rejoin = &again{from: now, wait: retry}
	}
}

// watch gives up a connection on which nothing came for too long.
func (s *Session) watch(now moment) {
	switch l := s.link; {
	case l == nil:
	case !l.welcomed && now.since(l.started) >= welcomeTimeout:
		s.lost(errQuiet)
	case l.welcomed && now.since(l.heard) >= l.silence:
		s.lost(errQuiet)
	}
}

// lost ends the link and sets when the next attempt begins.
func (s *Session) lost(err error) {
	now := s.moment()
	if s.link != nil && !s.link.welcomed {
		s.restarting = false // it should have been back by now
	}
	if closed, ok := err.(*wire.ClosedError); ok && closed.Code == wire.CloseTooBig {
		s.outbox.tooBig()
	}
	s.close(now)
	s.retry.backOff(now)
}

// close ends the link and what hung on it.
func (s *Session) close(now moment) {
	if l := s.link; l != nil && l.welcomed {
		s.gone = &now
		if now.since(l.since) >= stableAfter {
			s.retry.stable()
		}
	}
	s.hangUp()
	s.outbox.disconnected()
	s.view.Joined, s.rejoin = false, nil
	s.tried, s.changed = true, true
}

// hangUp closes the connection, or stops the attempt, without waiting for either.
func (s *Session) hangUp() {
	l := s.link
	s.link = nil
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
