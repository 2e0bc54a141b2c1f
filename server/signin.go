package server

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"mayfly/server/auth"
	"mayfly/server/hub"
	"mayfly/server/ledger"
	"mayfly/server/revocation"
	"mayfly/shared/wire"
)

// Verifier says who a token is: auth.Verifier, and one without cryptography for tests.
type Verifier interface {
	// Verify checks an access token. The error is an *auth.Error.
	Verify(ctx context.Context, accessToken, idToken string) (auth.Identity, error)
	// Follow calls changed, which must not block, whenever something becomes known about who is signed in.
	Follow(id auth.Identity, changed func(auth.Change)) (stop func())
	// Ready returns why no token can be checked now, nil if they can.
	Ready() error
}

// SignIn is how people sign in. Without a Verifier they cannot.
type SignIn struct {
	Verifier Verifier
	Ledger   ledger.Store

	Issuer, ClientID, Audience string // for clients
	Scopes                     []string
}

// Anonymous is what people may who have not signed in.
type Anonymous string

// What there is. The empty one is AnonymousAllow.
const (
	AnonymousAllow Anonymous = "allow" // everything
	AnonymousRead  Anonymous = "read"  // read
	AnonymousDeny  Anonymous = "deny"  // nothing
)

// UnmarshalText implements encoding.TextUnmarshaler, for a flag.
func (a *Anonymous) UnmarshalText(text []byte) error {
	switch policy := Anonymous(text); policy {
	case AnonymousAllow, AnonymousRead, AnonymousDeny:
		*a = policy
		return nil
	}
	return errors.New("want allow, read or deny")
}

// MarshalText implements encoding.TextMarshaler.
func (a Anonymous) MarshalText() ([]byte, error) { return []byte(a), nil }

// verifyTimeout bounds how long a token is checked: the keys may have to be fetched for it, and its person looked up.
const verifyTimeout = 10 * time.Second

// sentences are what a person is told for the reasons that package auth has not.
var sentences = map[wire.Reason]string{
	wire.ReasonTokenRevoked:    "You have signed out.",
	wire.ReasonIdentityChanged: "Somebody else has signed in here.",
	wire.ReasonAnonymousOff:    "This server wants you to sign in.",
	wire.ReasonTokenIssuer:     "This server has no sign-in, so it takes no token.",
	wire.ReasonTokenExpired:    "Your sign-in has expired.",
}

// refusal is the error of a reason that package auth has not.
func refusal(reason wire.Reason) *auth.Error {
	return &auth.Error{Code: reason.Code(), Reason: reason, Next: reason.Next(), Message: sentences[reason]}
}

// byeFor ends a connection because of e. Who comes back after all cannot be served yet does not come with all others at once.
func byeFor(e *auth.Error) error {
	b := wire.Bye{Code: e.Code, Reason: e.Reason, Next: e.Next, Message: e.Message, RetryMS: e.Retry.Milliseconds()}
	if e.Code == wire.CodeBusy {
		b.Next, b.RetryMS = "", (e.Retry + rand.N(e.Retry+1)).Milliseconds()
	}
	return bye(b)
}

var (
	errSignedOut = byeFor(refusal(wire.ReasonTokenRevoked))
	errExpired   = byeFor(refusal(wire.ReasonTokenExpired))
)

// signIn is the person whom a connection belongs to, once they have signed in.
type signIn struct {
	conn   *conn       // static
	client *hub.Client // static

	mu       sync.Mutex // guards what follows
	user     wire.User
	expires  time.Time // of the token, by the hub's clock
	expiring bool      // the client was told that it is
}

// newSignIn lets the connection live as long as id's token.
func newSignIn(c *conn, client *hub.Client, id auth.Identity) *signIn {
	c.ends.Store(id.Expires.Add(wire.AuthGrace).UnixMilli())
	return &signIn{conn: c, client: client, user: wire.User{ID: id.ID, Name: id.Name}, expires: id.Expires}
}

// is reports whether id is the same person.
func (s *signIn) is(id auth.Identity) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return id.ID == s.user.ID
}

// renew moves the end of the connection to that of another token, if it is later, and tells the client.
func (s *signIn) renew(id auth.Identity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id.Expires.After(s.expires) {
		s.expires, s.expiring = id.Expires, false
		s.conn.ends.Store(id.Expires.Add(wire.AuthGrace).UnixMilli())
	}
	s.tellLocked()
}

// changed takes what becomes known about the person.
func (s *signIn) changed(change auth.Change) {
	if change.Refused != nil {
		s.conn.refusedSignIn(change.Refused, "")
		s.conn.leave(byeFor(change.Refused))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if change.Name == s.user.Name {
		return
	}
	s.user.Name = change.Name
	s.client.Rename(change.Name)
	s.tellLocked()
}

func (s *signIn) tellLocked() {
	s.conn.send(wire.Authed{User: s.user, AuthExpires: s.expires.UnixMilli(), Now: s.conn.server.nowMS()})
}

// pulse says that the sign-in ends soon, and ends the connection when it has.
func (s *signIn) pulse(now time.Time) {
	if s.conn.over(now.UnixMilli()) {
		s.conn.leave(errExpired)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	left := s.expires.Sub(now)
	if s.expiring || left > wire.ExpiringBefore {
		return
	}
	s.expiring = true
	s.conn.send(wire.Expiring{InMS: max(left, 0).Milliseconds()})
}

// verify checks a token, and says when it ends by the hub's clock. Its issuer reckons by the wall clock: if that was set back before,
// the token lives as long as it should; if it is set back later, nobody stays longer for it. A token is refused, too, if there is
// no sign-in.
func (c *conn) verify(token, idToken string) (auth.Identity, *auth.Error) {
	how := c.server.config.SignIn
	if how.Verifier == nil {
		return auth.Identity{}, refusal(wire.ReasonTokenIssuer)
	}
	ctx, cancel := context.WithTimeout(c.ctx, verifyTimeout)
	defer cancel()
	id, err := how.Verifier.Verify(ctx, token, idToken)
	id.Expires = id.Expires.Add(c.server.clock.Ahead())
	var refused *auth.Error
	switch {
	case errors.As(err, &refused):
		return auth.Identity{}, refused
	case err != nil: // a Verifier must not return such an error
		c.server.log.Error("a token was not checked", "conn_id", c.id, "err", err)
		return auth.Identity{}, busy()
	}
	return id, nil
}

// busyRetry is after how long a client comes back while the revocations cannot be read.
const busyRetry = 5 * time.Second

// notRevoked records that the connection shows the token of id, in the sign-in that the client calls signInID. It refuses the
// token if it or its sign-in was signed out, or while that cannot be known.
func (s *session) notRevoked(id auth.Identity, signInID string) *auth.Error {
	if s.holder == nil {
		s.holder = s.conn.server.revocations.NewHolder(func() { s.conn.leave(errSignedOut) })
	}
	err := s.holder.Admit(s.conn.ctx, revocation.Token{User: id.ID, JTI: id.JTI, Expires: id.Expires, SignInID: signInID})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, revocation.ErrRevoked):
		return refusal(wire.ReasonTokenRevoked)
	default:
		return busy()
	}
}

// busy is the error of a token that cannot be checked now.
func busy() *auth.Error {
	return &auth.Error{Code: wire.CodeBusy, Next: wire.NextLater, Message: "Signing in does not work at the moment.", Retry: busyRetry}
}

// refusedSignIn counts and logs why somebody is not signed in. re is the frame that wanted it.
func (c *conn) refusedSignIn(e *auth.Error, re string) {
	c.server.metrics.signInRefused(e)
	c.server.log.Info("sign-in refused", "conn_id", c.id, "re", re, "err", e)
}

// tooMany returns the goodbye to an address from which too many bad tokens come, if e is one.
func (c *conn) tooMany(e *auth.Error) error {
	if !e.Wrong {
		return nil
	}
	wait := c.server.failures.Add(c.slot.From, time.Now())
	if wait == 0 {
		return nil
	}
	return bye(wire.Bye{Code: wire.CodeRate, Message: "Too many sign-ins from your network have failed. Try again later.", RetryMS: milliseconds(wait)})
}

// milliseconds rounds up, so that who waits that long has waited long enough.
func milliseconds(d time.Duration) int64 { return int64((d + time.Millisecond - 1) / time.Millisecond) }
