package session

import "errors"

// Policy says what guests may do. A guest is a user who has not signed in.
type Policy string

// These are all policies. The empty Policy means GuestsWrite.
const (
	GuestsWrite  Policy = "allow" // guests may read and post
	GuestsRead   Policy = "read"  // guests may read only
	GuestsDenied Policy = "deny"  // guests may not connect: every user must sign in
)

// UnmarshalText implements encoding.TextUnmarshaler, so that a command-line flag can hold a Policy.
func (p *Policy) UnmarshalText(text []byte) error {
	switch policy := Policy(text); policy {
	case GuestsWrite, GuestsRead, GuestsDenied:
		*p = policy
		return nil
	}
	return errors.New("want allow, read or deny")
}

// MarshalText implements encoding.TextMarshaler.
func (p Policy) MarshalText() ([]byte, error) { return []byte(p), nil }
