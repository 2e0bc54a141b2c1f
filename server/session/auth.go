package session

import (
	"context"
	"errors"
	"time"

	"mayfly/server/auth"
	"mayfly/server/conn"
	"mayfly/server/hub"
	"mayfly/server/revocation"
	"mayfly/shared/wire"
)

const (
	// A connection may send at most maxSignIns frames of the types hello and auth within signInsPer. One more such frame
	// ends the connection.
	maxSignIns = 10
	signInsPer = time.Minute
	// A connection ends when maxFailedAuths of its auth frames have failed. A failure does not count if the server
	// cannot check tokens at the moment, because that is not the client's fault.
	maxFailedAuths = 3
	failedRetry    = 10 * time.Second // how long the client waits after maxFailedAuths failures before it connects again
	// verifyTimeout is the longest time for the check of one token. The check may have to fetch the issuer's keys and to
	// look up the user.
	verifyTimeout = 10 * time.Second
)

// openGuest handles a hello without a token. If the policy is GuestsDenied, it refuses the hello. Otherwise it welcomes
// the user as a guest.
func (s *Session) openGuest(hello wire.Hello) error {
	role := hub.Writer
	switch s.shared.Guests {
	case GuestsDenied:
		e := refusal(wire.ReasonAnonymousOff)
		s.shared.Audit.SignInRefused(s.conn.From.String(), s.shared.Metrics.countRefusal(e))
		return byeFor(e)
	case GuestsRead:
		role = hub.Reader
	}
	s.client.Store(s.shared.Hub.NewGuest(s.conn, guest(hello.Guest), hello.Name, s.conn.From.String(), role,
		func(user wire.User) { s.welcome(user, role, 0) }))
	return nil
}

// openSignedIn handles a hello with a token. If the token is accepted, it welcomes the token's user. Otherwise it returns
// the error that ends the connection.
func (s *Session) openSignedIn(hello wire.Hello) error {
	if hello.SignInID != nil {
		s.signInID = *hello.SignInID
	}
	id, refused := s.verify(*hello.Token, hello.IDToken)
	if refused == nil {
		refused = s.checkRevoked(id, s.signInID)
	}
	if refused != nil {
		s.shared.logRefusal(s.conn, refused.About(*hello.Token), wire.Kind(hello))
		if err := s.checkFailures(refused); err != nil {
			return err
		}
		return byeFor(refused)
	}
	user := userOf(id)
	client := s.shared.Hub.NewClient(s.conn, user, s.conn.From.String(), hub.Writer)
	identity := newIdentity(s.shared, s.conn, client, id)
	s.welcome(user, hub.Writer, id.Expires.UnixMilli())
	s.identity.Store(identity)
	s.client.Store(client) // after the identity: a Tick that finds the client also finds the identity
	s.unfollow = s.shared.Verifier.Follow(id, identity.onChange)
	return nil
}

// auth handles an auth frame: the client shows a new token to stay signed in on this connection.
func (s *Session) auth(f wire.Auth) error {
	s.shared.renewals.seen()
	if err := s.checkSignInRate(); err != nil {
		return err
	}
	if f.SignInID != nil && !wire.ValidSecret(*f.SignInID) {
		return s.refuse(&wire.FrameError{Re: wire.Kind(f), Problem: badSecret})
	}
	id, refused := s.verify(f.Token, f.IDToken)
	if refused != nil {
		return s.refuseAuth(f, refused)
	}
	signInID := s.signInID
	if f.SignInID != nil {
		signInID = *f.SignInID
	}
	identity := s.identity.Load()
	if identity == nil || !identity.sameUser(id) || s.signInID != "" && signInID != s.signInID {
		refused = refusal(wire.ReasonIdentityChanged).About(f.Token)
		s.shared.logRefusal(s.conn, refused, wire.Kind(f))
		return byeFor(refused)
	}
	if refused := s.checkRevoked(id, signInID); refused != nil {
		return s.refuseAuth(f, refused.About(f.Token))
	}
	s.signInID = signInID
	identity.renew(id)
	return nil
}

// refuseAuth answers an auth frame that failed because of e. Normally the connection goes on until its present token
// expires, and refuseAuth returns nil. But if the user has signed out, or if too many auth frames have failed, the
// connection must end at once: then refuseAuth returns the error that ends it.
func (s *Session) refuseAuth(f wire.Auth, e *auth.Error) error {
	s.shared.logRefusal(s.conn, e, wire.Kind(f))
	if e.Reason == wire.ReasonTokenRevoked {
		return byeFor(e)
	}
	if err := s.checkFailures(e); err != nil {
		return err
	}
	if e.Code != wire.CodeBusy {
		if s.failed++; s.failed >= maxFailedAuths {
			return conn.Bye(wire.Bye{Code: wire.CodeRate, Message: "Signing in has failed too often. Try again later.",
				RetryMS: wire.Milliseconds(failedRetry)})
		}
	}
	s.client.Load().Refuse(wire.Refused{Re: wire.Kind(f), Code: wire.CodeAuth, Reason: e.Reason, Next: e.Next,
		Message: e.Message}, e.Retry)
	return nil
}

// signOut handles a signout frame. It revokes the user's sign-in, which ends all connections of that sign-in. If the user is
// a guest, only this connection ends.
func (s *Session) signOut() error {
	if s.SignedIn() {
		s.holder.SignOut()
		s.shared.Metrics.signOuts.Inc()
	}
	return errSignedOut
}

// checkSignInRate counts one hello or auth frame of the connection. If there were more than maxSignIns such frames in the
// last signInsPer, it returns a Bye, which ends the connection.
func (s *Session) checkSignInRate() error {
	if s.signIns.Add(time.Now(), signInsPer) <= maxSignIns {
		return nil
	}
	s.shared.Audit.Limit("signins", "", s.conn.From.String(), "")
	return conn.Bye(wire.Bye{Code: wire.CodeRate, Message: "You sign in too often. Try again later.",
		RetryMS: wire.Milliseconds(signInsPer)})
}

// checkFailures counts a failed sign-in for the client's address, but only if e.Wrong is true. A token that is Wrong
// belongs to no user of this server, so an attacker may have sent it. If the address has had too many failures,
// checkFailures returns a Bye, which ends the connection.
func (s *Session) checkFailures(e *auth.Error) error {
	if !e.Wrong {
		return nil
	}
	wait := s.shared.Failures.Add(s.conn.From, time.Now())
	if wait == 0 {
		return nil
	}
	s.shared.Audit.Limit("failed signins", "", s.conn.From.String(), "")
	return conn.Bye(wire.Bye{Code: wire.CodeRate,
		Message: "Too many sign-ins from your network have failed. Try again later.", RetryMS: wire.Milliseconds(wait)})
}

// verify checks a token. If sign-in is not set up, it refuses every token. The issuer sets the expiry of a token by the
// wall clock, but a connection is ended by the hub's clock. The hub's clock may be ahead of the wall clock, because it
// is never set back. So verify moves the expiry later by as much as the hub's clock is ahead: otherwise the connection
// would end too early. Nobody stays signed in for longer by setting the wall clock back afterwards, because the hub's
// clock is not set back with it.
func (s *Session) verify(token, idToken string) (auth.Identity, *auth.Error) {
	if s.shared.Verifier == nil {
		return auth.Identity{}, refusal(wire.ReasonTokenIssuer)
	}
	ctx, cancel := context.WithTimeout(s.conn.Context(), verifyTimeout)
	defer cancel()
	id, err := s.shared.Verifier.Verify(ctx, token, idToken)
	id.Expires = id.Expires.Add(s.shared.Clock.Ahead())
	var refused *auth.Error
	switch {
	case errors.As(err, &refused):
		return auth.Identity{}, refused
	case err != nil: // never happens, because Verify returns only errors of the type *auth.Error
		s.shared.Log.Error("a token was not checked", "conn_id", s.conn.ID, "err", err)
		return auth.Identity{}, busy()
	}
	return id, nil
}

// checkRevoked records that this connection uses the token of id, so that a later sign-out ends the connection.
// signInID is the id that the client has given to the sign-in; it may be empty. checkRevoked refuses the token if the
// token or its sign-in was signed out. It also refuses the token while the revocations cannot be read.
func (s *Session) checkRevoked(id auth.Identity, signInID string) *auth.Error {
	if s.holder == nil {
		s.holder = s.shared.Revocations.NewHolder(func() { s.conn.End(errSignedOut) })
	}
	err := s.holder.Admit(s.conn.Context(),
		revocation.Token{User: id.ID, JTI: id.JTI, Expires: id.Expires, SignInID: signInID})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, revocation.ErrRevoked):
		return refusal(wire.ReasonTokenRevoked)
	default:
		return busy()
	}
}
