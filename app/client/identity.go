package client

import (
	"mayfly/app/client/outbox"
	"mayfly/shared/wire"
)

// maxRenewals is how many tokens in a row the server may refuse as old before the user has to sign in again.
const maxRenewals = 2

// Identity is what a client has to know about the user's sign-in.
type Identity struct {
	SignInID string // the random id of the sign-in; "": nobody is signed in
	Version  int    // grows with each new access token
	Ended    bool   // the sign-in has ended, although the user did not sign out
}

// An identity knows as whom the client writes: as a guest or as a user who has signed in. It is a state machine without I/O:
// its methods return what the client must do when the user changes.
type identity struct {
	keepGuest func(secret string) // static; Config.KeepGuest

	guest  string // the guest's secret; "": not known yet
	known  bool   // the client knows whether the user is signed in
	signIn string // the id of the sign-in, "" for a guest
	over   bool   // the sign-in has ended; false again once the user signs in or chooses to be a guest

	nickname nickname

	me      wire.User // the user, as the server says; zero while the server has not said it
	mayPost bool
	rules   Rules

	version      int    // the Version of the last Identity
	refusedToken string // a token that the server refused, until the client asks the TokenSource for another; "": none
	unknownToken string // the last token whose key the server did not know
	renewals     int    // number of tokens refused as old by a bye, one after the other; 0 again after a stable connection
}

// An announcement is the result of the method announce: it says what a new Identity changes for the client.
type announcement int

const (
	nothingNew   announcement = iota
	signInEnded               // the sign-in ended, and the user did not sign out: the client waits
	userChanged               // the user has signed in or out
	tokenRenewed              // there is a newer token for the same user
)

// announce runs when there is a new Identity, i. It returns what i changes compared with the previous Identity. It does not
// change the user: if it returns userChanged, the caller must call become.
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

// A userChange says how the client's user has changed. Whether the client keeps its entries and messages depends on that.
type userChange int

const (
	sameUser  userChange = iota // the user is the same as before, or the first user who is known
	otherUser                   // another user writes from now on: the client keeps its entries and messages
	signedOut                   // the user has signed out: the client deletes its entries and messages
)

// become makes the client write as the user who has signed in. signIn is the id of that sign-in. If signIn is "", the client
// writes as a guest. become returns how the user has changed by this call.
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

// beginAs makes the client write as the guest whose secret is guest, or as a new guest if guest is "". It does nothing if
// the client has the secret of a guest already.
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

// owner returns the owner of what the user writes now, "" if the owner is not known yet.
func (s *identity) owner() string {
	switch {
	case s.signIn != "":
		return outbox.SignInOwner(s.signIn)
	case !s.known, s.guest == "":
		return ""
	}
	return outbox.GuestOwner(s.guest)
}

// onUnknownKey runs when the server does not know the key that signed a token. The first time, perhaps the server has not
// loaded the key yet, so the client sends the same token again. The second time, perhaps the provider has withdrawn the
// key, so the client needs another token.
func (s *identity) onUnknownKey(token string) {
	if token == s.unknownToken {
		s.refusedToken = token
	}
	s.unknownToken = token
}

// takeRefused returns the token that the server refused and that the TokenSource must replace, "" if there is none. It
// returns each refused token only once. So the client asks the TokenSource once for another token. If the TokenSource gets
// none from the provider, it decides by itself when to ask the provider again.
func (s *identity) takeRefused() string {
	token := s.refusedToken
	s.refusedToken = ""
	return token
}

// A verdict says what the client must do about a token that the server refused.
type verdict int

const (
	endSignIn  verdict = iota // the user has to sign in again
	renewToken                // the server may accept another token
	denyUser                  // the server does not accept this user
	denyToken                 // the server accepts no token of this kind
)

// judge returns the verdict about a refused token. code and next come from the server's refusal. *renewals is the number of
// tokens that the server has refused as old, one after the other. If the server refused this token as old, judge adds 1.
func judge(code wire.Code, next wire.Next, renewals *int) verdict {
	switch next {
	case wire.NextNever:
		if code == wire.CodeAuth {
			return denyToken
		}
		return denyUser
	case wire.NextRenew:
		if *renewals++; *renewals <= maxRenewals {
			return renewToken
		}
	}
	return endSignIn
}
