package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

// badFrames bad frames within badFramesPer end a connection: who sends so many does not speak the protocol.
const (
	badFrames    = 3
	badFramesPer = 10 * time.Second
)

// joinsTimeout bounds how long the joins of one hello may wait for the stream, all together.
const joinsTimeout = 5 * time.Second

// session is what the frames of one connection mean, in their order. An error that handle returns ends the connection.
type session struct {
	conn   *conn
	client *hub.Client // nil before hello
	bad    []time.Time // of the last bad frames
}

// handle carries out one frame.
func (s *session) handle(b []byte) error {
	f, err := wire.Decode(b)
	if s.client == nil {
		return s.open(f, err)
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
	case wire.Join:
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
	if hello.Token != nil {
		return bye(wire.Bye{Code: wire.CodeAuth, Reason: wire.ReasonTokenIssuer, Next: wire.NextLogin,
			Message: "This server has no sign-in, so it takes no token."})
	}
	for _, secret := range []*string{hello.Guest, hello.Session} {
		if secret != nil && !wire.ValidSecret(*secret) {
			return bye(wire.Bye{Code: wire.CodeProtocol, Message: "A guest secret, and a session, has 22 to 86 base64url characters."})
		}
	}
	user := guest(hello.Guest)
	s.client = s.conn.server.hub.NewClient(s.conn, user, s.conn.from.String(), true)
	s.conn.client.Store(s.client)
	s.conn.send(s.conn.server.welcome(s.conn.id, user))
	ctx, cancel := context.WithTimeout(s.conn.ctx, joinsTimeout)
	defer cancel()
	for _, room := range hello.Rooms {
		s.join(ctx, wire.Kind(hello), room)
	}
	return nil
}

// join waits until what is queued leaves room for the answer, so that a client that joins many rooms at once is not
// taken for a slow one.
func (s *session) join(ctx context.Context, re string, j wire.Join) {
	c := s.conn
	for c.queue.waiting() > roomForJoin {
		select {
		case <-c.queue.drained:
		case <-c.ctx.Done():
			return
		}
	}
	s.client.Join(ctx, re, j)
}

// refuse answers a frame that could not be read; the third in a short time ends the connection.
func (s *session) refuse(bad *wire.FrameError) error {
	now := time.Now()
	for len(s.bad) > 0 && now.Sub(s.bad[0]) >= badFramesPer {
		s.bad = s.bad[1:]
	}
	if s.bad = append(s.bad, now); len(s.bad) >= badFrames {
		return bye(wire.Bye{Code: wire.CodeProtocol, Message: "Too many bad frames; the last one: " + bad.Problem + "."})
	}
	s.client.Refuse(wire.Refused{Re: bad.Re, Room: bad.Room, ID: bad.ID, Code: wire.CodeFrame,
		Message: "This frame could not be read: " + bad.Problem + "."}, 0)
	return nil
}
