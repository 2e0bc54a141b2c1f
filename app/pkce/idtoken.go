package pkce

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/json"
	"math/big"
	"strings"
	"time"
)

// verifyIDToken checks an ID token that came with an access token, and returns its claims or what is wrong with it. It
// compares nothing with the device's clock, which may be wrong. old holds the claims of the ID token before, nil if there is
// none.
func (s *SignIn) verifyIDToken(p *provider, token, access, nonce string, old object) (object, *fault) {
	header, claims, signature := split(token)
	alg := header.text("alg")
	key, f := s.key(p, header.text("kid"), alg)
	if f != nil {
		return nil, f
	}
	audience, azp := claims.texts("aud"), claims.text("azp")
	subject, given := claims.text("sub"), claims.text("nonce")
	problem := ""
	switch {
	case claims == nil || header["crit"] != nil || p.algs != nil && !contains(p.algs, alg) ||
		!s.verifySignature(alg, key, []byte(token[:strings.LastIndexByte(token, '.')]), signature):
		problem = "is not well signed"
	case claims.text("iss") != s.issuer:
		problem = "is another issuer's"
	case !contains(audience, s.clientID) || (claims["azp"] != nil || len(audience) > 1) && azp != s.clientID:
		problem = "is for another client"
	case claims.number("iat") == 0 || claims.number("exp") <= claims.number("iat"):
		problem = "has no time in which it is good"
	case old == nil && given != nonce || old != nil && given != "" && nonce != "" && given != nonce:
		problem = "answers another sign-in"
	case claims["at_hash"] != nil && claims.text("at_hash") != halfHash(alg, access):
		problem = "belongs to another access token"
	case subject == "" || len(subject) > 255 || old != nil && subject != old.text("sub"):
		problem = "is another person's"
	}
	if problem != "" {
		return nil, wrongFault("The ID token " + problem + ".")
	}
	issued := time.Unix(int64(claims.number("iat")), 0)
	if s.skew = s.moment().Wall.Sub(issued).Round(time.Second); s.skew.Abs() < maxSkew {
		s.skew = 0
	}
	return claims, nil
}

// split returns the decoded parts of a token. A part that is not valid is nil.
func split(token string) (header, payload object, signature []byte) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, nil, nil
	}
	return parseObject(decode64(parts[0])), parseObject(decode64(parts[1])), decode64(parts[2])
}

// verifySignature reports whether key made signature for text. It checks RS256 itself, because every provider has RS256 and
// some browsers have no WebCrypto. The browser checks the other algorithms.
func (s *SignIn) verifySignature(alg string, key object, text, signature []byte) bool {
	if alg != "RS256" {
		return s.browserVerify(alg, key[""], text, signature)
	}
	e := new(big.Int).SetBytes(decode64(key.text("e")))
	if e.BitLen() > 31 {
		return false
	}
	public := rsa.PublicKey{N: new(big.Int).SetBytes(decode64(key.text("n"))), E: int(e.Int64())}
	hash := sha256.Sum256(text)
	return rsa.VerifyPKCS1v15(&public, crypto.SHA256, hash[:], signature) == nil
}

// halfHash returns the right value of at_hash for an access token.
func halfHash(alg, access string) string {
	b := []byte(access)
	switch alg[2:] {
	case "256":
		h := sha256.Sum256(b)
		return encode64(h[:16])
	case "384":
		h := sha512.Sum384(b)
		return encode64(h[:24])
	default: // SHA-512, also for Ed25519
		h := sha512.Sum512(b)
		return encode64(h[:32])
	}
}

// nameIn returns the best name in an ID token. The token was verified before.
func nameIn(id string) string {
	_, claims, _ := split(id)
	for _, claim := range [...]string{"name", "preferred_username", "email", "sub"} {
		if name := displayText(claims.text(claim), maxName); name != "" {
			return name
		}
	}
	return "you"
}

// keyTypes says which type of key each JOSE algorithm needs. It has no algorithm with a shared secret.
const keyTypes = " RS256:RSA RS384:RSA RS512:RSA PS256:RSA PS384:RSA PS512:RSA" +
	" ES256:P-256 ES384:P-384 ES512:P-521 EdDSA:Ed25519 "

const (
	maxKeys = 20
	minRSA  = 256 // bytes of a modulus
)

// key returns the provider's key with the id kid that fits alg, or without a kid the only key that fits alg. If no known key
// does, it reads the keys again.
func (s *SignIn) key(p *provider, kid, alg string) (object, *fault) {
	for range 2 {
		var found []object
		for _, k := range s.keys {
			if fits(k, alg) && (kid == "" || k.text("kid") == kid) {
				found = append(found, k)
			}
		}
		if len(found) == 1 {
			return found[0], nil
		}
		if s.keys != nil && s.moment().Since(s.keysRead) < keysMinAge {
			break
		}
		if !s.readKeys(p) {
			return nil, noAnswer
		}
	}
	return nil, wrongFault("The ID token is signed with an unknown key.")
}

// readKeys reads the provider's keys and reports whether that worked.
func (s *SignIn) readKeys(p *provider) bool {
	set := s.get(p.keys, fetchTimeout)
	var list []json.RawMessage
	if json.Unmarshal(set["keys"], &list) != nil || len(list) > maxKeys {
		return false
	}
	s.keys, s.keysRead = []object{}, s.moment()
	for _, raw := range list {
		s.keys = append(s.keys, parseObject(raw))
	}
	return true
}

// fits reports whether k can check signatures of alg.
func fits(k object, alg string) bool {
	family := k.text("crv")
	if k.text("kty") == "RSA" {
		if family = "RSA"; len(decode64(k.text("n"))) < minRSA {
			return false
		}
	}
	use, only := k.text("use"), k.text("alg")
	return family != "" && strings.Contains(keyTypes, " "+alg+":"+family+" ") &&
		(use == "" || use == "sig") && (only == "" || only == alg)
}
