package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mayfly/server/conn"
	"mayfly/server/hub"
	"mayfly/shared/wire"
)

const (
	// A connection ends if badFrames frames that cannot be read come within badFramesPer, because its client does not
	// follow the protocol.
	badFrames    = 3
	badFramesPer = 10 * time.Second

	// joinsTimeout is the longest time that all joins of one hello together may wait for the stream.
	joinsTimeout = 5 * time.Second

	badSecret = "A guest secret, and a session, has 22 to 86 base64url characters."
)

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
		f = wire.Hello{} // a second hello ends the connection, even a hello that could not be read
	} else if bad != nil {
		return s.refuse(bad)
	}
	switch f := f.(type) { // f is nil if its type is unknown, because the client is newer; such a frame is ignored
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

// open handles the client's first frame, which must be hello, and joins the rooms in the hello. f and err are the
// results of wire.Decode.
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

// checkHello returns the first frame f as a hello, and sets s.patience. If f is not a valid hello, or if err says that f
// could not be decoded, checkHello returns a Bye.
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

// welcome sends the frame welcome. The member now of the frame is set when the frame is written, not when it is queued:
// the client sets its clock by that time, and the answer to a poll may wait for news before it is written.
func (s *Session) welcome(user wire.User, role hub.Role, authExpires int64) {
	w := wire.Welcome{
		Conn: s.conn.ID, User: user, MayPost: role >= hub.Writer, TTL: s.shared.TTL, AuthExpires: authExpires,
		Limits: wire.Limits{Text: wire.MaxText, Message: wire.MaxMessage, Rooms: wire.MaxRooms,
			Posts: int64(s.shared.Posts), Acts: int64(s.shared.Acts), PerMS: s.shared.Per.Milliseconds()},
		Reactions: hub.Emoji[:], BeatMS: wire.BeatEvery.Milliseconds(),
	}
	s.conn.Send(hub.NewTimelyFrame(func(now int64) wire.Frame {
		w.Now = now
		return w
	}))
}

// join joins a room. Before that, it waits until the queue has room for the answer. Without the wait, the answers to
// many joins could fill the queue, and the connection would end with the code slow.
func (s *Session) join(ctx context.Context, re string, j wire.Join) {
	if s.conn.MakeRoom() {
		s.client.Load().Join(ctx, re, j)
	}
}

// refuse answers a frame that could not be read. If badFrames such frames have come within badFramesPer, it returns a
// Bye instead, which ends the connection.
func (s *Session) refuse(bad *wire.FrameError) error {
	if s.bad.Add(time.Now(), badFramesPer) >= badFrames {
		return conn.Bye(wire.Bye{Code: wire.CodeProtocol,
			Message: "Too many bad frames; the last one: " + bad.Problem + "."})
	}
	s.client.Load().Refuse(wire.Refused{Re: bad.Re, Room: bad.Room, ID: bad.ID, Seq: bad.Seq, Code: wire.CodeFrame,
		Message: "This frame could not be read: " + bad.Problem + "."}, 0)
	return nil
}
