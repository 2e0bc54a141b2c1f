package pkce

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"math/big"
	"strings"
	"time"

	"mayfly/shared/clock"
)

// wrongClaim checks the claims of an ID token. It returns the end of a sentence that begins "The ID token" and says what is
// wrong, or "" if the claims are right. It does not check whether the token has expired, because the device's clock may be
// wrong. atHash is the value that the claim at_hash must have (halfHash). nonce is the nonce of the request that began the
// sign-in. previous holds the claims of the previous ID token of this sign-in, nil if there is none.
func wrongClaim(claims object, reg *registration, atHash, nonce string, previous object) string {
	audience, azp := claims.texts("aud"), claims.text("azp")
	subject, given := claims.text("sub"), claims.text("nonce")
	switch {
	case claims.text("iss") != reg.issuer:
		return "is another issuer's"
	case !contains(audience, reg.clientID) || (claims["azp"] != nil || len(audience) > 1) && azp != reg.clientID:
		return "is for another client"
	case claims.number("iat") == 0 || claims.number("exp") <= claims.number("iat"):
		return "has no time in which it is good"
	case previous == nil && given != nonce || previous != nil && given != "" && nonce != "" && given != nonce:
		return "answers another sign-in"
	case claims["at_hash"] != nil && claims.text("at_hash") != atHash:
		return "belongs to another access token"
	case subject == "" || len(subject) > 255 || previous != nil && subject != previous.text("sub"):
		return "is another person's"
	}
	return ""
}

// skewOf returns by how much the device's clock, which shows now, is ahead of the provider's clock. claims are the claims of
// an ID token that the provider issued just now. skewOf returns 0 if the two clocks differ by less than maxSkew.
func skewOf(claims object, now clock.Moment) time.Duration {
	issued := time.Unix(int64(claims.number("iat")), 0)
	if skew := now.Wall.Sub(issued).Round(time.Second); skew.Abs() >= maxSkew {
		return skew
	}
	return 0
}

// whoseSkew decides which clock is wrong. skew is by how much the device's clock is ahead of the provider's. If the device's
// clock agrees with the clock of the Mayfly server, the provider's clock is wrong. Otherwise, or if the server's time is not
// known, the device's clock is wrong. The results say by how much each of the two clocks is ahead of the right time.
func whoseSkew(skew time.Duration, reg *registration) (device, provider time.Duration) {
	if reg.dated && reg.skew.Abs() < maxSkew {
		return 0, -skew
	}
	return skew, 0
}

// split returns the decoded parts of a JWT. A part that is not valid is nil.
func split(token string) (header, payload object, signature []byte) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, nil, nil
	}
	return parseObject(decode64(parts[0])), parseObject(decode64(parts[1])), decode64(parts[2])
}

// wellSigned reports whether signature is the signature of text by key. It checks RS256 in Go, because every provider has
// RS256 and some browsers have no WebCrypto. For other algorithms it calls verify, which is Browser.Verify and blocks.
func wellSigned(verify func(alg string, jwk, signed, signature []byte) bool,
	alg string, key object, text, signature []byte) bool {
	if alg != "RS256" {
		return verify(alg, key[""], text, signature)
	}
	e := new(big.Int).SetBytes(decode64(key.text("e")))
	if e.BitLen() > 31 {
		return false
	}
	public := rsa.PublicKey{N: new(big.Int).SetBytes(decode64(key.text("n"))), E: int(e.Int64())}
	hash := sha256.Sum256(text)
	return rsa.VerifyPKCS1v15(&public, crypto.SHA256, hash[:], signature) == nil
}

// halfHash returns the value that the claim at_hash must have: the first half of the hash of the access token, access. alg
// is the algorithm that signs the ID token; it also determines the hash function.
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

// nameIn returns the user's name from id, an ID token that was verified before. It returns the first of these claims that is
// not empty: name, preferred_username, email, sub. If all are empty, it returns "you".
func nameIn(id string) string {
	_, claims, _ := split(id)
	for _, claim := range [...]string{"name", "preferred_username", "email", "sub"} {
		if name := displayText(claims.text(claim), maxName); name != "" {
			return name
		}
	}
	return "you"
}
