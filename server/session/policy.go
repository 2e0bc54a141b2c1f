package session

import "errors"

// Policy says what guests may do: users who have not signed in.
type Policy string

// The policies there are. The empty one is GuestsWrite.
const (
	GuestsWrite  Policy = "allow" // read and write
	GuestsRead   Policy = "read"
	GuestsDenied Policy = "deny" // they must sign in
)

// UnmarshalText implements encoding.TextUnmarshaler, for a flag.
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
