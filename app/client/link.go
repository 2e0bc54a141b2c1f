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
	// how long a link may stay silent until welcome comes, after the credentials have come; also how long a probe may take
	welcomeTimeout = 10 * time.Second
	// replaces welcomeTimeout for a WebSocket if the client can poll instead: after this time without a sign of life, the
	// network seems to block WebSockets
	blockedAfter = 4 * time.Second
)

// These errors say why the client itself gives up a link.
var (
	errNoToken = errors.New("somebody is signed in, but no token can be had")
	errSilent  = errors.New("the server is silent")
	errUnsure  = errors.New("the time is in doubt")
)

// links are the connections of a client: the current link and, now and then while that link polls, a probe. A probe is a
// second link, which finds out whether a WebSocket works. Each link has a goroutine, which sends events to the loop.
type links struct {
	dial   transport.Dial  // static; opens a WebSocket
	polls  transport.Dial  // static; opens a connection by polls; nil: the client never polls
	tokens TokenSource     // static
	work   *sync.WaitGroup // static; waits for the goroutines of the links
	events chan event      // static; the events that these goroutines send to the loop

	current *link // the connection, or the attempt to open it; nil between two attempts
	probe   *link // nil while there is no probe
}

// A link is one attempt to connect, and the connection that it becomes.
type link struct {
	ctx       context.Context // done once the link is closed
	cancel    context.CancelFunc
	polls     bool           // this link polls; it is not a WebSocket
	conn      transport.Conn // nil until the connection is open
	started   clock.Moment   // when the link began, for the time limit of a probe
	greeted   clock.Moment   // when the connection opened and hello was sent
	lastFrame clock.Moment   // when the credentials came, the connection opened or a frame came, whichever was last

	identified  bool // the credentials have come; dialling begins then
	credentials Credentials
	renewals    int        // number of tokens refused as old on this open connection; 0 again when a token is accepted
	reauth      *scheduled // when to send the token again, because the server could not check it; nil: no need to

	brought  []wire.Frame // the frames that came while the link was a probe
	welcomed bool
	since    clock.Moment  // when welcome came
	silence  time.Duration // after welcome: the time without a frame after which the link counts as dead
}

// An event is one thing that a link's goroutine tells the loop. Beside the field link, exactly one field is set: credentials
// if the credentials came, conn if the connection opened, message if a message came, err if the link ended.
type event struct {
	link        *link
	credentials *Credentials
	conn        transport.Conn
	message     []byte
	err         error
}

// connect begins an attempt to connect. refusedToken is a token that the server did not accept, "" if there is none.
func (s *links) connect(polls bool, now clock.Moment, refusedToken string) {
	dial := s.dial
	if polls {
		dial = s.polls
	}
	s.current = s.begin(dial, now, refusedToken)
	s.current.polls = polls
}

// begin makes a link and starts the goroutine of the link, which runs read. dial opens the connection. refusedToken is a
// token that the server did not accept, "" if there is none.
func (s *links) begin(dial transport.Dial, now clock.Moment, refusedToken string) *link {
	ctx, cancel := context.WithCancel(context.Background()) // letGo calls cancel, once it has closed the connection
	l := &link{ctx: ctx, cancel: cancel, started: now}
	s.work.Go(func() { s.read(l, dial, refusedToken) })
	return l
}

// read gets credentials, dials and tells the loop everything that comes, until the connection ends or the loop gives up
// the link.
func (s *links) read(l *link, dial transport.Dial, refusedToken string) {
	c, err := s.tokens.Token(l.ctx, refusedToken)
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
	defer conn.Close(wire.CloseNormal, "") // also if the loop gave up the link while the connection opened
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

// tell hands e to the client's loop, as an event of the link l. If the loop has given up l, tell drops the event.
func (s *links) tell(l *link, e event) {
	e.link = l
	select {
	case s.events <- e:
	case <-l.ctx.Done():
	}
}

// ask asks the TokenSource for credentials. The loop gets them as an event. refusedToken is a token that the server did
// not accept, "" if there is none.
func (s *links) ask(refusedToken string) {
	l := s.current
	s.work.Go(func() {
		// After an error there is nothing to do: Client.Identify will announce the next token.
		if c, err := s.tokens.Token(l.ctx, refusedToken); err == nil {
			s.tell(l, event{credentials: &c})
		}
	})
}

// welcomed reports whether there is a connection on which the server has said welcome.
func (s *links) welcomed() bool { return s.current != nil && s.current.welcomed }

// write sends f on the current connection. It does nothing if no connection is open.
func (s *links) write(f wire.Frame) {
	if s.current == nil || s.current.conn == nil {
		return
	}
	// Ignore an error of Write. Read then returns an error, too, but first it returns the messages that have already come.
	// The loop must handle those before it ends the link, because the server may never send them again.
	_ = s.current.conn.Write(wire.Encode(f))
}

// upgrade closes the current link and puts the probe in its place.
func (s *links) upgrade() {
	s.letGo(s.current)
	s.current, s.probe = s.probe, nil
}

// abandonProbe gives up the probe.
func (s *links) abandonProbe() {
	s.letGo(s.probe)
	s.probe = nil
}

// hangUp gives up the current link, and the probe beside it if there is one.
func (s *links) hangUp() {
	s.letGo(s.current)
	s.letGo(s.probe)
	s.current, s.probe = nil, nil
}

// letGo closes a connection, or cancels an attempt to connect. It does not block.
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

// silent reports whether nothing has come on the current link for too long. The time until the credentials come does not
// count, because the TokenSource itself decides when to give up. A WebSocket gets less time until the welcome if the client
// can poll instead.
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
