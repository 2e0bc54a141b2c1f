package wire

// Code says why a frame was refused or a connection ended.
type Code string

// The codes of Refused.
const (
	CodeFrame       Code = "frame"       // not JSON, no type, wrong types of members, a member twice
	CodeID          Code = "id"          // not a UUID
	CodeRoom        Code = "room"        // bad name, not joined, or too many rooms
	CodeText        Code = "text"        // empty, too long, or with characters that are not allowed
	CodeTTL         Code = "ttl"         // outside the room's bounds
	CodeRate        Code = "rate"        // too fast; RetryMS says how long to wait. Also a code of Bye
	CodeFull        Code = "full"        // the room holds its maximum of live messages
	CodeUnavailable Code = "unavailable" // the stream cannot store now
	CodeForbidden   Code = "forbidden"   // not allowed. Also a code of Bye: signed in, but not admitted
	CodeAuth        Code = "auth"        // signing in failed; Reason and Next say more. Also a code of Bye
)

// The codes of Bye, each mirrored by the close code that CloseFor gives.
const (
	CodeRestart  Code = "restart"
	CodeBusy     Code = "busy"
	CodeSlow     Code = "slow"
	CodeTimeout  Code = "timeout"
	CodeProtocol Code = "protocol"
)

// RefusedCodes and ByeCodes are all codes of Refused and of Bye, for metrics that count by code.
var (
	RefusedCodes = [...]Code{CodeFrame, CodeID, CodeRoom, CodeText, CodeTTL, CodeRate, CodeFull, CodeUnavailable,
		CodeForbidden, CodeAuth}
	ByeCodes = [...]Code{CodeRestart, CodeBusy, CodeSlow, CodeTimeout, CodeProtocol, CodeRate, CodeAuth, CodeForbidden}
)

// Reason says why the server did not accept a sign-in. Bye and Refused carry it together with CodeAuth or CodeForbidden.
type Reason string

// The reasons, in the order in which a server checks for them.
const (
	ReasonAnonymousOff    Reason = "anonymous_off"          // no token, and this server requires one
	ReasonTokenMissing    Reason = "token_missing"          // an empty token
	ReasonTokenMalformed  Reason = "token_malformed"        // not a signed JWT in its compact form
	ReasonTokenAlg        Reason = "token_alg"              // signed with an algorithm that this server does not accept
	ReasonTokenType       Reason = "token_type"             // not an access token
	ReasonTokenKeyUnknown Reason = "token_key_unknown"      // signed with a key that the issuer does not publish
	ReasonTokenSignature  Reason = "token_signature"        // not signed by the issuer
	ReasonTokenIssuer     Reason = "token_issuer"           // from another issuer, or this server has no issuer
	ReasonTokenAudience   Reason = "token_audience"         // issued for another audience
	ReasonTokenClient     Reason = "token_client"           // issued to another app
	ReasonTokenExpired    Reason = "token_expired"          // past its expiry
	ReasonTokenLifetime   Reason = "token_lifetime"         // its lifetime is too long
	ReasonTokenTooEarly   Reason = "token_not_yet_valid"    // not valid yet
	ReasonTokenFuture     Reason = "token_issued_in_future" // issued in the future
	ReasonTokenSubject    Reason = "token_subject"          // names no user
	ReasonTokenScope      Reason = "token_scope"            // lacks the scope that this server requires
	ReasonTokenBound      Reason = "token_bound"            // bound to a key, which this server cannot check
	ReasonTokenRevoked    Reason = "token_revoked"          // its sign-in was signed out
	ReasonIdentityChanged Reason = "identity_changed"       // belongs to another user than the connection
	ReasonUserInactive    Reason = "user_inactive"          // the user's account is suspended, or otherwise not active
)

// Reasons are all reasons, for metrics that count by reason.
var Reasons = [...]Reason{ReasonAnonymousOff, ReasonTokenMissing, ReasonTokenMalformed, ReasonTokenAlg, ReasonTokenType,
	ReasonTokenKeyUnknown, ReasonTokenSignature, ReasonTokenIssuer, ReasonTokenAudience, ReasonTokenClient,
	ReasonTokenExpired, ReasonTokenLifetime, ReasonTokenTooEarly, ReasonTokenFuture, ReasonTokenSubject, ReasonTokenScope,
	ReasonTokenBound, ReasonTokenRevoked, ReasonIdentityChanged, ReasonUserInactive}

// Next says what a client does next when the server did not accept its sign-in.
type Next string

// The steps that a client can take next.
const (
	NextRenew Next = "renew" // get a fresh token, then come back
	NextLogin Next = "login" // let the user sign in again
	NextLater Next = "later" // come back after RetryMS
	NextNever Next = "never" // do not come back automatically
)

// Code returns the code of a Bye with reason r.
func (r Reason) Code() Code {
	switch r {
	case ReasonTokenClient, ReasonTokenSubject, ReasonUserInactive, ReasonTokenScope, ReasonIdentityChanged:
		return CodeForbidden
	default:
		return CodeAuth
	}
}

// Next returns what a client does after r. The server makes one exception: for a token whose key is known but unusable it
// says NextNever.
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

// Close codes of the WebSocket. A server's close code mirrors its Bye. A browser can only close with 1000 or 4000 to 4999.
const (
	CloseNormal    = 1000 // the client is done
	CloseTooBig    = 1009 // a message over MaxMessage; no Bye is possible. The client does not resend that message
	CloseRestart   = 1012 // the client comes back after RetryMS
	CloseBusy      = 1013 // the client comes back after RetryMS
	CloseProtocol  = 4400 // the client does not come back automatically
	CloseAuth      = 4401 // the client does what Next says
	CloseForbidden = 4403 // the same
	CloseTimeout   = 4408 // the client comes back; also after CodeSlow, and then it resumes
	CloseRate      = 4429 // the client comes back after RetryMS
)

// CloseFor returns the close code that mirrors a Bye with code c.
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

// ClosedError is the error of a connection's Read once the other side, or the network, has closed the connection.
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
