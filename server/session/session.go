// Package session handles the frames that a client sends on one connection. It checks the frames and the tokens, and says
// what guests may do. It carries out the frames hello, auth (which renews the sign-in) and signout itself. It passes the
// frames about rooms, messages and names to the hub, which answers them. A session does not depend on the transport of its
// connection.
//
// Files, from the top down. A file refers only to files below it:
//   - dispatch, auth, answers: what each frame does, the frames of signing in, and answers
//   - session: the type Session
//   - identity: the user who is signed in
//   - signin_refusal, guest: why a sign-in is refused, and what a guest is called
//   - shared, renewals, metrics, policy: what all sessions share
//
// Locks: identity.mu is taken before the locks of the hub and the lock of a connection's queue.
package session

import (
	"sync/atomic"
	"time"

	"mayfly/server/admission"
	"mayfly/server/conn"
	"mayfly/server/hub"
	"mayfly/server/revocation"
)

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

// Patience implements conn.Handler. It returns the wait_ms of hello, at most wire.PollWait, or wire.PollWait if
// hello has none.
func (s *Session) Patience() time.Duration { return s.patience }

// SignedIn reports whether the user is signed in. Any goroutine may call it.
func (s *Session) SignedIn() bool { return s.identity.Load() != nil }

// Tick sends the client a frame wire.Expiring, once for each token, if its token expires soon. It ends the connection if the
// token expired wire.AuthGrace ago and the client has shown no newer token. now is the time of the hub's clock. Tick returns
// how long the caller may wait, at most, before it calls Tick again. Until the hello has its answer, Tick does not know when
// the token expires, and returns conn.Never. So the caller must call Tick again soon after that answer, although Tick has
// returned conn.Never. Only one goroutine calls Tick.
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
