package client

import (
	"time"

	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// onIdentity runs when the user signs in or out, when the sign-in ends in another way, and when there is a newer token. i
// is the user's new Identity.
func (e *engine) onIdentity(i Identity) {
	now := e.clock()
	switch e.identity.announce(i) {
	case signInEnded:
		e.close(now)
		e.connection.end(SignedOut, Problem{Code: SignInOver})
	case userChanged:
		e.setSignIn(i.SignInID, now)
	case tokenRenewed:
		if l := e.links.current; l != nil && l.conn != nil {
			e.links.ask("")
		} else if e.connection.noToken {
			e.retry.Hurry(now)
		}
	}
}

// setSignIn makes the client write as the user who has signed in; id is the id of that sign-in. If id is "", the client
// writes as a guest. If that is another user than before, the client forgets the old user, and connects again.
func (e *engine) setSignIn(id string, now clock.Moment) {
	owner := e.identity.owner()
	change := e.identity.become(id)
	e.sender.outbox.AssignOwner(e.identity.owner())
	e.sender.persister.Want()
	if change == sameUser {
		return
	}
	// Close the link if it has the credentials of the old user. If it still waits for credentials, keep it: it will get
	// those of the new user.
	if l := e.links.current; l != nil && l.identified {
		if change == signedOut && l.credentials.SignInID != "" {
			e.sender.acts.flush(now)
			e.sender.acts.tick(now)
			e.links.write(wire.Signout{})
		}
		e.close(now)
	}
	if change == signedOut {
		e.sender.persister.SignOut(owner)
		e.rooms.signOut()
	}
	e.sender.acts.clear()
	e.identity.nickname.forget()
	e.identity.me = wire.User{} // until the server names the new user
	e.rooms.forgetUser()
	e.connection.resume()
	e.retry.Now(now)
}

// onCredentials runs when the TokenSource has returned credentials. The first credentials of a link are stored for its
// hello, which the client sends once the connection is open. If later credentials have another token, the client sends that
// token on the open connection.
func (e *engine) onCredentials(c Credentials, now clock.Moment) {
	l := e.links.current
	switch {
	case !l.identified:
		e.setSignIn(c.SignInID, now)
		e.connection.noToken = false
		l.identified, l.started, l.lastFrame, l.credentials = true, now, now, c
	case c.SignInID == l.credentials.SignInID && c.Token != l.credentials.Token:
		l.credentials = c
		e.links.write(wire.Auth{Token: c.Token, IDToken: c.ID, SignInID: &c.SignInID})
	}
}

// hello returns the first frame on a connection. For a user who has signed in, it does not contain the guest's secret.
func (e *engine) hello(l *link) wire.Hello {
	hello := wire.Hello{Client: e.name}
	if c := l.credentials; c.Token != "" {
		hello.Token, hello.IDToken, hello.SignInID = &c.Token, c.ID, &c.SignInID
	} else {
		hello.Guest, hello.Name = &e.identity.guest, e.identity.nickname.name
	}
	hello.Rooms = e.rooms.joins()
	return hello
}

// credentialsRefused runs when the server did not accept the credentials c. f says why. If the client must get a newer token
// and try again, retry is true. Otherwise credentialsRefused tells the TokenSource what is wrong with the sign-in. renewals
// points to the number of tokens that the server has refused as old, one after the other.
func (e *engine) credentialsRefused(c Credentials, f wire.Bye, renewals *int) (retry bool) {
	switch judge(f.Code, f.Next, renewals) {
	case renewToken:
		return true
	case denyUser:
		e.links.tokens.Deny(f.Message)
	case denyToken:
		e.links.tokens.Unfit(f.Message)
	case endSignIn:
		e.links.tokens.End(c.SignInID, f.Message)
	}
	return false
}

// onAuthRefused runs when the client has sent a newer token on an open connection and the server did not accept it. The
// connection stays open with the old token.
func (e *engine) onAuthRefused(f wire.Refused, now clock.Moment) {
	l := e.links.current
	refused := l.credentials
	if f.Next == wire.NextLater {
		l.credentials.Token = "" // so that onCredentials sends the token again
		l.reauth = schedule(max(time.Duration(f.RetryMS)*time.Millisecond, time.Second), now)
	} else if e.credentialsRefused(refused, wire.Bye{Code: f.Code, Next: f.Next, Message: f.Message}, &l.renewals) {
		e.links.ask(refused.Token)
	}
}
