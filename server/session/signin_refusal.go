package session

import (
	"math/rand/v2"
	"time"

	"mayfly/server/auth"
	"mayfly/server/conn"
	"mayfly/shared/wire"
)

// sentences holds the sentence for the user, by the reasons that package auth does not have.
var sentences = map[wire.Reason]string{
	wire.ReasonTokenRevoked:    "You have signed out.",
	wire.ReasonIdentityChanged: "Somebody else has signed in here.",
	wire.ReasonAnonymousOff:    "This server wants you to sign in.",
	wire.ReasonTokenIssuer:     "This server has no sign-in, so it takes no token.",
	wire.ReasonTokenExpired:    "Your sign-in has expired.",
}

// refusal returns the error for a reason in sentences.
func refusal(reason wire.Reason) *auth.Error {
	return &auth.Error{Code: reason.Code(), Reason: reason, Next: reason.Next(), Message: sentences[reason]}
}

// busyRetry is after how long a client comes back whose token cannot be checked now.
const busyRetry = 5 * time.Second

// busy returns the error for a token that cannot be checked now.
func busy() *auth.Error {
	return &auth.Error{Code: wire.CodeBusy, Next: wire.NextLater, Message: "Signing in does not work at the moment.",
		Retry: busyRetry}
}

// byeFor ends a connection because of e. Busy clients get a random delay, so that they don't all return at once.
func byeFor(e *auth.Error) error {
	b := wire.Bye{Code: e.Code, Reason: e.Reason, Next: e.Next, Message: e.Message, RetryMS: e.Retry.Milliseconds()}
	if e.Code == wire.CodeBusy {
		b.Next, b.RetryMS = "", (e.Retry + rand.N(e.Retry+1)).Milliseconds()
	}
	return conn.Bye(b)
}

// ErrExpired ends a connection whose sign-in has ended.
var ErrExpired = byeFor(refusal(wire.ReasonTokenExpired))

// errSignedOut ends a connection whose user has signed out.
var errSignedOut = byeFor(refusal(wire.ReasonTokenRevoked))
