// Package session handles the frames that a client sends on one connection. It checks the frames and the tokens, and says
// what guests may do. It carries out the frames hello, auth (which renews the sign-in) and signout itself. It passes the
// frames about rooms, messages and names to the hub, which answers them. A session does not depend on the transport of its
// connection.
//
// Files from the top down: session.go (the type), dispatch.go (what each frame does), auth.go (the frames of signing in),
// identity.go (the user who is signed in), renewals.go (counts sign-ins that nobody renewed), policy.go (what guests may
// do), signin_refusal.go, guest.go, metrics.go. A file uses only the files after it, with one exception: dispatch.go,
// auth.go and identity.go also use Session, which is in session.go.
//
// Locks: identity.mu is taken before the locks of the hub and the lock of a connection's queue.
package session

import (
	"log/slog"
	"sync/atomic"
	"time"

	"mayfly/server/admission"
	"mayfly/server/audit"
	"mayfly/server/conn"
	"mayfly/server/hub"
	"mayfly/server/revocation"
	"mayfly/shared/wire"
)

// Shared is what all sessions of a node share. Its fields never change, except for the counts in renewals.
type Shared struct {
	Hub     *hub.Hub
	Clock   *hub.Clock // the clock that Hub uses
	Log     *slog.Logger
	Metrics *Metrics

	Verifier    Verifier                // nil: sign-in is not set up
	Revocations *revocation.Revocations // nil: sign-in is not set up
	Failures    *admission.Failures     // the failed sign-ins of each client address
	Guests      Policy                  // what guests may do
	Audit       *audit.Log              // gets refused sign-ins, and the limits that clients hit; nil: no log

	renewals renewals // logs a warning if no client renews its sign-in

	// The frame welcome tells clients the following limits. The hub applies them.
	TTL   wire.TTL
	Posts int           // the most accepted posts of one user in any span of length Per
	Acts  int           // the most reactions, removals and typing frames of one user in any span of length Per
	Per   time.Duration // the length of the span in which Posts and Acts are counted
}

// nowMS returns the time of the hub's clock in Unix milliseconds. Frames have this time in their field now.
func (s *Shared) nowMS() int64 { return s.Clock.Now().UnixMilli() }

// Session handles the frames of one connection: it does what each frame asks for, or refuses it. It implements
// conn.Handler.
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
	signInID   string             // the id that the client has given to its sign-in; empty: the client has given no id
	patience   time.Duration      // the longest time that a poll waits for news; checkHello sets it
	mustAnswer bool               // the client has sent, after hello, a frame that always gets an answer, such as join
	unfollow   func()             // the function stop that Verifier.Follow returned; nil: the user is not signed in
	holder     *revocation.Holder // nil: the client has shown no token
}

// New returns a session for the connection c. The first frame of the client must be hello.
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

// Tick tells the client when the sign-in expires soon, and ends the connection when the sign-in has expired. now is the time
// of the hub's clock. Tick returns after which time it must be called again, at the latest. Once the hello has its answer,
// Tick must be called soon, because only then it knows when the sign-in expires. Only one goroutine calls Tick.
func (s *Session) Tick(now time.Time) time.Duration {
	if i := s.identity.Load(); i != nil {
		return i.tick(now)
	}
	return conn.Never
}

// Close implements conn.Handler.
func (s *Session) Close() {
	if s.unfollow != nil {
		s.unfollow()
	}
	if i := s.identity.Load(); i != nil {
		s.shared.renewals.ended(i.left(s.shared.Clock.Now()), s.shared.Log)
	}
	if s.holder != nil {
		s.holder.Forget()
	}
	if client := s.client.Load(); client != nil {
		client.Close()
	}
}
