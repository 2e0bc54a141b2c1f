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
)

// The codes of Bye, each mirrored by the close code that CloseFor gives.
const (
	CodeRestart  Code = "restart"
	CodeBusy     Code = "busy"
	CodeSlow     Code = "slow"
	CodeTimeout  Code = "timeout"
	CodeProtocol Code = "protocol"
	CodeAuth     Code = "auth"
)

// RefusedCodes and ByeCodes are all codes of Refused and of Bye, for who counts by code.
var (
	RefusedCodes = [...]Code{CodeFrame, CodeID, CodeRoom, CodeText, CodeTTL, CodeRate, CodeFull, CodeUnavailable}
	ByeCodes     = [...]Code{CodeRestart, CodeBusy, CodeSlow, CodeTimeout, CodeProtocol, CodeRate, CodeAuth}
)

// The reasons and next steps of Bye with CodeAuth.
const (
	ReasonTokenIssuer = "token_issuer" // a token, although no issuer is set up
	NextLogin         = "login"        // the person signs in again
)

// Close codes of the WebSocket. Each mirrors a bye; a browser itself closes with 1000 or 4000-4999 only.
const (
	CloseNormal   = 1000 // the client is done
	CloseTooBig   = 1009 // a message over MaxMessage; no bye can follow. The client does not resend what caused it
	CloseRestart  = 1012 // the client comes back after RetryMS
	CloseBusy     = 1013 // the client comes back after RetryMS
	CloseProtocol = 4400 // the client does not come back by itself
	CloseAuth     = 4401 // the client does as Next says
	CloseTimeout  = 4408 // the client comes back; slow readers get it too, and resume
	CloseRate     = 4429 // the client comes back after RetryMS
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
