package authtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"maps"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// The issuer, the client ID, the audience and the user in the claims that the function Claims returns.
const (
	IssuerURL = "https://id.example/oauth2/default"
	Client    = "0oaMayfly"
	Audience  = "api://default"
	Ada       = "00u1adalovelace5d7" // the uid of the user Ada
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// The keys of the tests. Each key is made once, by the first call.
var (
	Key1    = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	Key2    = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	Key1024 = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 1024)) })
	KeyEC   = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	KeyP384 = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)) })
	KeyEd   = sync.OnceValue(func() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) })
)

// JWK returns the public key of private in the form in which an issuer publishes it, a JSON Web Key.
func JWK(kid string, private crypto.Signer) map[string]any {
	var m map[string]any
	b := must(jose.JSONWebKey{Key: private.Public(), KeyID: kid, Use: "sig"}.MarshalJSON())
	if err := json.Unmarshal(b, &m); err != nil {
		panic(err)
	}
	return m
}

// With returns a copy of m with changes in it. A change to nil deletes the member.
func With(m map[string]any, changes map[string]any) map[string]any {
	m = maps.Clone(m)
	for name, value := range changes {
		if m[name] = value; value == nil {
			delete(m, name)
		}
	}
	return m
}

// Claims returns the claims of a good access token of Okta, with changes (see With).
func Claims(changes map[string]any) map[string]any {
	now := time.Now().Unix()
	return With(map[string]any{
		"ver": 1, "jti": "AT.7f3a", "iss": IssuerURL, "aud": Audience, "iat": now, "exp": now + 3600, "auth_time": now,
		"cid": Client, "uid": Ada, "sub": "ada@example.com", "scp": []string{"openid", "profile"},
	}, changes)
}

// Standard returns the claims of a good access token of a provider other than Okta, by RFC 9068, with changes (see With).
func Standard(changes map[string]any) map[string]any {
	return With(Claims(map[string]any{"ver": nil, "cid": nil, "uid": nil, "scp": nil, "client_id": Client, "sub": "5f0e-ada",
		"scope": "openid profile"}), changes)
}

// Header returns the header of a good token, with changes (see With).
func Header(changes map[string]any) map[string]any {
	return With(map[string]any{"alg": "RS256", "kid": "k1"}, changes)
}

// Good returns an access token, signed by Key1. Its claims are those of a good token of Okta, with changes (see With).
func Good(changes map[string]any) string { return Sign(Header(nil), Claims(changes), Key1()) }

// Sign returns a token with header and claims, signed by key. header and claims may be any value that json.Marshal can
// encode, or raw bytes ([]byte). If key cannot sign, the token has no signature.
func Sign(header, claims any, key any) string {
	signed := Encode(header) + "." + Encode(claims)
	var h struct{ Alg string }
	_ = json.Unmarshal([]byte(Decode(Encode(header))), &h)
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature(h.Alg, key, []byte(signed)))
}

// Encode returns v as a part of a token: v as JSON in base64url, or v itself in base64url if it is raw bytes ([]byte).
func Encode(v any) string {
	raw, ok := v.([]byte)
	if !ok {
		raw = must(json.Marshal(v))
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Decode returns the bytes that Encode has encoded, as a string.
func Decode(part string) string { return string(must(base64.RawURLEncoding.DecodeString(part))) }

// signature signs the bytes in the parameter signed with key, and returns the signature. It returns nil if key cannot sign.
// alg is the algorithm in the token's header.
func signature(alg string, key any, signed []byte) []byte {
	sum := sha256.Sum256(signed)
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if alg == "RS512" {
			sum := sha512.Sum512(signed)
			return must(rsa.SignPKCS1v15(nil, k, crypto.SHA512, sum[:]))
		}
		if alg == "PS256" {
			salt := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
			return must(rsa.SignPSS(rand.Reader, k, crypto.SHA256, sum[:], salt))
		}
		return must(rsa.SignPKCS1v15(nil, k, crypto.SHA256, sum[:]))
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, k, sum[:])
		if err != nil {
			panic(err)
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	case ed25519.PrivateKey:
		return ed25519.Sign(k, signed)
	case []byte:
		mac := hmac.New(sha256.New, k)
		mac.Write(signed)
		return mac.Sum(nil)
	default:
		return nil
	}
}
