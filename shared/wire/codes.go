package wire

// Code says why a frame was refused or a connection ended.
type Code string

// The codes of Refused.
const (
	CodeFrame       Code = "frame"       // the frame is not JSON, has no type, or has a member twice or with a bad value
	CodeID          Code = "id"          // the id is not a UUID
	CodeRoom        Code = "room"        // the room has a bad name or is not joined, or too many rooms are joined already
	CodeText        Code = "text"        // the text is empty, too long, or has characters that are not allowed
	CodeGone        Code = "gone"        // the message that the frame names has expired, was taken back, or never existed
	CodeEmoji       Code = "emoji"       // the emoji is not one of Welcome.Reactions
	CodeTTL         Code = "ttl"         // the time to live is outside the room's bounds
	CodeRate        Code = "rate"        // too many requests in a short time; RetryMS is the wait. Also a code of Bye
	CodeFull        Code = "full"        // the room is full, or MaxReactors users have given this emoji to the message
	CodeUnavailable Code = "unavailable" // at the moment the stream cannot store an event, or cannot open the room
	CodeForbidden   Code = "forbidden"   // the user may not do this, or is muted or banned. Also a code of Bye
	CodeAuth        Code = "auth"        // signing in failed; Reason and Next say more. Also a code of Bye
)

// The codes that only Bye has. Bye also has the codes CodeRate, CodeAuth and CodeForbidden, which are above. CloseFor
// returns the close code of the WebSocket for each code of Bye.
const (
	CodeRestart  Code = "restart"  // the server restarts
	CodeBusy     Code = "busy"     // the server cannot serve the connection now
	CodeSlow     Code = "slow"     // the client reads so slowly that its queue is full
	CodeTimeout  Code = "timeout"  // the client sent no hello in time, or no pong
	CodeProtocol Code = "protocol" // the client broke a rule of the protocol
)

// RefusedCodes contains all codes of Refused, and ByeCodes all codes of Bye. Metrics that count by code use them.
var (
	RefusedCodes = [...]Code{CodeFrame, CodeID, CodeRoom, CodeText, CodeGone, CodeEmoji, CodeTTL, CodeRate, CodeFull,
		CodeUnavailable, CodeForbidden, CodeAuth}
	ByeCodes = [...]Code{CodeRestart, CodeBusy, CodeSlow, CodeTimeout, CodeProtocol, CodeRate, CodeAuth, CodeForbidden}
)

// Reason says why the server did not accept a sign-in. Bye carries it with CodeAuth or CodeForbidden, Refused with
// CodeAuth.
type Reason string

// The reasons, roughly in the order in which a server checks for them.
const (
	ReasonAnonymousOff    Reason = "anonymous_off"          // there is no token, and this server requires one
	ReasonTokenMissing    Reason = "token_missing"          // the token is empty
	ReasonTokenMalformed  Reason = "token_malformed"        // the token is not a signed JWT in compact form
	ReasonTokenAlg        Reason = "token_alg"              // the token is signed with an algorithm that is not accepted
	ReasonTokenType       Reason = "token_type"             // the token is of a kind that this server does not accept
	ReasonTokenKeyUnknown Reason = "token_key_unknown"      // the issuer does not publish the key of the signature
	ReasonTokenSignature  Reason = "token_signature"        // the token is not signed by the issuer
	ReasonTokenIssuer     Reason = "token_issuer"           // the token is from another issuer, or the server has no sign-in
	ReasonTokenAudience   Reason = "token_audience"         // the token was issued for another audience
	ReasonTokenClient     Reason = "token_client"           // the token was issued to another app (client id)
	ReasonTokenExpired    Reason = "token_expired"          // the token has expired
	ReasonTokenLifetime   Reason = "token_lifetime"         // the lifetime of the token is too long
	ReasonTokenTooEarly   Reason = "token_not_yet_valid"    // the token is not valid yet
	ReasonTokenFuture     Reason = "token_issued_in_future" // the token was issued in the future
	ReasonTokenSubject    Reason = "token_subject"          // the token names no user
	ReasonTokenScope      Reason = "token_scope"            // the token lacks the scope that this server requires
	ReasonTokenBound      Reason = "token_bound"            // the token is bound to a key, which this server cannot check
	ReasonTokenRevoked    Reason = "token_revoked"          // the sign-in of the token was signed out
	ReasonIdentityChanged Reason = "identity_changed"       // the token belongs to another user than the connection
	ReasonUserInactive    Reason = "user_inactive"          // the user's account is suspended, or otherwise not active
)

// Reasons contains all reasons. Metrics that count by reason use it.
var Reasons = [...]Reason{ReasonAnonymousOff, ReasonTokenMissing, ReasonTokenMalformed, ReasonTokenAlg, ReasonTokenType,
	ReasonTokenKeyUnknown, ReasonTokenSignature, ReasonTokenIssuer, ReasonTokenAudience, ReasonTokenClient,
	ReasonTokenExpired, ReasonTokenLifetime, ReasonTokenTooEarly, ReasonTokenFuture, ReasonTokenSubject, ReasonTokenScope,
	ReasonTokenBound, ReasonTokenRevoked, ReasonIdentityChanged, ReasonUserInactive}

// Next says what a client does next when the server did not accept its sign-in.
type Next string

// The steps that a client can take next.
const (
	NextRenew Next = "renew" // get a fresh token, then connect again
	NextLogin Next = "login" // let the user sign in again
	NextLater Next = "later" // connect again after RetryMS
	NextNever Next = "never" // do not connect again automatically
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

// Next returns what a client does next after a Bye or Refused with reason r. There are two exceptions, in which the server
// sends NextNever instead: for an opaque token, and for a token whose key is known but cannot be used.
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

// The close codes of the WebSocket, and what a client does after each of them. The server sends all of them after a Bye (see
// CloseFor), except CloseNormal and CloseTooBig. A script in a browser can send only 1000 and the codes from 4000 to 4999.
const (
	CloseNormal    = 1000 // the client needs the connection no longer
	CloseTooBig    = 1009 // the client's message is over MaxMessage; no Bye comes first. The client must not resend it
	CloseRestart   = 1012 // the client connects again after RetryMS
	CloseBusy      = 1013 // the client connects again after RetryMS
	CloseProtocol  = 4400 // the client does not connect again automatically
	CloseAuth      = 4401 // the client does what Next says
	CloseForbidden = 4403 // the client does what Next says
	CloseTimeout   = 4408 // for CodeTimeout and CodeSlow: the client connects again and resumes its rooms
	CloseRate      = 4429 // the client connects again after RetryMS
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
