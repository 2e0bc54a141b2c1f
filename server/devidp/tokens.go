package devidp

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// correctTokens changes the access token and the ID token in answer, and signs them again. It makes the app the only
// audience of the ID token, adds the claim GroupsClaim for a moderator, and puts in the faults that a test has switched on.
func (p *Provider) correctTokens(answer map[string]any) error {
	wrong := p.faults.take(Tokens, WrongAudience, WrongIssuer, WrongClient, WrongNonce, Expired, Future, OtherKey)
	for _, name := range []Token{AccessToken, IDToken} {
		text, _ := answer[string(name)].(string)
		claims, err := claimsOf(text)
		if err != nil {
			return fmt.Errorf("read the %s: %w", name, err)
		}
		if name == IDToken {
			claims["aud"] = p.store.config.ClientID
			claims["at_hash"] = atHash(answer[string(AccessToken)].(string))
		}
		sub, _ := claims["sub"].(string)
		if who := person(sub); who != nil && who.Moderator {
			claims[GroupsClaim] = []string{Moderators}
		}
		k := p.store.ring.current()
		for _, f := range wrong {
			if f.Token != name && (f.Token != "" || name != AccessToken) {
				continue
			}
			if f.Do != OtherKey {
				spoil(claims, f.Do)
				continue
			}
			other, err := newKey()
			if err != nil {
				return err
			}
			k.private = other.private
		}
		if answer[string(name)], err = k.sign(claims); err != nil {
			return fmt.Errorf("sign the %s: %w", name, err)
		}
	}
	return nil
}

// spoil changes claims so that a token with these claims has the fault.
func spoil(claims map[string]any, fault Kind) {
	switch fault {
	case WrongAudience:
		claims["aud"] = "api://other"
	case WrongIssuer:
		claims["iss"] = fmt.Sprint(claims["iss"], "/other")
	case WrongClient:
		for _, name := range []string{"client_id", "azp"} {
			if claims[name] != nil {
				claims[name] = "other"
			}
		}
	case WrongNonce:
		claims["nonce"] = "other"
	case Expired:
		shift(claims, -2*time.Hour)
	case Future:
		shift(claims, 2*time.Hour)
	}
}

func shift(claims map[string]any, by time.Duration) {
	for _, name := range []string{"iat", "nbf", "exp", "auth_time"} {
		if at, ok := claims[name].(float64); ok {
			claims[name] = int64(at + by.Seconds())
		}
	}
}

// claimsOf returns the claims of a token. It does not verify the signature.
func claimsOf(token string) (claims map[string]any, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("it has no three parts")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, err
	}
	return claims, json.Unmarshal(payload, &claims)
}

// atHash returns the value of the claim at_hash for an access token: the first half of the token's SHA-256 hash.
func atHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
