package session

import (
	"math/rand/v2"
	"time"

	"mayfly/server/auth"
	"mayfly/server/conn"
	"mayfly/shared/wire"
)

// sentences contains what the user reads when this package refuses a sign-in: one sentence for each reason. Package
// auth has the sentences for the reasons for which it refuses a token itself.
var sentences = map[wire.Reason]string{
	wire.ReasonTokenRevoked:    "You have signed out.",
	wire.ReasonIdentityChanged: "Somebody else has signed in here.",
	wire.ReasonAnonymousOff:    "This server wants you to sign in.",
	wire.ReasonTokenIssuer:     "This server has no sign-in, so it takes no token.",
	wire.ReasonTokenExpired:    "Your sign-in has expired.",
}

// refusal returns the error for a sign-in that is refused for this reason. The map sentences must contain the reason.
func refusal(reason wire.Reason) *auth.Error {
	return &auth.Error{Code: reason.Code(), Reason: reason, Next: reason.Next(), Message: sentences[reason]}
}

// busyRetry is how long a client waits before it connects again, if the server could not check its token. byeFor makes
// the wait longer by a random time.
const busyRetry = 5 * time.Second

// busy returns the error for a token that cannot be checked now.
func busy() *auth.Error {
	return &auth.Error{Code: wire.CodeBusy, Next: wire.NextLater, Message: "Signing in does not work at the moment.",
		Retry: busyRetry}
}

// byeFor returns the Bye that ends a connection because of e. The Bye tells the client how long to wait before it comes
// back. If e has the code busy, byeFor adds a random time, so that clients don't all come back at once.
func byeFor(e *auth.Error) error {
	b := wire.Bye{Code: e.Code, Reason: e.Reason, Next: e.Next, Message: e.Message, RetryMS: e.Retry.Milliseconds()}
	if e.Code == wire.CodeBusy {
		b.Next, b.RetryMS = "", (e.Retry + rand.N(e.Retry+1)).Milliseconds()
	}
	return conn.Bye(b)
}

// ErrExpired is the error that ends a connection whose token has expired.
var ErrExpired = byeFor(refusal(wire.ReasonTokenExpired))

// errSignedOut is the error that ends a connection whose user has signed out.
var errSignedOut = byeFor(refusal(wire.ReasonTokenRevoked))
