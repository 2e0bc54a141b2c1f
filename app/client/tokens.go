package client

import "context"

// A TokenSource gives the client the tokens of the user's sign-in, and learns from the client which of them the server has
// refused. Only the method Token may block.
type TokenSource interface {
	// Token returns the credentials that tell the server who the user is, zero if nobody is signed in. The client calls
	// Token before every hello, and whenever there may be a newer token. If the server did not accept a token,
	// refusedToken is that token, and Token must return another one; otherwise refusedToken is "". An error means that
	// somebody is signed in, but that there is no good token now.
	Token(ctx context.Context, refusedToken string) (Credentials, error)

	Wake() // the client calls Wake when the server says that the token will soon expire, so that a newer token is fetched

	// The client calls one of these methods when the server refused the credentials, and a newer token would not help.
	// It calls End if the server no longer accepts the sign-in with that id, Deny if the server does not accept this user,
	// and Unfit if the server accepts no token of this kind from any user, so that an operator must change the
	// configuration. message is the server's text for the user.
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
