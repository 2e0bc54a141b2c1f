package outbox

import "mayfly/shared/wire"

// A Problem says why something cannot be done, or why it waits. It is a value; the zero Problem means that nothing is
// wrong. The page turns it into a sentence.
type Problem struct {
	Code    Code
	Message string // the server's sentence, for a code that the page does not know; "" if the client found the problem
}

// A Code names a problem. Some codes are constants of the client, such as NoAnswer. All others come from the server: a
// wire.Code or a wire.Reason.
type Code string

// These codes are for problems that the client finds. The device stores the codes, so don't change their texts. They have
// hyphens, so that they differ from all codes of the server, which have none.
const (
	NoAnswer     Code = "no-answer"     // the server has not answered yet
	NoConnection Code = "no-connection" // the entry waits for a connection
	TooBig       Code = "too-big"       // the server has closed the connection because the entry is too large
	OtherAuthor  Code = "other-author"  // another user wrote the entry, so the present user cannot send it
	Muted        Code = "is-muted"      // a moderator has muted the user in the room
	Banned       Code = "is-banned"     // a moderator has banned the user from the room
	Slow         Code = "slow-mode"     // the room has slow mode, and the user has posted not long ago
)

// CodeOf returns the code of the Problem that f, a refusal of the server, reports. The server's code forbidden has several
// meanings: with a RetryMS it means that the user is muted or banned.
func CodeOf(f *wire.Refused) Code {
	switch {
	case f.Code != wire.CodeForbidden || f.RetryMS == 0:
		return Code(f.Code)
	case f.Re == "join" || f.Re == "hello":
		return Banned
	}
	return Muted
}

// RefusalOf returns the Problem that f, a refusal of the server, reports. If f.Message is "", it returns the zero Problem,
// because there is nothing to show to the user.
func RefusalOf(f wire.Refused) Problem {
	if f.Message == "" {
		return Problem{}
	}
	return Problem{CodeOf(&f), f.Message}
}

// stored returns p as the two fields Code and Failed of a record. Older versions of the page do not know the field Code, and
// show the field Failed to the user. So if p has no Message, failed is the code.
func (p Problem) stored() (code, failed string) {
	if p.Message == "" {
		return string(p.Code), string(p.Code)
	}
	return string(p.Code), p.Message
}

// problemOf returns the problem that the fields Code and Failed of a record contain. It is the inverse of the method stored.
// If both fields are equal, the problem has a Code and no Message. A record of an older version of the page has no Code.
func problemOf(code, failed string) Problem {
	if code == failed {
		return Problem{Code: Code(code)}
	}
	return Problem{Code(code), failed}
}
