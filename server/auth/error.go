package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"time"

	"mayfly/shared/wire"
)

// Error is the refusal of a token. The frame bye or refused carries the first five fields to the client. The log gets the
// code, the reason and the fields that are not exported. An Error never holds the token.
type Error struct {
	Code    wire.Code // the code of Reason; CodeBusy, without a Reason: the token cannot be checked now
	Reason  wire.Reason
	Next    wire.Next
	Message string        // one plain sentence for the user
	Retry   time.Duration // how long until the same token may be accepted; 0: unknown
	// Wrong is true if no user of this server can have such a token: perhaps an attacker has sent it. Package session limits
	// how many wrong tokens may come from one address.
	Wrong bool

	problem             string // what is wrong with the token, for the log
	jti, kid, tokenHash string // identify the token in the log
}

// refuse returns the Error for reason, with the code and the next step that package wire gives for it. problem is for the
// log.
func refuse(reason wire.Reason, problem string, args ...any) *Error {
	return &Error{Code: reason.Code(), Reason: reason, Next: reason.Next(), Message: sentences[reason], Wrong: wrong[reason],
		problem: fmt.Sprintf(problem, args...)}
}

// wrong has the reasons for which refuse sets Error.Wrong. A token of an honest user can be refused for the other reasons: a
// clock is wrong, the issuer has a new key, or the token has expired.
var wrong = map[wire.Reason]bool{
	wire.ReasonTokenMalformed: true, wire.ReasonTokenAlg: true, wire.ReasonTokenType: true,
	wire.ReasonTokenSignature: true, wire.ReasonTokenIssuer: true, wire.ReasonTokenAudience: true,
	wire.ReasonTokenClient: true, wire.ReasonTokenLifetime: true, wire.ReasonTokenSubject: true,
	wire.ReasonTokenScope: true, wire.ReasonTokenBound: true,
}

// retryIn sets e.Retry to retry, limited to the range from minRetry to maxRetry. It returns e.
func (e *Error) retryIn(retry time.Duration) *Error {
	e.Retry = min(max(retry, minRetry), maxRetry)
	return e
}

// asWrong sets e.Wrong, for a token whose reason is not in the map wrong. It returns e.
func (e *Error) asWrong() *Error {
	e.Wrong = true
	return e
}

const (
	minRetry = time.Second // the shortest wait that retryIn sets
	maxRetry = time.Hour   // the longest wait that retryIn sets; a longer one would be a guess
)

// busyRetry is Error.Retry for a token that could not be checked because the issuer's keys were not loaded.
const busyRetry = 5 * time.Second

func busy() *Error {
	return &Error{Code: wire.CodeBusy, Next: wire.NextLater, Message: "Signing in does not work at the moment.",
		Retry: busyRetry, problem: "the issuer's keys are not loaded"}
}

// sentences holds the sentence that the user sees, for each reason for which this package refuses a token.
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
	wire.ReasonTokenScope:      "Your sign-in lacks a permission that this server wants.",
	wire.ReasonTokenBound:      "The sign-in is bound to a key, which this server cannot check.",
	wire.ReasonUserInactive:    "Your account is not active.",
}

// About records in e which token was refused, so that the operator can find the token in logs: its hash, kid and jti. Nobody
// can sign in with these. About returns e.
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

// hashOf returns the first 8 bytes of a token's SHA-256 in hex: enough to find the token again in a log.
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

// maxLogged is the most bytes that a text from outside, such as a claim, may have in a log line. clip cuts a longer text.
const maxLogged = 100

// clip returns s, or its first n bytes and "…" if s is longer.
func clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
