package wire

// Code says why a frame was refused or a connection ended.
type Code string

// The codes of Refused.
const (
	CodeFrame       Code = "frame"       // not JSON, no type, wrong types of members, a member twice
	CodeID          Code = "id"          // not a UUID
	CodeRoom        Code = "room"        // bad name, not joined, or too many
	CodeText        Code = "text"        // empty, too long, or holds what it may not
	CodeTTL         Code = "ttl"         // outside the room's bounds
	CodeRate        Code = "rate"        // too fast; RetryMS says when. Of Bye too
	CodeFull        Code = "full"        // the room holds as many live messages as it may
	CodeUnavailable Code = "unavailable" // the stream cannot store now
	CodeForbidden   Code = "forbidden"   // not allowed. Of Bye too: signed in, but not let in
	CodeAuth        Code = "auth"        // signing in failed; Reason and Next say more. Of Bye too
)

// The codes of Bye, each mirrored by the close code that CloseFor gives.
const (
	CodeRestart  Code = "restart"
	CodeBusy     Code = "busy"
	CodeSlow     Code = "slow"
	CodeTimeout  Code = "timeout"
	CodeProtocol Code = "protocol"
)

// RefusedCodes and ByeCodes are all codes of Refused and of Bye, for who counts by code.
var (
	RefusedCodes = [...]Code{CodeFrame, CodeID, CodeRoom, CodeText, CodeTTL, CodeRate, CodeFull, CodeUnavailable, CodeForbidden, CodeAuth}
	ByeCodes     = [...]Code{CodeRestart, CodeBusy, CodeSlow, CodeTimeout, CodeProtocol, CodeRate, CodeAuth, CodeForbidden}
)

// Reason says why nobody is signed in: of Bye and Refused with CodeAuth or CodeForbidden.
type Reason string

// The reasons, in the order in which a server looks for them.
const (
	ReasonAnonymousOff    Reason = "anonymous_off"          // no token, and this server wants one
	ReasonTokenMissing    Reason = "token_missing"          // an empty token
	ReasonTokenMalformed  Reason = "token_malformed"        // not a signed JWT in its compact form
	ReasonTokenAlg        Reason = "token_alg"              // signed in a way that this server does not take
	ReasonTokenType       Reason = "token_type"             // another kind of token
	ReasonTokenKeyUnknown Reason = "token_key_unknown"      // signed with a key that the issuer does not publish
	ReasonTokenSignature  Reason = "token_signature"        // not signed by the issuer
	ReasonTokenIssuer     Reason = "token_issuer"           // of another issuer, or no issuer is set up
	ReasonTokenAudience   Reason = "token_audience"         // made for something else
	ReasonTokenClient     Reason = "token_client"           // got by another app
	ReasonTokenExpired    Reason = "token_expired"          // its time is up
	ReasonTokenLifetime   Reason = "token_lifetime"         // lives too long
	ReasonTokenTooEarly   Reason = "token_not_yet_valid"    // not valid yet
	ReasonTokenFuture     Reason = "token_issued_in_future" // issued later than now
	ReasonTokenSubject    Reason = "token_subject"          // names no person
	ReasonTokenScope      Reason = "token_scope"            // without the scope that this server wants
	ReasonTokenBound      Reason = "token_bound"            // bound to a key that was not shown
	ReasonTokenRevoked    Reason = "token_revoked"          // signed out
	ReasonIdentityChanged Reason = "identity_changed"       // of another person than the connection's
	ReasonUserInactive    Reason = "user_inactive"          // the person's account is suspended, or otherwise not active
)

// Reasons are all of them, for who counts by reason.
var Reasons = [...]Reason{ReasonAnonymousOff, ReasonTokenMissing, ReasonTokenMalformed, ReasonTokenAlg, ReasonTokenType,
	ReasonTokenKeyUnknown, ReasonTokenSignature, ReasonTokenIssuer, ReasonTokenAudience, ReasonTokenClient, ReasonTokenExpired,
	ReasonTokenLifetime, ReasonTokenTooEarly, ReasonTokenFuture, ReasonTokenSubject, ReasonTokenScope, ReasonTokenBound,
	ReasonTokenRevoked, ReasonIdentityChanged, ReasonUserInactive}

// Next says what a client does that is not signed in.
type Next string

// What a client does next.
const (
	NextRenew Next = "renew" // gets a fresh token, then comes back
	NextLogin Next = "login" // lets the person sign in again
	NextLater Next = "later" // comes back after RetryMS
	NextNever Next = "never" // does not come back by itself
)

// Code returns the code that a Bye with r has.
func (r Reason) Code() Code {
	switch r {
	case ReasonTokenClient, ReasonTokenSubject, ReasonUserInactive, ReasonTokenScope, ReasonIdentityChanged:
		return CodeForbidden
	default:
		return CodeAuth
	}
}

// Next returns what a client does after r. One exception is the server's to make: a token whose key is known but unusable is
// NextNever.
func (r Reason) Next() Next {
	switch r {
	case ReasonTokenExpired:
		return NextRenew
	case ReasonTokenKeyUnknown, ReasonTokenTooEarly, ReasonTokenFuture:
		return NextLater
	case ReasonTokenAlg, ReasonTokenType, ReasonTokenLifetime, ReasonTokenBound, ReasonTokenClient, ReasonTokenSubject,
		ReasonUserInactive:
		return NextNever
	default:
		return NextLogin
	}
}

// Close codes of the WebSocket. Each mirrors a bye; a browser itself closes with 1000 or 4000-4999 only.
const (
	CloseNormal    = 1000 // the client is done
	CloseTooBig    = 1009 // a message over MaxMessage; no bye can follow. The client does not resend what caused it
	CloseRestart   = 1012 // the client comes back after RetryMS
	CloseBusy      = 1013 // the client comes back after RetryMS
	CloseProtocol  = 4400 // the client does not come back by itself
	CloseAuth      = 4401 // the client does as Next says
	CloseForbidden = 4403 // the same
	CloseTimeout   = 4408 // the client comes back; slow readers get it too, and resume
	CloseRate      = 4429 // the client comes back after RetryMS
)

// CloseFor returns the close code that mirrors a bye with code c.
func CloseFor(c Code) int {
	switch c {
	case CodeRestart:
		return CloseRestart
	case CodeBusy:
		return CloseBusy
	case CodeSlow, CodeTimeout:
		return CloseTimeout
	case CodeAuth:
		return CloseAuth
	case CodeForbidden:
		return CloseForbidden
	case CodeRate:
		return CloseRate
	default:
		return CloseProtocol
	}
}

// ClosedError is how a connection's Read ends when the other side, or the network, closed it.
type ClosedError struct {
	Code   int // the close code, 1006 if the connection was cut
	Reason string
}

func (e *ClosedError) Error() string {
	if e.Reason == "" {
		return "connection closed with code " + itoa(int64(e.Code))
	}
	return "connection closed with code " + itoa(int64(e.Code)) + ": " + e.Reason
}
