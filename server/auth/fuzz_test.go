package auth_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"mayfly/server/auth"
)

// FuzzParse checks that a parsed token can be read in only one way: its parts put together are the same bytes, and go-jose
// finds the same parts in it. Parsing never panics.
func FuzzParse(f *testing.F) {
	now := time.Now()
	for _, seed := range []string{
		good(nil), sign(header(object{"typ": "at+jwt"}), standard(nil), key1()), sign(header(object{"alg": "none"}), claims(nil), nil),
		sign([]byte(`{"alg":"RS256","kid":"k1","ALG":"none"}`), []byte(`{"aud":1,"\u0061ud":2}`), key1()), "", "..", "e30..", "a.b.c",
		good(object{"exp": now.Unix()}) + "\n", "{}", strings.Repeat("e30.", 3),
	} {
		f.Add(seed)
	}
	algs := []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA, jose.HS256}
	f.Fuzz(func(t *testing.T, raw string) {
		header, payload, signature, ok := auth.Parse(raw)
		if !ok {
			return
		}
		part := strings.Split(raw, ".")
		if len(part) != 3 || encode(payload) != part[1] || encode(signature) != part[2] || len(raw) > 16<<10 {
			t.Fatalf("Parse(%q) = %q, %q", raw, payload, signature)
		}
		var plain map[string]json.RawMessage
		if err := json.Unmarshal([]byte(decode(part[0])), &plain); err != nil || len(plain) != len(header) {
			t.Fatalf("Parse(%q): the header is %q, and %v with %d members to others", raw, header, err, len(plain))
		}
		if signed, err := jose.ParseSignedCompact(raw, algs); err == nil {
			if string(signed.UnsafePayloadWithoutVerification()) != string(payload) || string(signed.Signatures[0].Signature) != string(signature) {
				t.Fatalf("Parse(%q) = %q, %q: go-jose reads it differently", raw, payload, signature)
			}
			var alg, kid string
			_ = json.Unmarshal([]byte(header["alg"]), &alg)
			_ = json.Unmarshal([]byte(header["kid"]), &kid)
			if h := signed.Signatures[0].Header; h.Algorithm != alg || h.KeyID != kid {
				t.Fatalf("Parse(%q): alg %q and kid %q are %q and %q to go-jose", raw, alg, kid, h.Algorithm, h.KeyID)
			}
		}
	})
}
