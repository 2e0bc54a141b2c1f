package client

import (
	"context"
	"errors"
	"sync"
	"time"

	"mayfly/app/client/transport"
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

const (
	welcomeTimeout = 10 * time.Second // from dialling until welcome must have come, or any other sign of life
	blockedAfter   = 4 * time.Second  // the same by WebSocket, if the client can poll instead
)

// Why a client gives a link up itself.
var (
	errNoToken = errors.New("somebody is signed in, but no token can be had")
	errSilent  = errors.New("the server is silent")
	errUnsure  = errors.New("the time is in doubt")
)

// links are the connections of a client: the current one and, while it polls, the probe beside it. Each has a goroutine that
// tells the loop what happens.
type links struct {
	dial   transport.Dial  // static
	polls  transport.Dial  // static
	tokens TokenSource     // static
	work   *sync.WaitGroup // static; the goroutines
	events chan event      // static

	current *link // nil between two attempts
	probe   *link // nil while there is none
}

// A link is one attempt to connect, and the connection that it becomes.
type link struct {
	ctx       context.Context // done once the link is closed
	cancel    context.CancelFunc
	polls     bool           // not a WebSocket
	conn      transport.Conn // nil while dialling
	started   clock.Moment   // when dialling began
	greeted   clock.Moment   // when hello was sent
	lastFrame clock.Moment   // when the last frame came

	identified  bool // credentials came; dialling begins then
	credentials Credentials
	renewals    int        // how many tokens in a row the server refused as old
	reauth      *scheduled // the server was not ready for a token; nil: it was

	brought  []wire.Frame // while it is a probe
	welcomed bool
	since    clock.Moment  // when welcome came
	silence  time.Duration // for how long nothing may come
}

// An event is what a link's goroutine tells the loop: there are credentials, it opened, it brought a message, or it ended.
type event struct {
	link        *link
	credentials *Credentials
	conn        transport.Conn
	message     []byte
	err         error
}

// connect begins an attempt. refused is a token that the server did not accept.
func (s *links) connect(polls bool, now clock.Moment, refused string) {
	dial := s.dial
	if polls {
		dial = s.polls
	}
	s.current = s.begin(dial, now, refused)
	s.current.polls = polls
}

// begin begins a link.
func (s *links) begin(dial transport.Dial, now clock.Moment, refused string) *link {
	ctx, cancel := context.WithCancel(context.Background()) // letGo ends it, after a proper close
	l := &link{ctx: ctx, cancel: cancel, started: now}
	s.work.Go(func() { s.read(l, dial, refused) })
	return l
}

// read gets credentials, dials and tells the loop everything that comes, until the connection ends or the loop gives it up.
func (s *links) read(l *link, dial transport.Dial, refused string) {
	c, err := s.tokens.Token(l.ctx, refused)
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

// tell leaves the loop an event of a link, unless it has given that up.
func (s *links) tell(l *link, e event) {
	e.link = l
	select {
	case s.events <- e:
	case <-l.ctx.Done():
	}
}

// ask asks for credentials, which the loop gets as an event.
func (s *links) ask(refused string) {
	l := s.current
	s.work.Go(func() {
		if c, err := s.tokens.Token(l.ctx, refused); err == nil { // else Identify tells when there is a token again
			s.tell(l, event{credentials: &c})
		}
	})
}

// welcomed reports whether there is a connection on which the server has said welcome.
func (s *links) welcomed() bool { return s.current != nil && s.current.welcomed }

// write sends a frame if there is a connection to send it on.
func (s *links) write(f wire.Frame) {
	if s.current == nil || s.current.conn == nil {
		return
	}
	// If it fails, Read says so, once it has brought everything that came before: a second copy of that may never come.
	_ = s.current.conn.Write(wire.Encode(f))
}

// upgrade makes the probe the current link.
func (s *links) upgrade() {
	s.letGo(s.current)
	s.current, s.probe = s.probe, nil
}

// abandonProbe gives the probe up.
func (s *links) abandonProbe() {
	s.letGo(s.probe)
	s.probe = nil
}

// hangUp gives the current link up, and the probe beside it.
func (s *links) hangUp() {
	s.letGo(s.current)
	s.letGo(s.probe)
	s.current, s.probe = nil, nil
}

// letGo closes a connection, or stops an attempt, without waiting for either.
func (s *links) letGo(l *link) {
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

// silent reports whether nothing came for too long. To get credentials may take longer, and has a limit of its own. If the
// client can poll, it waits less for the welcome on a WebSocket.
func (s *links) silent(now clock.Moment) bool {
	l, patience := s.current, welcomeTimeout
	switch {
	case l == nil, !l.identified:
		return false
	case l.welcomed:
		patience = l.silence
	case !l.polls && s.polls != nil:
		patience = blockedAfter
	}
	return now.Since(l.lastFrame) >= patience
}
