package server

import (
	"time"

	"mayfly/server/auth"
	"mayfly/server/hub"
	"mayfly/shared/wire"
)

// openAnonymous welcomes somebody who shows no token, if that is allowed.
func (s *session) openAnonymous(hello wire.Hello) error {
	policy := s.conn.server.config.Anonymous
	if policy == AnonymousDeny {
		e := refusal(wire.ReasonAnonymousOff)
		s.conn.server.metrics.signInRefused(e)
		return byeFor(e)
	}
	user, role := guest(hello.Guest), hub.Writer
	if policy == AnonymousRead {
		role = hub.Reader
	}
	s.client = s.conn.server.hub.NewClient(s.conn, user, s.conn.slot.From.String(), role)
	s.conn.welcome(s.conn.server.welcome(s.conn.id, user, role))
	s.conn.client.Store(s.client)
	return nil
}

// openSignedIn welcomes whom a token names.
func (s *session) openSignedIn(hello wire.Hello) error {
	c := s.conn
	if hello.SignInID != nil {
		s.named = *hello.SignInID
	}
	id, refused := c.verify(*hello.Token, hello.IDToken)
	if refused == nil {
		refused = s.notRevoked(id, s.named)
	}
	if refused != nil {
		c.refusedSignIn(refused.About(*hello.Token), wire.Kind(hello))
		if err := c.tooMany(refused); err != nil {
			return err
		}
		return byeFor(refused)
	}
	user := wire.User{ID: id.ID, Name: id.Name}
	s.client = c.server.hub.NewClient(c, user, c.slot.From.String(), hub.Writer)
	s.signIn = newSignIn(c, s.client, id)
	welcome := c.server.welcome(c.id, user, hub.Writer)
	welcome.AuthExpires = id.Expires.UnixMilli()
	c.welcome(welcome)
	c.client.Store(s.client)
	c.signIn.Store(s.signIn)
	s.unfollow = c.server.config.SignIn.Verifier.Follow(id, s.signIn.changed)
	return nil
}

// hurried counts a frame that wants to sign in, and ends the connection if there were too many.
func (s *session) hurried() error {
	now := time.Now()
	if s.signIns.Add(now, signInsPer) <= maxSignIns {
		return nil
	}
	return bye(wire.Bye{Code: wire.CodeRate, Message: "You sign in too often. Try again later.", RetryMS: milliseconds(signInsPer)})
}

// auth renews the sign-in of the connection.
func (s *session) auth(f wire.Auth) error {
	c := s.conn
	if err := s.hurried(); err != nil {
		return err
	}
	if f.SignInID != nil && !wire.ValidSecret(*f.SignInID) {
		return s.refuse(&wire.FrameError{Re: wire.Kind(f), Problem: badSecret})
	}
	id, refused := c.verify(f.Token, f.IDToken)
	if refused != nil {
		return s.refuseAuth(f, refused)
	}
	named := s.named
	if f.SignInID != nil {
		named = *f.SignInID
	}
	if s.signIn == nil || !s.signIn.is(id) || s.named != "" && named != s.named {
		refused = refusal(wire.ReasonIdentityChanged).About(f.Token)
		c.refusedSignIn(refused, wire.Kind(f))
		return byeFor(refused)
	}
	if refused := s.notRevoked(id, named); refused != nil {
		return s.refuseAuth(f, refused.About(f.Token))
	}
	s.named = named
	s.signIn.renew(id)
	return nil
}

// refuseAuth answers a renewal that failed: the connection goes on until its token ends, unless its sign-in was ended, or there
// were too many.
func (s *session) refuseAuth(f wire.Auth, e *auth.Error) error {
	s.conn.refusedSignIn(e, wire.Kind(f))
	if e.Reason == wire.ReasonTokenRevoked {
		return byeFor(e)
	}
	if err := s.conn.tooMany(e); err != nil {
		return err
	}
	if e.Code != wire.CodeBusy {
		if s.failed++; s.failed >= maxFailedAuths {
			return bye(wire.Bye{Code: wire.CodeRate, Message: "Signing in has failed too often. Try again later.", RetryMS: milliseconds(failedRetry)})
		}
	}
	s.client.Refuse(wire.Refused{Re: wire.Kind(f), Code: wire.CodeAuth, Reason: e.Reason, Next: e.Next, Message: e.Message}, e.Retry)
	return nil
}

// signOut ends every connection of the session, or this one, if nobody is signed in.
func (s *session) signOut() error {
	if s.signIn == nil {
		return errSignedOut
	}
	s.holder.SignOut()
	s.conn.server.metrics.signOuts.Inc()
	return errSignedOut
}
