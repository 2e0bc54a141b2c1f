package client

import "context"

// A TokenSource is the user's sign-in, with the methods that the client calls. Only Token may block.
type TokenSource interface {
	// Token returns the credentials that tell the server who the user is, zero if nobody is signed in. The client calls
	// Token before every hello, and whenever there may be a newer token. If refusedToken is not "", the server did not
	// accept that token, and Token gets another token. An error means that somebody is signed in, but no good token can
	// be had now.
	Token(ctx context.Context, refusedToken string) (Credentials, error)

	Wake() // the server says that the token will soon expire

	// The client calls one of these methods when the server did not accept the credentials. End: the server no longer
	// accepts that sign-in. Deny: it accepts the token, but not the user. Unfit: it accepts no token of this kind from
	// any user, and only an operator can mend that. message is the server's text for the user.
	End(signInID, message string)
	Deny(message string)
	Unfit(message string)
}

// Credentials tell the server who a user is.
type Credentials struct {
	Token    string // access token
	ID       string // ID token
	SignInID string // the random id of the sign-in
}

// nobody is the TokenSource of a client without sign-in.
type nobody struct{}

func (nobody) Token(context.Context, string) (Credentials, error) { return Credentials{}, nil }
func (nobody) Wake()                                              {}
func (nobody) End(string, string)                                 {}
func (nobody) Deny(string)                                        {}
func (nobody) Unfit(string)                                       {}
