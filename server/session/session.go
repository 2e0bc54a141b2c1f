// Package session carries out the frames of one connection: hello, join, leave, post, auth (which renews the sign-in)
// and signout. A session does not depend on the transport of its connection. It checks frames, tokens and guests; then
// the hub carries out joins, leaves and posts, and answers them.
//
// Files in order: session.go (the frames), auth.go (the frames of signing in), identity.go (the user who is signed in),
// policy.go (what guests may do), signin_refusal.go, guest.go, metrics.go. auth.go has methods of Session, and an
// identity calls its Session, so both files refer up to session.go.
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
	// A connection ends when it has sent badFrames frames that cannot be read within badFramesPer, because its client
	// does not follow the protocol.
	badFrames    = 3
	badFramesPer = 10 * time.Second

	// joinsTimeout is the longest time that all joins of one hello together may wait for the stream.
	joinsTimeout = 5 * time.Second

	badSecret = "A guest secret, and a session, has 22 to 86 base64url characters."
)

// Shared is what all sessions of a node share. Its fields are static.
type Shared struct {
	Hub     *hub.Hub
	Clock   *hub.Clock // the clock that Hub uses
	Log     *slog.Logger
	Metrics *Metrics

	Verifier    Verifier                // nil: sign-in is not set up
	Revocations *revocation.Revocations // nil: sign-in is not set up
	Failures    *admission.Failures     // the failed sign-ins of each client address
	Guests      Policy                  // what guests may do

	// The welcome tells clients these limits. The hub applies them.
	TTL   wire.TTL
	Posts int           // the most accepted posts of one user in any span of length Per
	Per   time.Duration // the length of the span in which Posts are counted
}

// nowMS returns the time of the hub's clock in Unix milliseconds, which frames send as now.
func (s *Shared) nowMS() int64 { return s.Clock.Now().UnixMilli() }

// Session carries out the frames of one connection. It implements conn.Handler.
type Session struct {
	shared *Shared    // static
	conn   *conn.Conn // static

	greeted  atomic.Bool                // the client has sent a valid hello
	client   atomic.Pointer[hub.Client] // nil until the hello is answered
	identity atomic.Pointer[identity]   // nil: the user is not signed in

	// Owned by the goroutine that calls Handle.
	bad        admission.Recent   // the recent frames that could not be read
	signIns    admission.Recent   // the recent hello and auth frames
	failed     int                // how many auth frames have failed; see maxFailedAuths
	signInID   string             // the client's id of the sign-in; empty: the client has named none
	patience   time.Duration      // how long a poll waits for news at most; hello sets it
	mustAnswer bool               // a join or auth frame, which always gets an answer, has come after hello
	unfollow   func()             // ends Verifier.Follow; nil: the user is a guest
	holder     *revocation.Holder // nil: the client has shown no token
}

// New returns a session for c whose first frame must be hello.
func New(shared *Shared, c *conn.Conn) *Session { return &Session{shared: shared, conn: c} }

// Greeted implements conn.Handler.
func (s *Session) Greeted() bool { return s.greeted.Load() }

// Client implements conn.Handler.
func (s *Session) Client() *hub.Client { return s.client.Load() }

// MustAnswer implements conn.Handler.
func (s *Session) MustAnswer() bool { return s.mustAnswer }

// Patience implements conn.Handler. It returns the wait_ms of hello, or wire.PollWait if hello has none.
func (s *Session) Patience() time.Duration { return s.patience }

// SignedIn reports whether the user is signed in. Any goroutine may call it.
func (s *Session) SignedIn() bool { return s.identity.Load() != nil }

// Tick tells the client that the sign-in ends soon, and ends the connection when the sign-in has ended. Only one
// goroutine calls Tick. now is the time of the hub's clock.
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
		f = wire.Hello{} // a second hello ends the connection, even if the hello could not be read
	} else if bad != nil {
		return s.refuse(bad)
	}
	switch f := f.(type) { // f is nil if its type is unknown, as from a newer client: ignore it
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
	for _, room := range hello.Rooms {
		s.join(ctx, wire.Kind(hello), room)
	}
	return nil
}

// checkHello returns the first frame f as a hello, and sets s.patience. If err says that f could not be decoded, or if f
// is not a valid hello, it returns a Bye.
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

// welcome sends the frame welcome. Its time now is set when the frame is written, not when it is queued, because the
// client sets its clock by it, and the answer of a poll may wait for news before it is written.
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
