package auth

import "errors"

// TokenKind says which of the provider's tokens signs a user in.
type TokenKind string

// These are all kinds. The empty TokenKind means AccessTokens.
const (
	AccessTokens TokenKind = "access" // access tokens for Config.Audience
	IDTokens     TokenKind = "id"     // ID tokens for one of Config.ClientIDs: for providers whose access tokens are opaque
)

// UnmarshalText implements encoding.TextUnmarshaler, so that a command-line flag can hold a TokenKind.
func (k *TokenKind) UnmarshalText(text []byte) error {
	switch kind := TokenKind(text); kind {
	case AccessTokens, IDTokens:
		*k = kind
		return nil
	}
	return errors.New("want access or id")
}

// MarshalText implements encoding.TextMarshaler.
func (k TokenKind) MarshalText() ([]byte, error) { return []byte(k), nil }
