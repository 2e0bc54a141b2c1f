package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mayfly/server/admission"
	"mayfly/server/hub"
	"mayfly/server/revocation"
	"mayfly/shared/wire"
)

// badFrames bad frames within badFramesPer end a connection: who sends so many does not speak the protocol.
const (
	badFrames    = 3
	badFramesPer = 10 * time.Second
)

// joinsTimeout bounds how long the joins of one hello may wait for the stream, all together.
const joinsTimeout = 5 * time.Second

const (
	// A connection may send maxSignIns hello and auth frames in any span of signInsPer.
	maxSignIns = 10
	signInsPer = time.Minute
	// maxFailedAuths auth frames may fail on one connection; the last ends it. Failures because tokens cannot be checked now
	// are not the client's fault, and don't count.
	maxFailedAuths = 3
	failedRetry    = 10 * time.Second
)

const badSecret = "A guest secret, and a session, has 22 to 86 base64url characters."

// session is what the frames of one connection mean, in their order. An error that handle returns ends the connection.
type session struct {
	conn    *conn
	client  *hub.Client      // nil before hello
	bad     admission.Recent // bad frames
	signIns admission.Recent // hello and auth frames
	failed  int              // auth frames
	named   string           // the session of the sign-in, as the client calls it; empty if it does not

	wait  time.Duration // how long the client would wait for something to tell, if it asks but once
	asked bool          // a frame came, after hello, that is always answered

	signIn   *signIn            // nil: nobody is signed in
	unfollow func()             // nil with it
	holder   *revocation.Holder // nil: no token was shown
}

// handle carries out one frame.
func (s *session) handle(b []byte) error {
	f, err := wire.Decode(b)
	if s.client == nil {
		return s.open(f, err)
	}
	if s.conn.over(s.conn.server.nowMS()) {
		return errExpired
	}
	var bad *wire.FrameError
	if errors.As(err, &bad) && bad.Re == wire.Kind(wire.Hello{}) {
		f = wire.Hello{} // a second one, however broken
	} else if bad != nil {
		return s.refuse(bad)
	}
	switch f := f.(type) { // nil is of an unknown type: the client is newer
	case wire.Hello:
		return bye(wire.Bye{Code: wire.CodeProtocol, Message: "Say hello only once."})
	case wire.Auth:
		s.asked = true
		return s.auth(f)
	case wire.Signout:
		return s.signOut()
	case wire.Join:
		s.asked = true
		s.join(s.conn.ctx, wire.Kind(f), f)
	case wire.Leave:
		s.client.Leave(f)
	case wire.Post:
		s.client.Post(f)
	}
	return nil
}

// open begins the session with the client's first frame, which must be hello.
func (s *session) open(f wire.Frame, err error) error {
	var bad *wire.FrameError
	if errors.As(err, &bad) {
		return bye(wire.Bye{Code: wire.CodeProtocol, Message: fmt.Sprintf("The first frame must be hello: %s.", bad.Problem)})
	}
	hello, ok := f.(wire.Hello)
	if !ok {
		return bye(wire.Bye{Code: wire.CodeProtocol, Message: "The first frame must be hello."})
	}
	for _, secret := range []*string{hello.Guest, hello.SignInID} {
		if secret != nil && !wire.ValidSecret(*secret) {
			return bye(wire.Bye{Code: wire.CodeProtocol, Message: badSecret})
		}
	}
	s.wait = wire.PollWait
	if hello.Wait != nil {
		if *hello.Wait < 0 {
			return bye(wire.Bye{Code: wire.CodeProtocol, Message: "Nobody can wait for less than no time: wait_ms is negative."})
		}
		s.wait = time.Duration(min(*hello.Wait, wire.PollWait.Milliseconds())) * time.Millisecond
	}
	s.conn.greeted.Store(true)
	if err := s.hurried(); err != nil {
		return err
	}
	if hello.Token == nil {
		err = s.openAnonymous(hello)
	} else {
		err = s.openSignedIn(hello)
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(s.conn.ctx, joinsTimeout)
	defer cancel()
	for _, room := range hello.Rooms {
		s.join(ctx, wire.Kind(hello), room)
	}
	return nil
}

// close ends what the session holds. Its connection has ended.
func (s *session) close() {
	if s.unfollow != nil {
		s.unfollow()
	}
	if s.holder != nil {
		s.holder.Forget()
	}
	if s.client != nil {
		s.client.Close()
	}
}

// join waits until what is queued leaves room for the answer, so that a client that joins many rooms at once is not
// taken for a slow one.
func (s *session) join(ctx context.Context, re string, j wire.Join) {
	c := s.conn
	for c.queue.waiting() > roomForJoin {
		if c.carrier.relieve(); c.ctx.Err() != nil {
			return
		}
	}
	s.client.Join(ctx, re, j)
}

// refuse answers a frame that could not be read; the third in a short time ends the connection.
func (s *session) refuse(bad *wire.FrameError) error {
	if s.bad.Add(time.Now(), badFramesPer) >= badFrames {
		return bye(wire.Bye{Code: wire.CodeProtocol, Message: "Too many bad frames; the last one: " + bad.Problem + "."})
	}
	s.client.Refuse(wire.Refused{Re: bad.Re, Room: bad.Room, ID: bad.ID, Code: wire.CodeFrame,
		Message: "This frame could not be read: " + bad.Problem + "."}, 0)
	return nil
}
