package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"time"

	"mayfly/shared/wire"
)

// Error is why nobody is signed in. Its first fields are what Bye and Refused tell the client; logged, it says more. It never
// holds the token.
type Error struct {
	Code    wire.Code // CodeBusy while there are no keys to check with
	Reason  wire.Reason
	Next    wire.Next
	Message string        // one plain sentence for a person
	Retry   time.Duration // when the same token may be taken; 0: nobody knows
	Wrong   bool          // no token of this server's people is ever like this: who sends many is to be slowed down

	problem             string // for the log
	jti, kid, tokenHash string // which token it was
}

// refuse returns the error that the protocol has for reason.
func refuse(reason wire.Reason, problem string, args ...any) *Error {
	return &Error{Code: reason.Code(), Reason: reason, Next: reason.Next(), Message: sentences[reason], Wrong: wrong[reason],
		problem: fmt.Sprintf(problem, args...)}
}

// wrong are the reasons that no clock, no key that is new and no end of a token's time explains.
var wrong = map[wire.Reason]bool{
	wire.ReasonTokenMalformed: true, wire.ReasonTokenAlg: true, wire.ReasonTokenType: true, wire.ReasonTokenSignature: true,
	wire.ReasonTokenIssuer: true, wire.ReasonTokenAudience: true, wire.ReasonTokenClient: true, wire.ReasonTokenLifetime: true,
	wire.ReasonTokenSubject: true, wire.ReasonTokenScope: true, wire.ReasonTokenBound: true,
}

// later says when the token may be taken.
func (e *Error) later(retry time.Duration) *Error {
	e.Retry = min(max(retry, minRetry), maxRetry)
	return e
}

// forGood says that the token is Wrong, whatever its reason may mean of others.
func (e *Error) forGood() *Error {
	e.Wrong = true
	return e
}

const (
	minRetry = time.Second // less tells nothing
	maxRetry = time.Hour   // a later one is a guess
)

// busyRetry is when a client comes back that came before the keys.
const busyRetry = 5 * time.Second

func busy() *Error {
	return &Error{Code: wire.CodeBusy, Next: wire.NextLater, Message: "Signing in does not work at the moment.", Retry: busyRetry,
		problem: "the issuer's keys are not loaded"}
}

// sentences are what a person is told.
var sentences = map[wire.Reason]string{
	wire.ReasonTokenMissing:    "The sign-in is empty.",
	wire.ReasonTokenMalformed:  "The sign-in could not be read.",
	wire.ReasonTokenAlg:        "The sign-in is signed in a way that this server does not take.",
	wire.ReasonTokenType:       "The sign-in is of a kind that this server does not take.",
	wire.ReasonTokenKeyUnknown: "The sign-in cannot be checked yet.",
	wire.ReasonTokenSignature:  "The sign-in is not genuine.",
	wire.ReasonTokenIssuer:     "The sign-in comes from another service.",
	wire.ReasonTokenAudience:   "The sign-in was made for something else.",
	wire.ReasonTokenClient:     "The sign-in was made with another app, which this server does not let in.",
	wire.ReasonTokenExpired:    "The sign-in has expired.",
	wire.ReasonTokenLifetime:   "The sign-in is valid for longer than this server takes.",
	wire.ReasonTokenTooEarly:   "The sign-in is not valid yet.",
	wire.ReasonTokenFuture:     "The sign-in comes from the future: a clock is wrong.",
	wire.ReasonTokenSubject:    "The sign-in names no person.",
	wire.ReasonTokenScope:      "You are signed in, but without the permission that this server wants.",
	wire.ReasonTokenBound:      "The sign-in is bound to a key, which this server cannot check.",
	wire.ReasonUserInactive:    "Your account is not active.",
}

// About says which token it was, for the log, without what would let anybody use it.
func (e *Error) About(raw string) *Error {
	e.tokenHash = hashOf(raw)
	if t, err := parse(raw); err == nil {
		e.kid, _ = t.header.text("kid")
		if claims, err := newObject(t.payload, claimNames); err == nil {
			e.jti, _ = claims.text("jti")
		}
	}
	return e
}

// hashOf returns enough of a token's hash to find it again in a log.
func hashOf(raw string) string {
	sum := sha256.Sum256([]byte(raw))
	return hex.EncodeToString(sum[:8])
}

func (e *Error) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("%s: %s", e.Code, e.problem)
	}
	return fmt.Sprintf("%s: %s", e.Reason, e.problem)
}

// LogValue implements slog.LogValuer.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("code", string(e.Code)), slog.String("reason", string(e.Reason)), slog.String("problem", e.problem),
		slog.String("jti", clip(e.jti, maxLogged)), slog.String("kid", clip(e.kid, maxLogged)),
		slog.String("token_sha256", e.tokenHash))
}

// maxLogged bounds, in bytes, what a stranger can put into a log line.
const maxLogged = 100

// clip returns the first n bytes of s.
func clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
