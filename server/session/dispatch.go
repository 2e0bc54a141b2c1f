package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mayfly/server/conn"
	"mayfly/shared/wire"
)

// joinsTimeout is the longest time that all joins of one hello together may wait for the stream.
const joinsTimeout = 5 * time.Second

// Handle implements conn.Handler.
func (s *Session) Handle(frame []byte) error {
	f, err := wire.Decode(frame)
	client := s.client.Load()
	if client == nil {
		return s.open(f, err)
	}
	if s.conn.Expired(s.shared.nowMS()) {
		return ErrExpired
	}
	var bad *wire.FrameError
	if errors.As(err, &bad) && bad.Re == wire.Kind(wire.Hello{}) {
		f = wire.Hello{} // so that a second hello ends the connection even if it could not be read: see case wire.Hello
	} else if bad != nil {
		return s.refuse(bad)
	}
	switch f := f.(type) { // a newer client may send a frame of an unknown type: then f is nil, and the frame is ignored
	case wire.Hello:
		return conn.Bye(wire.Bye{Code: wire.CodeProtocol, Message: "Say hello only once."})
	case wire.Auth:
		s.mustAnswer = true
		return s.auth(f)
	case wire.Signout:
		return s.signOut()
	case wire.Join:
		s.mustAnswer = true
		s.join(s.conn.Context(), wire.Kind(f), f)
	case wire.Leave:
		client.Leave(f)
	case wire.Post:
		client.Post(f)
	case wire.React:
		client.React(f)
	case wire.Remove:
		client.Remove(f)
	case wire.Moderate:
		if problem := f.ProblemIn(s.shared.TTL); problem != "" {
			return s.refuse(&wire.FrameError{Re: wire.Kind(f), Room: f.Room, Problem: problem})
		}
		client.Moderate(f)
	case wire.Typing:
		client.Typing(f)
	case wire.Who:
		if s.conn.MakeRoom() {
			client.Who(f)
		}
	case wire.Rename:
		s.mustAnswer = true
		client.Rename(f)
	}
	return nil
}

// open handles the first frame of the client. The frame must be a hello; then open also joins the rooms that the hello
// names. f and err are the results of wire.Decode for the frame.
func (s *Session) open(f wire.Frame, err error) error {
	hello, err := s.checkHello(f, err)
	if err != nil {
		return err
	}
	s.greeted.Store(true)
	if err := s.checkSignInRate(); err != nil {
		return err
	}
	if hello.Token == nil {
		err = s.openGuest(hello)
	} else {
		err = s.openSignedIn(hello)
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(s.conn.Context(), joinsTimeout)
	defer cancel()
	for i, room := range hello.Rooms {
		if i < wire.MaxRooms {
			s.join(ctx, wire.Kind(hello), room)
		} else if s.conn.MakeRoom() {
			s.client.Load().Refuse(wire.Refused{Re: wire.Kind(hello), Room: room.Room, Code: wire.CodeRoom,
				Message: fmt.Sprintf("A hello may join %d rooms.", wire.MaxRooms)}, 0)
		}
	}
	return nil
}

// checkHello checks the first frame of the client. f and err are the results of wire.Decode. If f is a valid hello,
// checkHello sets s.patience (how long a poll waits for news) and returns the hello. Otherwise it returns a Bye, which
// ends the connection.
func (s *Session) checkHello(f wire.Frame, err error) (wire.Hello, error) {
	protocol := func(message string) error { return conn.Bye(wire.Bye{Code: wire.CodeProtocol, Message: message}) }
	var bad *wire.FrameError
	if errors.As(err, &bad) {
		return wire.Hello{}, protocol(fmt.Sprintf("The first frame must be hello: %s.", bad.Problem))
	}
	hello, ok := f.(wire.Hello)
	if !ok {
		return wire.Hello{}, protocol("The first frame must be hello.")
	}
	for _, secret := range []*string{hello.Guest, hello.SignInID} {
		if secret != nil && !wire.ValidSecret(*secret) {
			return wire.Hello{}, protocol(badSecret)
		}
	}
	s.patience = wire.PollWait
	if hello.Wait != nil {
		if *hello.Wait < 0 {
			return wire.Hello{}, protocol("Nobody can wait for less than no time: wait_ms is negative.")
		}
		s.patience = time.Duration(min(*hello.Wait, wire.PollWait.Milliseconds())) * time.Millisecond
	}
	return hello, nil
}

// join joins a room. First it waits until the connection's queue has space for the answer. Without this wait, the answers
// to many joins could fill the queue, and the connection would end with the code "slow".
func (s *Session) join(ctx context.Context, re string, j wire.Join) {
	if s.conn.MakeRoom() {
		s.client.Load().Join(ctx, re, j)
	}
}
