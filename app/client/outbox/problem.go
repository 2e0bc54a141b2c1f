package outbox

import "mayfly/shared/wire"

// A Problem says why something cannot be done, or why it waits. It is a value; the zero Problem means that nothing is wrong.
// The page makes a sentence of it.
type Problem struct {
	Code    Code
	Message string // the server's sentence, for a code that the page does not know; "" if the client found the problem
}

// A Code names a problem: one that a client finds, or a code or reason of the server.
type Code string

// The problems that an outbox finds. The device stores these codes. A code of the server has no hyphen, so all differ.
const (
	NoAnswer     Code = "no-answer"     // yet
	NoConnection Code = "no-connection" // so the entry waits
	TooBig       Code = "too-big"       // the server has cut the connection because of the entry's size
	OtherAuthor  Code = "other-author"  // the user is now another than the one who wrote the entry
)

// RefusalOf returns why the server has refused something. A refusal without a sentence is no problem to show.
func RefusalOf(f wire.Refused) Problem {
	if f.Message == "" {
		return Problem{}
	}
	return Problem{Code(f.Code), f.Message}
}

// stored returns p as the strings of a record. failed is never empty for a problem; versions that know no codes show it.
func (p Problem) stored() (code, failed string) {
	if p.Message == "" {
		return string(p.Code), string(p.Code)
	}
	return string(p.Code), p.Message
}

// problemOf returns the problem that stored returned. A record of a version that knew no codes has a sentence alone.
func problemOf(code, failed string) Problem {
	if code == failed {
		return Problem{Code: Code(code)}
	}
	return Problem{Code(code), failed}
}
