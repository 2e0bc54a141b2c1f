package auth

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"mayfly/shared/wire"
)

// maxToken is the length of the longest token that parse accepts, in bytes.
const maxToken = 16 << 10

// token is the parts of a signed JWT in compact form. Nothing in it is verified.
type token struct {
	raw       string
	header    object
	payload   []byte
	signature []byte
}

// parse splits and decodes a token. It is stricter than other libraries: it refuses every token that two parsers could read
// differently.
func parse(raw string) (token, *Error) {
	if raw == "" {
		return token{}, refuse(wire.ReasonTokenMissing, "it is empty")
	}
	if len(raw) > maxToken {
		return token{}, refuse(wire.ReasonTokenMalformed, "it has %d bytes", len(raw))
	}
	parts := strings.Split(raw, ".")
	if isOpaque(raw, parts) {
		return token{}, opaque()
	}
	if len(parts) != 3 {
		return token{}, refuse(wire.ReasonTokenMalformed, "it has %d parts", len(parts))
	}
	var decoded [3][]byte
	for i, part := range parts {
		b, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || strings.ContainsAny(part, "\r\n") { // DecodeString would skip line ends
			return token{}, refuse(wire.ReasonTokenMalformed, "part %d is not base64url", i+1)
		}
		decoded[i] = b
	}
	header, err := newObject(decoded[0], headerNames)
	if err != nil {
		return token{}, refuse(wire.ReasonTokenMalformed, "its header: %v", err)
	}
	return token{raw: raw, header: header, payload: decoded[1], signature: decoded[2]}, nil
}

// isOpaque reports whether only the issuer can read the token raw, because it is a JWE, or no JWT at all. parts are the
// parts of raw between its dots; three parts count as a JWT. isOpaque returns false for a damaged JWT, and for a text with a
// character that no token in an Authorization header may have (RFC 6750).
func isOpaque(raw string, parts []string) bool {
	if len(parts) == 3 {
		return false
	}
	header, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err == nil && bytes.HasPrefix(header, []byte("{")) {
		return len(parts) == 5 // a JWE
	}
	foreign := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._~+/=", r)
	}
	return !strings.ContainsFunc(raw, foreign)
}

// opaque returns the refusal of an opaque token. The client must not try again (NextNever), because another sign-in would
// bring an opaque token again. The problem in the log tells the operator which flag to set.
func opaque() *Error {
	e := refuse(wire.ReasonTokenMalformed, "the provider gave an opaque access token, which only it can read: "+
		"make it give a JWT, for example with -authorize-params audience=… or -scopes, or take its ID tokens with "+
		"-token id (docs/signing-in.md, Other providers)")
	e.Next, e.Message = wire.NextNever, "The sign-in service gives tokens that this server cannot read."
	return e
}

// accessTypes and idTypes are the allowed values of the header field typ in an access token and in an ID token, in lower
// case. A token without typ is allowed too.
var (
	accessTypes = []string{"jwt", "at+jwt", "application/at+jwt"}
	idTypes     = []string{"jwt"}
)

// checkHeader checks the header of t. The header must name one of algs as the signature algorithm. Its field typ, if there
// is one, must be one of types. The header must not contain a key or the address of a key, and must not change how a token
// is read: with such a field, the sender of a forged token could choose how the token is checked.
func (t token) checkHeader(algs, types []string) *Error {
	if alg, _ := t.header.text("alg"); !slices.Contains(algs, alg) {
		return refuse(wire.ReasonTokenAlg, "alg is %q, want one of %q", clip(alg, maxLogged), algs)
	}
	for _, name := range []string{"crit", "jku", "x5u", "jwk"} {
		if t.header.has(name) {
			return refuse(wire.ReasonTokenMalformed, "its header has %s", name)
		}
	}
	if b64, ok := t.header["b64"]; ok && string(b64) != "true" {
		return refuse(wire.ReasonTokenMalformed, "its header has b64")
	}
	if typ, ok := t.header.text("typ"); t.header.has("typ") && (!ok || !slices.Contains(types, strings.ToLower(typ))) {
		return refuse(wire.ReasonTokenType, "typ is %q", clip(typ, maxLogged))
	}
	if _, ok := t.header.text("kid"); t.header.has("kid") && !ok {
		return refuse(wire.ReasonTokenMalformed, "kid is no string")
	}
	return nil
}

// typed reports whether the header field typ says that t is an access token. RFC 9068 demands that of issuers, but few do
// so.
func (t token) typed() bool {
	typ, _ := t.header.text("typ")
	return strings.HasSuffix(strings.ToLower(typ), "at+jwt")
}

// headerNames and claimNames are names of header fields and claims. newObject refuses them in another case, such as KID.
var (
	headerNames = []string{"alg", "kid", "typ", "crit", "b64", "jku", "x5u", "jwk"}
	claimNames  = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cid", "azp", "client_id", "uid", "scp", "scope",
		"cnf", "nonce", "at_hash", "c_hash", "s_hash", "typ", "token_use"}
)

// object is a JSON object with undecoded values.
type object map[string]json.RawMessage

// newObject parses a JSON object. It refuses an object with two names that are equal or differ only in case, and an object
// in which a name from the list names is written in another case. Otherwise go-oidc could read another value than this
// package, because go-oidc uses encoding/json, which ignores the case of names.
func newObject(b []byte, names []string) (object, error) {
	if !utf8.Valid(b) {
		return nil, errors.New("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil, errors.New("it is no JSON object")
	}
	o, folded := object{}, map[string]bool{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, errors.New("it is not JSON")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, errors.New("it is not JSON")
		}
		n, ok := name.(string)
		fold := strings.ToLower(strings.ToUpper(n)) // ToUpper first, because it turns ſ into S
		if !ok || folded[fold] || slices.Contains(names, fold) && n != fold {
			return nil, fmt.Errorf("%q stands there twice or in the wrong case", clip(n, maxLogged))
		}
		o[n], folded[fold] = value, true
	}
	if _, err := d.Token(); err != nil {
		return nil, errors.New("it is not JSON")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more follows the JSON object")
	}
	return o, nil
}

func (o object) has(name string) bool {
	_, ok := o[name]
	return ok
}

// text returns the value of name. ok is false if o has no such name, or if the value is not a string.
func (o object) text(name string) (s string, ok bool) {
	if !strings.HasPrefix(string(o[name]), `"`) {
		return "", false
	}
	return s, json.Unmarshal(o[name], &s) == nil
}

// texts returns the value of name if it is a string or a list of strings, else nil.
func (o object) texts(name string) []string {
	if s, ok := o.text(name); ok {
		return []string{s}
	}
	var list []string
	if json.Unmarshal(o[name], &list) != nil {
		return nil
	}
	return list
}

// number returns the value of name if it is a finite number.
func (o object) number(name string) (n float64, ok bool) {
	b := string(o[name])
	if b == "" || b[0] != '-' && (b[0] < '0' || b[0] > '9') { // ParseFloat accepts more than JSON does
		return 0, false
	}
	n, err := strconv.ParseFloat(b, 64)
	return n, err == nil && !math.IsInf(n, 0)
}
