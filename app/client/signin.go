package client

import (
	"time"

	"mayfly/app/client/room"
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// onIdentity runs when the user signs in or out, and for each newer token.
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

// setSignIn makes the client write as the user of the sign-in with that id; "" makes it write as a guest.
func (e *engine) setSignIn(id string, now clock.Moment) {
	owner := e.identity.owner()
	change := e.identity.become(id)
	e.sender.outbox.AssignOwner(e.identity.owner())
	e.sender.persister.Want()
	if change == sameUser {
		return
	}
	if l := e.links.current; l != nil && l.identified { // a link without credentials connects as the new user
		if change == signedOut && l.credentials.Token != "" {
			e.sender.acts.flush(now)
			e.sender.acts.tick(now)
			e.links.write(wire.Signout{})
		}
		e.close(now)
	}
	if change == signedOut {
		e.sender.persister.SignOut(owner)
		e.rooms.shown.Room = room.New(e.rooms.shown.Name, wire.User{})
	}
	e.sender.acts.clear()
	e.identity.nickname.forget()
	e.identity.me = wire.User{} // until the server names the new user
	e.rooms.shown.ForgetUser()
	e.connection.resume()
	e.retry.Now(now)
}

// onCredentials runs when credentials have come from the TokenSource. The first credentials of a link are for its hello,
// which is sent once the connection is open. Later credentials are sent on the open connection, if their token has
// changed.
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
	if e.rooms.shown.Name != "" {
		hello.Rooms = []wire.Join{e.rooms.shown.Join()}
	}
	return hello
}

// credentialsRefused runs when the server did not accept the credentials c. f says why. retry is true if the client must
// try other credentials. renewals counts the tokens in a row that the server refused as old.
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

// onAuthRefused runs when the server did not accept a newer token on an open connection, which goes on with the old
// token.
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
