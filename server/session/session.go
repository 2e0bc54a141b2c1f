// Package session says what the frames of one connection mean: the user is welcomed, joins and leaves rooms, posts, renews
// the sign-in and signs out. A session does not depend on the transport of its connection. The hub answers joins and posts;
// this package checks that the user may ask for them.
//
// Files in order: session.go (the frames), auth.go (the frames of signing in), identity.go (the user who is signed in),
// policy.go (what guests may do), signin_refusal.go, guest.go, metrics.go. auth.go has methods of Session, and an identity
// tells its session; they refer up.
//
// Locks: identity.mu is taken before hub.Clock.mu and the lock of a connection's queue.
package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"mayfly/server/admission"
	"mayfly/server/conn"
	"mayfly/server/hub"
	"mayfly/server/revocation"
	"mayfly/shared/wire"
)

const (
	// badFrames bad frames within badFramesPer end a connection: such a client does not speak the protocol.
	badFrames    = 3
	badFramesPer = 10 * time.Second

	// joinsTimeout bounds how long all joins of one hello together may wait for the stream.
	joinsTimeout = 5 * time.Second

	badSecret = "A guest secret, and a session, has 22 to 86 base64url characters."
)

// Shared is what all sessions of a node share. Its fields are static.
type Shared struct {
	Hub     *hub.Hub
	Clock   *hub.Clock // the hub's
	Log     *slog.Logger
	Metrics *Metrics

	Verifier    Verifier                // nil: there is no sign-in
	Revocations *revocation.Revocations // nil: there is no sign-in
	Failures    *admission.Failures
	Guests      Policy

	TTL   wire.TTL      // the welcome shows these limits, which the hub applies
	Posts int           // accepted posts of a user
	Per   time.Duration // the span in which they count
}

// nowMS returns the time that the frames tell, in Unix milliseconds.
func (s *Shared) nowMS() int64 { return s.Clock.Now().UnixMilli() }

// Session is the meaning of one connection's frames. It is the Handler of the connection.
type Session struct {
	shared *Shared    // static
	conn   *conn.Conn // static

	greeted  atomic.Bool // a hello has come
	client   atomic.Pointer[hub.Client]
	identity atomic.Pointer[identity] // nil: the user is a guest

	// Owned by the goroutine that calls Handle.
	bad        admission.Recent   // bad frames
	signIns    admission.Recent   // hello and auth frames
	failed     int                // auth frames that failed
	signInID   string             // the client's id of the sign-in; empty: the client has named none
	patience   time.Duration      // see Patience
	mustAnswer bool               // see MustAnswer
	unfollow   func()             // nil without an identity
	holder     *revocation.Holder // nil: the client has shown no token
}

// New returns a session that waits for hello.
func New(shared *Shared, c *conn.Conn) *Session { return &Session{shared: shared, conn: c} }

// Greeted implements conn.Handler.
func (s *Session) Greeted() bool { return s.greeted.Load() }

// Client implements conn.Handler.
func (s *Session) Client() *hub.Client { return s.client.Load() }

// MustAnswer implements conn.Handler.
func (s *Session) MustAnswer() bool { return s.mustAnswer }

// Patience implements conn.Handler: it is what hello asks for.
func (s *Session) Patience() time.Duration { return s.patience }

// SignedIn reports whether the user is signed in. Any goroutine may call it.
func (s *Session) SignedIn() bool { return s.identity.Load() != nil }

// Tick tells the client that the sign-in ends soon, and ends the connection when the sign-in has ended. One goroutine calls
// it, with the time of the hub's clock.
func (s *Session) Tick(now time.Time) {
	if i := s.identity.Load(); i != nil {
		i.tick(now)
	}
}

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
		f = wire.Hello{} // a second hello, also if it is broken
	} else if bad != nil {
		return s.refuse(bad)
	}
	switch f := f.(type) { // nil is of an unknown type: the client is newer
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
	}
	return nil
}

// open begins the session with the client's first frame, which must be hello.
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
	for _, room := range hello.Rooms {
		s.join(ctx, wire.Kind(hello), room)
	}
	return nil
}

// checkHello returns the hello in the first frame f, which could not be decoded if err is not nil.
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

// welcome greets the user, with the time at which it is written: the client sets its clock by it, and a poll may wait
// before.
func (s *Session) welcome(user wire.User, role hub.Role, authExpires int64) {
	w := wire.Welcome{
		Conn: s.conn.ID, User: user, MayPost: role >= hub.Writer, TTL: s.shared.TTL, AuthExpires: authExpires,
		Limits: wire.Limits{Text: wire.MaxText, Message: wire.MaxMessage, Rooms: wire.MaxRooms,
			Posts: int64(s.shared.Posts), PerMS: s.shared.Per.Milliseconds()},
		BeatMS: wire.BeatEvery.Milliseconds(),
	}
	s.conn.Send(hub.NewTimelyFrame(func(now int64) wire.Frame {
		w.Now = now
		return w
	}))
}

// join joins a room. It first waits until the queue has room for the answer, so that a client that joins many rooms at once
// does not count as slow.
func (s *Session) join(ctx context.Context, re string, j wire.Join) {
	if s.conn.MakeRoom() {
		s.client.Load().Join(ctx, re, j)
	}
}

// refuse answers a frame that could not be read. The third within badFramesPer ends the connection.
func (s *Session) refuse(bad *wire.FrameError) error {
	if s.bad.Add(time.Now(), badFramesPer) >= badFrames {
		return conn.Bye(wire.Bye{Code: wire.CodeProtocol,
			Message: "Too many bad frames; the last one: " + bad.Problem + "."})
	}
	s.client.Load().Refuse(wire.Refused{Re: bad.Re, Room: bad.Room, ID: bad.ID, Code: wire.CodeFrame,
		Message: "This frame could not be read: " + bad.Problem + "."}, 0)
	return nil
}

// Close implements conn.Handler.
func (s *Session) Close() {
	if s.unfollow != nil {
		s.unfollow()
	}
	if s.holder != nil {
		s.holder.Forget()
	}
	if client := s.client.Load(); client != nil {
		client.Close()
	}
}
