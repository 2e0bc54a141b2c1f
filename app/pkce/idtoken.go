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

// verify returns the claims of an ID token that came with an access token and is good in every respect, or what is wrong with
// it. Nothing is compared with the device's clock, which may be wrong. old is the token that this one renews, nil if none.
func (s *SignIn) verify(p *provider, token, access, nonce string, old object) (object, *fault) {
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
	case claims == nil || header["crit"] != nil || p.algs != nil && !has(p.algs, alg) ||
		!s.signed(alg, key, []byte(token[:strings.LastIndexByte(token, '.')]), signature):
		problem = "is not well signed"
	case claims.text("iss") != s.issuer:
		problem = "is another issuer's"
	case !has(audience, s.clientID) || (claims["azp"] != nil || len(audience) > 1) && azp != s.clientID:
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
	if s.skew = (s.moment().wall - time.Duration(claims.number("iat"))*time.Second).Round(time.Second); s.skew.Abs() < maxSkew {
		s.skew = 0
	}
	return claims, nil
}

// split takes a token apart. What is not right is nil.
func split(token string) (header, payload object, signature []byte) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, nil, nil
	}
	return parse(decode64(parts[0])), parse(decode64(parts[1])), decode64(parts[2])
}

// signed reports whether signature is key's of text. RS256, which every provider has, is checked here, and so also where the
// browser has no WebCrypto; the others are left to the browser.
func (s *SignIn) signed(alg string, key object, text, signature []byte) bool {
	if alg != "RS256" {
		return s.verified(alg, key[""], text, signature)
	}
	e := new(big.Int).SetBytes(decode64(key.text("e")))
	if e.BitLen() > 31 {
		return false
	}
	public := rsa.PublicKey{N: new(big.Int).SetBytes(decode64(key.text("n"))), E: int(e.Int64())}
	hash := sha256.Sum256(text)
	return rsa.VerifyPKCS1v15(&public, crypto.SHA256, hash[:], signature) == nil
}

// halfHash returns what at_hash should be.
func halfHash(alg, access string) string {
	b := []byte(access)
	switch alg[2:] {
	case "256":
		h := sha256.Sum256(b)
		return encode64(h[:16])
	case "384":
		h := sha512.Sum384(b)
		return encode64(h[:24])
	default: // 512, and Ed25519's
		h := sha512.Sum512(b)
		return encode64(h[:32])
	}
}

// person returns the best name in an ID token that was verified when it came.
func person(id string) string {
	_, claims, _ := split(id)
	for _, claim := range [...]string{"name", "preferred_username", "email", "sub"} {
		if name := plain(claims.text(claim), maxName); name != "" {
			return name
		}
	}
	return "you"
}

// families says which keys go with an algorithm of JOSE. None without a key pair is among them.
const families = " RS256:RSA RS384:RSA RS512:RSA PS256:RSA PS384:RSA PS512:RSA ES256:P-256 ES384:P-384 ES512:P-521 EdDSA:Ed25519 "

const (
	maxKeys = 20
	minRSA  = 256 // bytes of a modulus
)

// key returns the key that is called kid and goes with alg; without a kid, the only one that goes with it. The keys are read
// if it is not among those known.
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
		if s.keys != nil && s.moment().since(s.keysRead) < keysYoung {
			break
		}
		if !s.readKeys(p) {
			return nil, noAnswer
		}
	}
	return nil, wrongFault("The ID token is signed with an unknown key.")
}

// readKeys reads the provider's keys.
func (s *SignIn) readKeys(p *provider) bool {
	set := s.get(p.keys, fetchTimeout)
	var list []json.RawMessage
	if json.Unmarshal(set["keys"], &list) != nil || len(list) > maxKeys {
		return false
	}
	s.keys, s.keysRead = []object{}, s.moment()
	for _, raw := range list {
		s.keys = append(s.keys, parse(raw))
	}
	return true
}

// fits reports whether k may check signatures of alg.
func fits(k object, alg string) bool {
	family := k.text("crv")
	if k.text("kty") == "RSA" {
		if family = "RSA"; len(decode64(k.text("n"))) < minRSA {
			return false
		}
	}
	use, only := k.text("use"), k.text("alg")
	return family != "" && strings.Contains(families, " "+alg+":"+family+" ") && (use == "" || use == "sig") && (only == "" || only == alg)
}
