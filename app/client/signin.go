package client

import (
	"context"
	"errors"
	"time"

	"mayfly/app/client/outbox"
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// SignIn is what the session needs of the person's sign-in. Only Token may block.
type SignIn interface {
	// Token returns what tells the server who the person is; zero if nobody is signed in. The session asks before every hello,
	// and whenever there may be a newer token. refused is a token that the server did not take, "" if there is none: then
	// another is got. An error means that somebody is signed in, but no good token can be had now.
	Token(ctx context.Context, refused string) (Credentials, error)

	Wake()                   // the token ends soon, the server says
	End(session, why string) // the server takes that sign-in no more; why is its sentence
	Deny(why string)         // it takes the token, but not the person
}

// Credentials tell the server who a person is.
type Credentials struct {
	Token   string // access token
	ID      string // ID token
	Session string // the random id of the sign-in
}

// Identity says how signing in stands, as far as a session has to know.
type Identity struct {
	Session string // the random id of the sign-in; "": nobody is signed in
	Version int    // grows with each access token
	Ended   bool   // nobody is signed in any more, although the person did not want that
}

// maxRenewals is how many tokens in a row the server may refuse as old, until the person has to sign in again.
const maxRenewals = 2

// nobody is the sign-in of a session that has none.
type nobody struct{}

func (nobody) Token(context.Context, string) (Credentials, error) { return Credentials{}, nil }
func (nobody) Wake()                                              {}
func (nobody) End(string, string)                                 {}
func (nobody) Deny(string)                                        {}

var errNoToken = errors.New("somebody is signed in, but no token can be had")

// Identify tells how signing in stands, at first and whenever it changes. Another person connects anew. When somebody signs
// out, the server is told, and what they had written and not sent is gone with all that was shown to them. When a sign-in ends
// otherwise, all of that is kept and the session waits: nobody becomes a guest without having said so, by Retry.
func (s *Client) Identify(i Identity) { s.do(func() { s.identify(i) }) }

func (s *Client) identify(i Identity) {
	newer := i.Version != s.version
	s.version = i.Version
	switch now := s.moment(); {
	case i.Ended:
		if s.who != "" && !s.over {
			s.over = true
			s.close(now)
			s.end(SignedOut, "You are signed out: sign in again to write here.")
		}
	case !s.known || i.Session != s.who:
		s.become(i.Session, now)
	case newer && s.link != nil && s.link.conn != nil:
		s.ask("")
	case newer && s.noToken:
		s.retry.Hurry(now)
	}
}

// become makes the session that of a sign-in; "" is a guest's.
func (s *Client) become(who string, now clock.Moment) {
	known, was, over, owner := s.known, s.who, s.over, s.owner()
	s.known, s.who, s.over = true, who, false
	s.outbox.AssignOwner(s.owner())
	s.persister.Want()
	if !known || who == was && !over {
		return
	}
	out := was != "" && !over
	if l := s.link; l != nil && l.asked { // else it is on its way to becoming the new one's
		if out && l.credentials.Token != "" {
			s.write(wire.Signout{})
		}
		s.close(now)
	}
	if out {
		s.persister.SignOut(owner)
		s.view = s.view.enter(s.view.Room, nil)
	}
	s.view.Me = wire.User{} // the server says who that is now
	s.ended, s.changed = "", true
	s.retry.Now(now)
}

// ask asks for credentials, which the loop gets as an event, and sends them if they are new.
func (s *Client) ask(refused string) {
	l := s.link
	s.work.Go(func() {
		if c, err := s.signIn.Token(l.ctx, refused); err == nil { // else it tells when there is a token again
			s.tell(l, event{credentials: &c})
		}
	})
}

// identified takes in what an ask has brought: for hello, which is sent once there is a connection, or for the connection that
// there is.
func (s *Client) identified(c Credentials, now clock.Moment) {
	l := s.link
	switch {
	case !l.asked:
		s.become(c.Session, now)
		s.noToken = false
		l.asked, l.started, l.heard, l.credentials = true, now, now, c
	case c.Session == l.credentials.Session && c.Token != l.credentials.Token:
		l.credentials = c
		s.write(wire.Auth{Token: c.Token, IDToken: c.ID, SignInID: &c.Session})
	}
}

// hello returns the first frame on a connection. Who is signed in does not say which guest they were.
func (s *Client) hello(l *link) wire.Hello {
	hello := wire.Hello{Client: s.client}
	if c := l.credentials; c.Token != "" {
		hello.Token, hello.IDToken, hello.SignInID = &c.Token, c.ID, &c.Session
	} else {
		hello.Guest = &s.guest
	}
	if s.view.Room != "" {
		hello.Rooms = []wire.Join{s.request()}
	}
	return hello
}

// turnedAway does what the server says about credentials that it did not take. It reports whether others are to be tried;
// renewals counts how often that was so.
func (s *Client) turnedAway(c Credentials, next wire.Next, why string, renewals *int) (again bool) {
	switch next {
	case wire.NextNever:
		s.signIn.Deny(why)
		return false
	case wire.NextRenew:
		if *renewals++; *renewals <= maxRenewals {
			return true
		}
	}
	s.signIn.End(c.Session, why)
	return false
}

// authRefused takes in that the server did not take a token for a connection, which goes on with the old one.
func (s *Client) authRefused(f wire.Refused, now clock.Moment) {
	l := s.link
	refused := l.credentials
	if f.Next == wire.NextLater {
		l.credentials.Token = "" // so that it is sent again
		s.reauth = &again{from: now, wait: max(time.Duration(f.RetryMS)*time.Millisecond, time.Second)}
	} else if s.turnedAway(refused, f.Next, f.Message, &l.renewals) {
		s.ask(refused.Token)
	}
}

// owner returns the owner of what the user writes now, "" if that is not known yet.
func (s *Client) owner() string {
	switch {
	case s.who != "":
		return outbox.SignInOwner(s.who)
	case !s.known, s.guest == "":
		return ""
	default:
		return outbox.GuestOwner(s.guest)
	}
}

// claimant returns the user as whom the client adopts what closed tabs left.
func (s *Client) claimant() outbox.Claimant {
	return outbox.Claimant{Owner: s.owner(), Guest: s.guest, Me: s.view.Me.ID, Room: s.view.Room, Now: s.moment()}
}

// onAdopt runs when an adoption has ended. guest is the secret of the guest whose entries were adopted.
func (s *Client) onAdopt(guest string, adopted bool) {
	s.beginAs(guest)
	if adopted {
		s.outbox.AssignOwner(s.owner())
		s.showPending()
	}
}

// beginAs makes the client that guest, or a new one if guest is "", unless it is one already.
func (s *Client) beginAs(guest string) {
	if s.guest != "" {
		return
	}
	if guest == "" {
		guest = NewGuest()
	}
	s.guest = guest
	s.outbox.AssignOwner(s.owner())
	if s.keepGuest != nil {
		s.keepGuest(guest)
	}
}
