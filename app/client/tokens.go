package client

import "context"

// TokenSource is what the client needs of the user's sign-in. Only Token may block.
type TokenSource interface {
	// Token returns the credentials that tell the server who the user is, zero if nobody is signed in. The client asks
	// before every hello, and whenever there may be a newer token. refused is a token that the server did not accept,
	// and Token gets another one; "" if there is none. An error means that somebody is signed in, but no good token can
	// be had now.
	Token(ctx context.Context, refused string) (Credentials, error)

	Wake() // the server says that the token will soon expire

	// What the server says about credentials that it did not accept; message is its text for the user. End: it no longer
	// accepts that sign-in. Deny: it accepts the token, but not the user. Unfit: it accepts no token of this kind from
	// any user, which only an operator can mend.
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
