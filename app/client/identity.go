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

// An identity says as which user the client writes. It is a state machine without I/O: its methods return what the client
// must do.
type identity struct {
	keepGuest func(secret string) // static; Config.KeepGuest

	guest  string // the guest's secret; "": not known yet
	known  bool   // the client knows whether the user is signed in
	signIn string // the id of the sign-in, "" for a guest
	over   bool   // the sign-in has ended, and the user has not decided yet how to go on

	nickname nickname

	me      wire.User // the user, as the server says; zero while the server has not said it
	mayPost bool
	rules   Rules

	version      int    // the Version of the last Identity
	refusedToken string // a token that the server did not accept, until the TokenSource is told about it
	unknownToken string // the last token whose key the server did not know
	renewals     int    // how many tokens in a row the server refused as old
}

// An announcement is the result of the method announce: it says what a new Identity changes for the client.
type announcement int

const (
	nothingNew   announcement = iota
	signInEnded               // the sign-in ended, and the user did not sign out: the client waits
	userChanged               // the user has signed in or out
	tokenRenewed              // there is a newer token for the same user
)

// announce stores the new Identity i, and returns what it changes compared with the Identity before it.
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

// A userChange says how the client's user has changed, and so what happens to the entries and messages that the client
// has.
type userChange int

const (
	sameUser  userChange = iota // the user is the same as before, or the first user who is known
	otherUser                   // another user: the client keeps its entries and messages
	signedOut                   // the user has signed out: the client deletes its entries and messages
)

// become makes the client write as the user of the sign-in with that id; "" makes it write as a guest.
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

// beginAs makes the client the guest with the secret guest, or a new guest if guest is "". It does nothing if the
// client has the secret of a guest already.
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
// returns each token only once: the TokenSource decides how often it asks the provider for another.
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

// judge returns the verdict about a refused token. code and next come from the server's refusal. renewals counts the
// tokens in a row that the server refused as old; if this token is one of them, judge counts it, too.
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
