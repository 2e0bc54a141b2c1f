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

// Verifier checks tokens: auth.Verifier, and one without cryptography for tests.
type Verifier interface {
	// Verify checks an access token. The error is an *auth.Error.
	Verify(ctx context.Context, accessToken, idToken string) (auth.Identity, error)
	// Follow calls changed, which must not block, with every news about a user who is signed in.
	Follow(id auth.Identity, changed func(auth.Change)) (stop func())
	// Ready returns why no token can be checked now, nil if tokens can be checked.
	Ready() error
}

const (
	// A connection may send maxSignIns hello and auth frames in any span of signInsPer.
	maxSignIns = 10
	signInsPer = time.Minute
	// maxFailedAuths auth frames may fail on one connection; the last ends it. Failures because tokens cannot be checked now
	// are not the client's fault, and don't count.
	maxFailedAuths = 3
	failedRetry    = 10 * time.Second
	// verifyTimeout bounds how long a token is checked: the keys may have to be fetched for it, and its user looked up.
	verifyTimeout = 10 * time.Second
)

// openGuest welcomes a client that shows no token, if guests may come in.
func (s *Session) openGuest(hello wire.Hello) error {
	role := hub.Writer
	switch s.shared.Guests {
	case GuestsDenied:
		e := refusal(wire.ReasonAnonymousOff)
		s.shared.Metrics.countRefusal(e)
		return byeFor(e)
	case GuestsRead:
		role = hub.Reader
	}
	user := guest(hello.Guest)
	client := s.shared.Hub.NewClient(s.conn, user, s.conn.From.String(), role)
	s.welcome(user, role, 0)
	s.client.Store(client)
	return nil
}

// openSignedIn welcomes the user whom the token in hello names.
func (s *Session) openSignedIn(hello wire.Hello) error {
	if hello.SignInID != nil {
		s.signInID = *hello.SignInID
	}
	id, refused := s.verify(*hello.Token, hello.IDToken)
	if refused == nil {
		refused = s.checkRevoked(id, s.signInID)
	}
	if refused != nil {
		s.logRefusal(refused.About(*hello.Token), wire.Kind(hello))
		if err := s.checkFailures(refused); err != nil {
			return err
		}
		return byeFor(refused)
	}
	user := wire.User{ID: id.ID, Name: id.Name}
	client := s.shared.Hub.NewClient(s.conn, user, s.conn.From.String(), hub.Writer)
	identity := newIdentity(s, client, id)
	s.welcome(user, hub.Writer, id.Expires.UnixMilli())
	s.client.Store(client)
	s.identity.Store(identity)
	s.unfollow = s.shared.Verifier.Follow(id, identity.onChange)
	return nil
}

// auth renews the sign-in of the connection.
func (s *Session) auth(f wire.Auth) error {
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
	if identity == nil || !identity.is(id) || s.signInID != "" && signInID != s.signInID {
		refused = refusal(wire.ReasonIdentityChanged).About(f.Token)
		s.logRefusal(refused, wire.Kind(f))
		return byeFor(refused)
	}
	if refused := s.checkRevoked(id, signInID); refused != nil {
		return s.refuseAuth(f, refused.About(f.Token))
	}
	s.signInID = signInID
	identity.renew(id)
	return nil
}

// refuseAuth answers a renewal that failed. The connection goes on until its token ends, unless the sign-in was signed out
// or too many renewals have failed.
func (s *Session) refuseAuth(f wire.Auth, e *auth.Error) error {
	s.logRefusal(e, wire.Kind(f))
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

// signOut ends every connection of the sign-in, or this connection if its user is a guest.
func (s *Session) signOut() error {
	if s.SignedIn() {
		s.holder.SignOut()
		s.shared.Metrics.signOuts.Inc()
	}
	return errSignedOut
}

// checkSignInRate counts a hello or auth frame, and returns the end of the connection if there were too many.
func (s *Session) checkSignInRate() error {
	if s.signIns.Add(time.Now(), signInsPer) <= maxSignIns {
		return nil
	}
	return conn.Bye(wire.Bye{Code: wire.CodeRate, Message: "You sign in too often. Try again later.",
		RetryMS: wire.Milliseconds(signInsPer)})
}

// checkFailures counts e if no user of this server has such a token. It returns the end of the connection if too many such
// tokens have come from the client's address.
func (s *Session) checkFailures(e *auth.Error) error {
	if !e.Wrong {
		return nil
	}
	wait := s.shared.Failures.Add(s.conn.From, time.Now())
	if wait == 0 {
		return nil
	}
	return conn.Bye(wire.Bye{Code: wire.CodeRate,
		Message: "Too many sign-ins from your network have failed. Try again later.", RetryMS: wire.Milliseconds(wait)})
}

// verify checks a token. Without a sign-in it refuses every token. The expiry of the identity is by the hub's clock; the
// issuer counts by the wall clock. If the wall clock was set back before, the token lives as long as it should. If it is
// set back later, no user stays longer for it.
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
	case err != nil: // a Verifier must not return another error
		s.shared.Log.Error("a token was not checked", "conn_id", s.conn.ID, "err", err)
		return auth.Identity{}, busy()
	}
	return id, nil
}

// checkRevoked records that the connection shows the token of id, in the sign-in that the client calls signInID. It refuses
// the token if it or its sign-in was signed out, or while that cannot be known.
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

// logRefusal counts and logs why a user is not signed in. re is the kind of the frame that asked for it.
func (s *Session) logRefusal(e *auth.Error, re string) {
	s.shared.Metrics.countRefusal(e)
	s.shared.Log.Info("sign-in refused", "conn_id", s.conn.ID, "re", re, "err", e)
}
