package client

import (
	"mayfly/app/client/outbox"
	"mayfly/shared/wire"
)

// maxRenewals is how many tokens in a row the server may refuse as old, until the user has to sign in again.
const maxRenewals = 2

// Identity says as whom the user is signed in, as far as a client has to know.
type Identity struct {
	SignInID string // the random id of the sign-in; "": nobody is signed in
	Version  int    // grows with each access token
	Ended    bool   // nobody is signed in any more, although the user did not want that
}

// An identity says as whom the client writes. It is a state machine: its methods return what the client must do.
type identity struct {
	keepGuest func(secret string) // static; Config.KeepGuest

	guest  string // the guest's secret; "": not known yet
	known  bool   // the client knows whether the user is signed in
	signIn string // the id of the sign-in, "" for a guest
	over   bool   // the sign-in has ended, and the user has not said what follows

	me      wire.User // as the server says; zero until then
	mayPost bool
	limits  wire.Limits

	version      int    // of the token, as last announced
	refusedToken string // the server did not accept it, and the TokenSource does not know that yet
	unknownToken string // the server did not know its key
	renewals     int    // how many in a row the server refused as old
}

// An announcement is what an Identity means for the client.
type announcement int

const (
	nothingNew   announcement = iota
	signInEnded               // without the user's doing: the client waits
	userChanged               // the user has signed in or out
	tokenRenewed              // there is a newer token for the same user
)

// announce returns what i means after what was announced before.
func (s *identity) announce(i Identity) announcement {
	newer := i.Version != s.version
	s.version = i.Version
	switch {
	case i.Ended && (s.signIn == "" || s.over):
		return nothingNew
	case i.Ended:
		s.over = true
		return signInEnded
	case !s.known || i.SignInID != s.signIn:
		return userChanged
	case newer:
		return tokenRenewed
	}
	return nothingNew
}

// A userChange is what becoming a user means for what the client has of the one before.
type userChange int

const (
	sameUser  userChange = iota // or the first who is known
	otherUser                   // the client keeps what it has
	signedOut                   // the user has signed out: the client forgets it
)

// become makes the client that of a sign-in; "" makes it a guest's.
func (s *identity) become(signIn string) userChange {
	known, was, over := s.known, s.signIn, s.over
	s.known, s.signIn, s.over = true, signIn, false
	switch {
	case !known || signIn == was && !over:
		return sameUser
	case was != "" && !over:
		return signedOut
	}
	return otherUser
}

// beginAs makes the client that guest, or a new one if guest is "", unless it is one already.
func (s *identity) beginAs(guest string) {
	if s.guest != "" {
		return
	}
	if guest == "" {
		guest = NewGuest()
	}
	s.guest = guest
	if s.keepGuest != nil {
		s.keepGuest(guest)
	}
}

// owner returns the owner of what the user writes now, "" if that is not known yet.
func (s *identity) owner() string {
	switch {
	case s.signIn != "":
		return outbox.SignInOwner(s.signIn)
	case !s.known, s.guest == "":
		return ""
	}
	return outbox.GuestOwner(s.guest)
}

// onUnknownKey runs when the server does not know the key of a token. It may not have that key yet; at the second time the
// provider may not have it any more, so the client needs another token.
func (s *identity) onUnknownKey(token string) {
	if token == s.unknownToken {
		s.refusedToken = token
	}
	s.unknownToken = token
}

// takeRefused returns the token for which the client needs another one, "" if there is none. It is told once: how often the
// TokenSource asks for others is not the client's business.
func (s *identity) takeRefused() string {
	token := s.refusedToken
	s.refusedToken = ""
	return token
}

// A verdict is what a refused token means.
type verdict int

const (
	endSignIn  verdict = iota // the user has to sign in again
	renewToken                // another token may do
	denyUser                  // the server does not accept this user
)

// judge returns what a refused token means if the server says what is next. renewals counts tokens in a row.
func judge(next wire.Next, renewals *int) verdict {
	switch next {
	case wire.NextNever:
		return denyUser
	case wire.NextRenew:
		if *renewals++; *renewals <= maxRenewals {
			return renewToken
		}
	}
	return endSignIn
}
