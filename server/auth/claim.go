package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Claim is the name of a claim and a value. A token has the Claim if its claim with this name is the string Value, or a list
// of strings that contains Value.
type Claim struct{ Name, Value string }

// in reports whether claims has c.
func (c Claim) in(claims object) bool { return slices.Contains(claims.texts(c.Name), c.Value) }

// Claims is a list of claims, as a flag holds it: name=value, with commas between them. A value with a comma cannot be
// written.
type Claims []Claim

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Claims) UnmarshalText(text []byte) error {
	var list Claims
	for pair := range strings.SplitSeq(string(text), ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if name, value = strings.TrimSpace(name), strings.TrimSpace(value); !ok || name == "" || value == "" {
			return fmt.Errorf("%q is no claim=value: want a claim of the tokens and its value, such as groups=moderators",
				pair)
		}
		if one := (Claim{name, value}); !slices.Contains(list, one) {
			list = append(list, one)
		}
	}
	if len(list) > maxModerators {
		return errors.New("want 20 of claim=value at most")
	}
	*c = list
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (c Claims) MarshalText() ([]byte, error) {
	pairs := make([]string, 0, len(c))
	for _, one := range c {
		pairs = append(pairs, one.Name+"="+one.Value)
	}
	return []byte(strings.Join(pairs, ",")), nil
}

// maxModerators is the most claims in one flag.
const maxModerators = 20
