package outbox

import "mayfly/shared/wire"

// A Problem says why something cannot be done, or why it waits. It is a value; the zero Problem means that nothing is
// wrong. The page turns it into a sentence.
type Problem struct {
	Code    Code
	Message string // the server's sentence, for a code that the page does not know; "" if the client found the problem
}

// A Code names a problem. The client defines some codes; the others are a code or a reason of the server.
type Code string

// These codes are for problems that the outbox finds. The device stores them. A code of the server has no hyphen, so it
// never equals one of these.
const (
	NoAnswer     Code = "no-answer"     // the server has not answered yet
	NoConnection Code = "no-connection" // the entry waits for a connection
	TooBig       Code = "too-big"       // the server has closed the connection because the entry is too large
	OtherAuthor  Code = "other-author"  // another user wrote the entry, so the present user cannot send it
)

// RefusalOf returns the Problem that f, a refusal of the server, reports. It is the zero Problem if f has no sentence:
// then there is nothing to show.
func RefusalOf(f wire.Refused) Problem {
	if f.Message == "" {
		return Problem{}
	}
	return Problem{Code(f.Code), f.Message}
}

// stored returns p as two strings of a record (Code and Failed). If there is a problem, failed is not empty: older
// versions of the page know no codes, and show the string failed.
func (p Problem) stored() (code, failed string) {
	if p.Message == "" {
		return string(p.Code), string(p.Code)
	}
	return string(p.Code), p.Message
}

// problemOf is the inverse of the method stored: it returns the problem whose two strings are code and failed. If both are
// equal, the problem has a code only. In a record of an older version of the page, code is empty, and failed is a sentence.
func problemOf(code, failed string) Problem {
	if code == failed {
		return Problem{Code: Code(code)}
	}
	return Problem{Code(code), failed}
}
