package auth_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server/auth"
	"mayfly/server/authtest"
	"mayfly/shared/wire"
)

type object = map[string]any

// TestBadTokensAreRefused refuses each bad token with its reason. The cases begin with the numbers of docs/attacks.md.
func TestBadTokensAreRefused(t *testing.T) {
	ago := func(d time.Duration) int64 { return time.Now().Add(-d).Unix() }
	in := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	raw := func(payload string) string { return sign(header(nil), []byte(payload), key1()) }
	// member returns the JSON of good claims with more behind it, such as a name twice, which a map could not hold.
	member := func(more string) string {
		b := string(must(json.Marshal(claims(nil))))
		return raw(b[:len(b)-1] + "," + more + "}")
	}
	flip := func(token string, at int) string {
		part := strings.Split(token, ".")
		sig := []byte(decode(part[2]))
		sig[at] ^= 1
		return part[0] + "." + part[1] + "." + base64.RawURLEncoding.EncodeToString(sig)
	}
	parts := func(token string) (string, string, string) {
		p := strings.Split(token, ".")
		return p[0], p[1], p[2]
	}
	for _, tt := range []struct {
		name   string
		token  func() string
		reason wire.Reason
	}{
		{"0 empty", func() string { return "" }, "token_missing"},
		{"1 alg none", func() string { return sign(header(object{"alg": "none"}), claims(nil), nil) }, "token_alg"},
		{"1 alg None", func() string { return sign(header(object{"alg": "None"}), claims(nil), key1()) }, "token_alg"},
		{"1 alg empty", func() string { return sign(header(object{"alg": ""}), claims(nil), key1()) }, "token_alg"},
		{"1 alg missing", func() string { return sign(header(object{"alg": nil}), claims(nil), key1()) }, "token_alg"},
		{"1 alg a number", func() string { return sign([]byte(`{"alg":256,"kid":"k1"}`), claims(nil), key1()) }, "token_alg"},
		{"1 alg rs256", func() string { return sign(header(object{"alg": "rs256"}), claims(nil), key1()) }, "token_alg"},
		{"2 HS256 with the public key", func() string {
			der := must(x509.MarshalPKIXPublicKey(key1().Public()))
			return sign(header(object{"alg": "HS256"}), claims(nil), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
		}, "token_alg"},
		{"2 HS384", func() string { return sign(header(object{"alg": "HS384"}), claims(nil), []byte("k")) }, "token_alg"},
		{"3 RS512", func() string { return sign(header(object{"alg": "RS512"}), claims(nil), key1()) }, "token_alg"},
		{"4 flipped bit at the start", func() string { return flip(good(nil), 0) }, "token_signature"},
		{"4 flipped bit at the end", func() string { return flip(good(nil), 255) }, "token_signature"},
		{"4 no signature", func() string { h, p, _ := parts(good(nil)); return h + "." + p + "." }, "token_signature"},
		{"4 short signature", func() string { g := good(nil); return g[:len(g)-2] }, "token_signature"},
		{"4 claims of another token", func() string {
			h, _, s := parts(good(nil))
			_, p, _ := parts(good(object{"uid": "00uEve0000000000"}))
			return h + "." + p + "." + s
		}, "token_signature"},
		{"5 attacker's key under our kid", func() string { return sign(header(nil), claims(nil), key2()) }, "token_signature"},
		{"6 unknown kid", func() string { return sign(header(object{"kid": "k9"}), claims(nil), key2()) }, "token_key_unknown"},
		{"6 kid in another case", func() string { return sign(header(object{"kid": "K1"}), claims(nil), key1()) }, "token_key_unknown"},
		{"8 no kid", func() string { return sign(header(object{"kid": nil}), claims(nil), key1()) }, "token_key_unknown"},
		{"8 empty kid", func() string { return sign(header(object{"kid": ""}), claims(nil), key1()) }, "token_key_unknown"},
		{"8 kid a number", func() string { return sign(header(object{"kid": 1}), claims(nil), key1()) }, "token_malformed"},
		{"8 kid of 256 bytes", func() string { return sign(header(object{"kid": strings.Repeat("k", 256)}), claims(nil), key1()) }, "token_key_unknown"},
		{"9 jku", func() string { return sign(header(object{"jku": "https://127.0.0.1:1/"}), claims(nil), key1()) }, "token_malformed"},
		{"9 x5u", func() string { return sign(header(object{"x5u": "https://127.0.0.1:1/"}), claims(nil), key1()) }, "token_malformed"},
		{"9 jwk", func() string { return sign(header(object{"jwk": jwk("k1", key2())}), claims(nil), key2()) }, "token_malformed"},
		{"10 crit", func() string { return sign(header(object{"crit": []string{"exp"}}), claims(nil), key1()) }, "token_malformed"},
		{"10 b64 false", func() string { return sign(header(object{"b64": false}), claims(nil), key1()) }, "token_malformed"},
		{"11 JWS JSON form", func() string {
			h, p, s := parts(good(nil))
			return fmt.Sprintf(`{"payload":%q,"protected":%q,"signature":%q}`, p, h, s)
		}, "token_malformed"},
		{"12 JWE", func() string {
			e := must(jose.NewEncrypter(jose.A128GCM, jose.Recipient{Algorithm: jose.RSA_OAEP, Key: key1().Public()}, nil))
			return must(must(e.Encrypt([]byte("{}"))).CompactSerialize())
		}, "token_malformed"},
		{"13 space before", func() string { return " " + good(nil) }, "token_malformed"},
		{"13 space behind", func() string { return good(nil) + " " }, "token_malformed"},
		{"13 newline behind", func() string { return good(nil) + "\n" }, "token_malformed"},
		{"13 CR LF inside", func() string { g := good(nil); return g[:20] + "\r\n" + g[20:] }, "token_malformed"},
		{"13 LF inside", func() string { g := good(nil); return g[:20] + "\n" + g[20:] }, "token_malformed"},
		{"13 padding", func() string { return good(nil) + "==" }, "token_malformed"},
		{"13 spare bits set", func() string {
			g := good(nil) // the last character of a signature of 256 bytes has 4 unused bits
			last := strings.IndexByte(alphabet, g[len(g)-1])
			return g[:len(g)-1] + string(alphabet[last|1])
		}, "token_malformed"},
		{"13 standard alphabet", func() string { g := good(nil); return g[:20] + "+" + g[21:] }, "token_malformed"},
		{"13 two parts", func() string { h, p, _ := parts(good(nil)); return h + "." + p }, "token_malformed"},
		{"13 four parts", func() string { return good(nil) + ".e30" }, "token_malformed"},
		{"13 dots alone", func() string { return ".." }, "token_malformed"},
		{"13 20 kB", func() string { return good(object{"x": strings.Repeat("x", 15_000)}) }, "token_malformed"},
		{"13 8 MiB", func() string { return strings.Repeat("a", 8<<20) }, "token_malformed"},
		{"14 issuer with slash", func() string { return good(object{"iss": issuer + "/"}) }, "token_issuer"},
		{"14 other authorization server", func() string { return good(object{"iss": "https://id.example/oauth2/other"}) }, "token_issuer"},
		{"14 org server", func() string { return good(object{"iss": "https://id.example"}) }, "token_issuer"},
		{"14 http", func() string { return good(object{"iss": "http" + issuer[5:]}) }, "token_issuer"},
		{"14 issuer in another case", func() string { return good(object{"iss": strings.ToUpper(issuer)}) }, "token_issuer"},
		{"14 no issuer", func() string { return good(object{"iss": nil}) }, "token_issuer"},
		{"14 issuers", func() string { return good(object{"iss": []string{issuer}}) }, "token_issuer"},
		{"15 other audience", func() string { return good(object{"aud": "api://other"}) }, "token_audience"},
		{"15 other audiences", func() string { return good(object{"aud": []string{"a", "b"}}) }, "token_audience"},
		{"15 our client alone", func() string { return good(object{"aud": client}) }, "token_audience"},
		{"15 our client alone, in a list", func() string { return good(object{"aud": []string{client}}) }, "token_audience"},
		{"15 no audience", func() string { return good(object{"aud": nil}) }, "token_audience"},
		{"15 audience a number", func() string { return good(object{"aud": 7}) }, "token_audience"},
		{"15 audience among numbers", func() string { return good(object{"aud": []any{7, audience}}) }, "token_audience"},
		{"16 ID token", func() string {
			return good(object{"aud": client, "jti": "ID.1", "nonce": "n", "at_hash": "h"})
		}, "token_audience"},
		{"16 ID token with our audience, nonce", func() string { return good(object{"aud": []string{client, audience}, "nonce": "n"}) }, "token_type"},
		{"16 at_hash", func() string { return good(object{"at_hash": "h"}) }, "token_type"},
		{"16 c_hash", func() string { return good(object{"c_hash": "h"}) }, "token_type"},
		{"16 jti of an ID token", func() string { return good(object{"jti": "ID.x"}) }, "token_type"},
		{"16 typ dpop+jwt", func() string { return sign(header(object{"typ": "dpop+jwt"}), claims(nil), key1()) }, "token_type"},
		{"16 typ logout+jwt", func() string { return sign(header(object{"typ": "logout+jwt"}), claims(nil), key1()) }, "token_type"},
		{"16 typ secevent+jwt", func() string { return sign(header(object{"typ": "secevent+jwt"}), claims(nil), key1()) }, "token_type"},
		{"16 typ a list", func() string { return sign(header(object{"typ": []string{"JWT"}}), claims(nil), key1()) }, "token_type"},
		{"17 other client", func() string { return good(object{"cid": "0oaEvil"}) }, "token_client"},
		{"17 no client", func() string { return good(object{"cid": nil}) }, "token_client"},
		{"17 client a list", func() string { return good(object{"cid": []string{client}}) }, "token_client"},
		{"17 two clients, one ours", func() string { return good(object{"azp": "0oaEvil"}) }, "token_client"},
		{"17 other azp", func() string {
			return sign(header(nil), standard(object{"client_id": nil, "azp": "evil"}), key1())
		}, "token_client"},
		{"18 client credentials, Okta", func() string { return good(object{"uid": nil, "sub": client}) }, "token_subject"},
		{"18 client credentials, standard", func() string { return sign(header(nil), standard(object{"sub": client}), key1()) }, "token_subject"},
		{"18 no sub, standard", func() string { return sign(header(nil), standard(object{"sub": nil}), key1()) }, "token_subject"},
		{"18 sub empty, standard", func() string { return sign(header(nil), standard(object{"sub": ""}), key1()) }, "token_subject"},
		{"18 sub a number, standard", func() string { return sign(header(nil), standard(object{"sub": 7}), key1()) }, "token_subject"},
		{"18 uid instead of sub, standard", func() string { return sign(header(nil), standard(object{"sub": nil, "uid": ada}), key1()) }, "token_subject"},
		{"19 no exp", func() string { return good(object{"exp": nil}) }, "token_expired"},
		{"19 exp a string", func() string { return good(object{"exp": fmt.Sprint(in(time.Hour))}) }, "token_expired"},
		{"19 exp 1e12", func() string { return good(object{"exp": 1e12}) }, "token_lifetime"},
		{"19 exp 1e12, issued then", func() string { return good(object{"exp": 1e12, "iat": 1e12 - 60}) }, "token_lifetime"},
		{"19 exp 1e30", func() string { return good(object{"exp": 1e30}) }, "token_lifetime"},
		{"19 exp 1e999", func() string {
			return raw(strings.Replace(string(must(json.Marshal(claims(object{"exp": 5})))), `"exp":5`, `"exp":1e999`, 1))
		}, "token_expired"},
		{"19 exp negative", func() string { return good(object{"exp": -1e30}) }, "token_expired"},
		{"19 60 s ago", func() string { return good(object{"exp": ago(60 * time.Second), "iat": ago(time.Hour)}) }, "token_expired"},
		{"19 61 s ago", func() string { return good(object{"exp": ago(61 * time.Second), "iat": ago(time.Hour)}) }, "token_expired"},
		{"19 lives 24 h 5 min and 1 s", func() string { return good(object{"exp": in(24*time.Hour + 5*time.Minute + time.Second)}) }, "token_lifetime"},
		{"20 nbf in 61 s", func() string { return good(object{"nbf": in(61 * time.Second)}) }, "token_not_yet_valid"},
		{"20 nbf in a year", func() string { return good(object{"nbf": in(365 * 24 * time.Hour)}) }, "token_not_yet_valid"},
		{"20 nbf a string", func() string { return good(object{"nbf": "0"}) }, "token_not_yet_valid"},
		{"20 iat in 61 s", func() string { return good(object{"iat": in(61 * time.Second)}) }, "token_issued_in_future"},
		{"20 no iat", func() string { return good(object{"iat": nil}) }, "token_issued_in_future"},
		{"20 iat a string", func() string { return good(object{"iat": "0"}) }, "token_issued_in_future"},
		{"21 claims a list", func() string { return raw(`[1]`) }, "token_malformed"},
		{"21 claims a string", func() string { return raw(`"x"`) }, "token_malformed"},
		{"21 claims null", func() string { return raw(`null`) }, "token_malformed"},
		{"21 claims empty", func() string { return raw(``) }, "token_malformed"},
		{"21 claims cut", func() string { return raw(`{"iss":`) }, "token_malformed"},
		{"21 two objects", func() string { return raw(`{} {}`) }, "token_malformed"},
		{"21 claims no UTF-8", func() string { return raw("{\"iss\":\"\xff\"}") }, "token_malformed"},
		{"21 aud twice", func() string { return member(`"aud":"api://other"`) }, "token_malformed"},
		{"21 aud twice, escaped", func() string { return member(`"\u0061ud":"api://other"`) }, "token_malformed"},
		{"21 AUD too", func() string { return member(`"AUD":"api://other"`) }, "token_malformed"},
		{"21 AUD instead", func() string { return good(object{"aud": nil, "AUD": audience}) }, "token_malformed"},
		{"21 iſſ", func() string { return good(object{"iss": nil, "iſſ": issuer}) }, "token_malformed"},
		{"21 any name twice", func() string { return member(`"x":1,"X":2`) }, "token_malformed"},
		{"21 header a list", func() string { return sign([]byte(`["alg"]`), claims(nil), key1()) }, "token_malformed"},
		{"21 header with kid twice", func() string { return sign([]byte(`{"alg":"RS256","kid":"k1","kid":"k1"}`), claims(nil), key1()) }, "token_malformed"},
		{"21 header with ALG", func() string { return sign([]byte(`{"alg":"RS256","kid":"k1","ALG":"none"}`), claims(nil), key1()) }, "token_malformed"},
		{"22 uid me", func() string { return good(object{"uid": "me"}) }, "token_subject"},
		{"22 uid ../apps", func() string { return good(object{"uid": "../apps"}) }, "token_subject"},
		{"22 uid ..", func() string { return good(object{"uid": ".."}) }, "token_subject"},
		{"22 uid .", func() string { return good(object{"uid": "."}) }, "token_subject"},
		{"22 uid of 10 kB", func() string { return good(object{"uid": strings.Repeat("u", 10_000)}) }, "token_subject"},
		{"22 uid of 256 bytes", func() string { return good(object{"uid": strings.Repeat("u", 256)}) }, "token_subject"},
		{"22 uid with control characters", func() string { return good(object{"uid": "ada\x00lovelace"}) }, "token_subject"},
		{"22 uid with C1", func() string { return good(object{"uid": "ada\u009blovelace"}) }, "token_subject"},
		{"22 uid with half a character", func() string {
			return raw(strings.Replace(string(must(json.Marshal(claims(nil)))), ada, `\ud83e`, 1))
		}, "token_subject"},
		{"22 sub me, standard", func() string { return sign(header(nil), standard(object{"sub": "me"}), key1()) }, "token_subject"},
		{"24 cnf", func() string {
			return good(object{"cnf": object{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}})
		}, "token_bound"},
		{"what go-oidc alone refuses", func() string { return good(object{"_claim_names": object{"x": "nowhere"}}) }, "token_malformed"},
		{"24 cnf null", func() string { return member(`"cnf":null`) }, "token_bound"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, r *rig) {
				next := tt.reason.Next()
				if strings.HasPrefix(tt.name, "12 ") { // case 12 is a JWE, which is opaque
					next = wire.NextNever
				}
				if e := r.want(t, tt.token(), tt.reason); e.Next != next {
					t.Errorf("next %q, want %q", e.Next, next)
				}
			})
			if tt.name != "16 ID token" {
				bubble(t, takeIDTokens, func(t *testing.T, r *rig) { r.refusal(t, tt.token()) })
			}
		})
	}
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// TestScopeIsRequired refuses tokens without the required scope. The cases begin with the numbers of docs/attacks.md.
func TestScopeIsRequired(t *testing.T) {
	setup := func(c *auth.Config, _ *authtest.Issuer) { c.RequireScope = "mayfly" }
	for _, tt := range []struct {
		name   string
		claims func(object) object
		change object
		ok     bool
	}{
		{"23 none, Okta", claims, object{"scp": nil}, false},
		{"23 others, Okta", claims, nil, false},
		{"23 longer, Okta", claims, object{"scp": []string{"mayfly2"}}, false},
		{"23 others, standard", standard, nil, false},
		{"23 longer, standard", standard, object{"scope": "openid mayfly2"}, false},
		{"there, Okta", claims, object{"scp": []string{"openid", "mayfly"}}, true},
		{"there, standard", standard, object{"scope": "openid mayfly"}, true},
		{"words in scp", standard, object{"scope": nil, "scp": "openid mayfly"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setup, func(t *testing.T, r *rig) {
				token := sign(header(nil), tt.claims(tt.change), key1())
				if !tt.ok {
					r.want(t, token, wire.ReasonTokenScope)
					return
				}
				r.identity(t, token, "")
			})
		})
	}
}

// TestGoodTokens: the verifier accepts these tokens, many of which are similar to bad ones. If a case belongs to a row of
// docs/attacks.md, its name begins with the number of that row.
func TestGoodTokens(t *testing.T) {
	ago := func(d time.Duration) float64 { return float64(time.Now().Add(-d).UnixMilli()) / 1000 }
	in := func(d time.Duration) float64 { return ago(-d) }
	for _, tt := range []struct {
		name   string
		setup  func(*auth.Config, *authtest.Issuer)
		header object
		claims func() object
		key    func() any
	}{
		{"Okta", nil, header(nil), func() object { return claims(nil) }, nil},
		{"standard", nil, header(object{"typ": "at+jwt"}), func() object { return standard(nil) }, nil},
		{"typ JWT", nil, header(object{"typ": "JWT"}), func() object { return claims(nil) }, nil},
		{"typ in capitals", nil, header(object{"typ": "application/AT+JWT"}), func() object { return claims(nil) }, nil},
		{"b64 true", nil, header(object{"b64": true}), func() object { return claims(nil) }, nil},
		{"azp", nil, header(nil), func() object { return standard(object{"client_id": nil, "azp": client}) }, nil},
		{"our other client", nil, header(nil), func() object { return claims(object{"cid": "0oaOther"}) }, nil},
		{"15 list with ours", nil, header(nil), func() object { return claims(object{"aud": []string{"x", audience}}) }, nil},
		{"15 list with ours and the client", nil, header(nil), func() object { return claims(object{"aud": []string{client, audience}}) }, nil},
		{"nonce in a typed access token", nil, header(object{"typ": "at+jwt"}), func() object { return standard(object{"nonce": "n"}) }, nil},
		{"19 exp with a fraction", nil, header(nil), func() object { return claims(object{"exp": in(time.Hour) + .5}) }, nil},
		{"19 59 s ago", nil, header(nil), func() object { return claims(object{"exp": ago(59 * time.Second), "iat": ago(time.Hour)}) }, nil},
		{"19 59.9 s ago", nil, header(nil), func() object { return claims(object{"exp": ago(59900 * time.Millisecond), "iat": ago(time.Hour)}) }, nil},
		{"lives 24 h 5 min", nil, header(nil), func() object { return claims(object{"exp": in(24*time.Hour + 5*time.Minute)}) }, nil},
		{"20 nbf in 60 s", nil, header(nil), func() object { return claims(object{"nbf": in(time.Minute)}) }, nil},
		{"20 iat in 60 s", nil, header(nil), func() object { return claims(object{"iat": in(time.Minute)}) }, nil},
		{"22 uid of 255 bytes", nil, header(nil), func() object { return claims(object{"uid": strings.Repeat("u", 255)}) }, nil},
		{"sub with @, standard", nil, header(nil), func() object { return standard(object{"sub": "auth0|ada@example.com"}) }, nil},
		{"sub missing, Okta", nil, header(nil), func() object { return claims(object{"sub": nil}) }, nil},
		{"no jti, no scope", nil, header(nil), func() object { return claims(object{"jti": nil, "scp": nil}) }, nil},
		{"nearly 16 KiB", nil, header(nil), func() object { return claims(object{"x": strings.Repeat("x", 11_400)}) }, nil},
		{"8 no kid, one key", func(c *auth.Config, _ *authtest.Issuer) { c.KidOptional = true }, header(object{"kid": nil}), func() object { return claims(nil) }, nil},
		{"kid of 255 bytes", func(_ *auth.Config, i *authtest.Issuer) { i.Publish(jwk(strings.Repeat("k", 255), key1())) },
			header(object{"kid": strings.Repeat("k", 255)}), func() object { return claims(nil) }, nil},
		{"ES256", func(c *auth.Config, i *authtest.Issuer) { c.Algs = []string{"ES256"}; i.Publish(jwk("e", keyEC())) },
			object{"alg": "ES256", "kid": "e"}, func() object { return claims(nil) }, func() any { return keyEC() }},
		{"EdDSA", func(c *auth.Config, i *authtest.Issuer) {
			c.Algs = []string{"RS256", "EdDSA"}
			i.Publish(jwk("e", keyEd()))
		},
			object{"alg": "EdDSA", "kid": "e"}, func() object { return claims(nil) }, func() any { return keyEd() }},
		{"PS256", func(c *auth.Config, _ *authtest.Issuer) { c.Algs = []string{"PS256"} },
			header(object{"alg": "PS256"}), func() object { return claims(nil) }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, tt.setup, func(t *testing.T, r *rig) {
				key := any(key1())
				if tt.key != nil {
					key = tt.key()
				}
				c := tt.claims()
				id := r.identity(t, sign(tt.header, c, key), "")
				person := c["uid"]
				if c["cid"] == nil {
					person = c["sub"]
				}
				if id.Subject != person || !strings.HasPrefix(id.ID, "u-") || len(id.ID) != 26 || id.Name == "" || id.JTI == "" {
					t.Errorf("identity %+v, want the subject %q", id, person)
				}
			})
			withIDs := func(c *auth.Config, i *authtest.Issuer) {
				if tt.setup != nil {
					tt.setup(c, i)
				}
				takeIDTokens(c, i)
			}
			bubble(t, withIDs, func(t *testing.T, r *rig) { // an access token is no ID token, however good it is
				key := any(key1())
				if tt.key != nil {
					key = tt.key()
				}
				r.refusal(t, sign(tt.header, tt.claims(), key))
			})
		})
	}
}

func TestIdentity(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		r.idp.Says(pathUserinfo, status(404, ""))
		now := time.Now().Unix()
		one := r.identity(t, good(object{"exp": float64(now) + 1800.5}), "")
		if one.JTI != "AT.7f3a" || !one.Expires.Equal(time.Unix(now+1800, 5e8)) || !regexp.MustCompile(`^user-[0-9a-f]{6}$`).MatchString(one.Name) {
			t.Errorf("identity %+v", one)
		}
		again := r.identity(t, good(object{"jti": nil, "sub": "ada.king@example.com"}), "")
		if again.ID != one.ID || again.Name != one.Name {
			t.Errorf("the same person is %q, %q and %q, %q", one.ID, one.Name, again.ID, again.Name)
		}
		if !strings.HasPrefix(again.JTI, "sha256:") || len(again.JTI) != 50 {
			t.Errorf("a token without jti has %q", again.JTI)
		}
		if strings.Contains(one.ID, ada) {
			t.Errorf("the id %q tells the subject", one.ID)
		}
		if eve := r.identity(t, good(object{"uid": "00uEve0000000000"}), ""); eve.ID == one.ID {
			t.Error("two people have one id")
		}
	})
	var there string
	bubble(t, func(c *auth.Config, i *authtest.Issuer) {
		c.Issuer, i.Base = "https://id.example", "https://id.example"
		i.Says("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, with(i.Config(), object{"jwks_uri": issuer + "/v1/keys"}))
		})
	}, func(t *testing.T, r *rig) {
		there = r.identity(t, good(object{"iss": "https://id.example"}), "").ID
	})
	bubble(t, nil, func(t *testing.T, r *rig) {
		if here := r.identity(t, good(nil), "").ID; here == there {
			t.Error("a uid is the same person with another issuer")
		}
	})
}

func TestLaterSaysWhen(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		now := time.Now()
		for _, tt := range []struct {
			name   string
			change object
			reason wire.Reason
			retry  time.Duration
		}{
			{"nbf in 61 s", object{"nbf": now.Unix() + 61}, "token_not_yet_valid", time.Second},
			{"nbf in 10 min", object{"nbf": now.Unix() + 600}, "token_not_yet_valid", 9 * time.Minute},
			{"nbf in a year", object{"nbf": now.Unix() + 31e6}, "token_not_yet_valid", time.Hour},
			{"nbf in 1e300 s", object{"nbf": 1e300}, "token_not_yet_valid", time.Hour},
			{"iat in 90 s", object{"iat": now.Unix() + 90}, "token_issued_in_future", 30 * time.Second},
		} {
			if e := r.want(t, good(tt.change), tt.reason); e.Retry != tt.retry {
				t.Errorf("%s: retry in %v, want %v", tt.name, e.Retry, tt.retry)
			}
		}
	})
}

// TestHeadersMakeNoRequests is attack 9 of docs/attacks.md: the verifier asks no address that a header names.
func TestHeadersMakeNoRequests(t *testing.T) {
	var asked atomic.Int32
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer trap.Close()
	r := startReal(t, nil)
	for _, name := range []string{"jku", "x5u"} {
		r.want(t, sign(header(object{name: trap.URL, "kid": "k9"}), claims(object{"iss": r.idp.Base}), key2()), wire.ReasonTokenMalformed)
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("%d requests to where headers point", n)
	}
}

func TestTokenIsFoundInLogsByItsHash(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		kid := strings.Repeat("k", 200)
		logs := &bytes.Buffer{}
		slog.New(slog.NewTextHandler(logs, nil)).Info("refused",
			"err", r.want(t, sign(header(object{"kid": kid}), claims(object{"jti": "AT.9\n" + kid}), key1()), wire.ReasonTokenKeyUnknown))
		for _, want := range []string{"err.reason=token_key_unknown", "err.token_sha256=", `err.jti="AT.9\n`, "err.kid=kkk"} {
			if !strings.Contains(logs.String(), want) {
				t.Errorf("no %s in %s", want, logs)
			}
		}
		if logs.Len() > 700 || strings.Contains(logs.String(), kid) {
			t.Errorf("strangers may write long lines: %s", logs)
		}
	})
}

// idToken returns a good ID token of Ada, with changes.
func idToken(changes object) string {
	now := time.Now().Unix()
	return sign(header(nil), with(object{"iss": issuer, "aud": client, "sub": ada, "iat": now, "exp": now + 3600, "jti": "ID.1",
		"name": "Ada Lovelace", "preferred_username": "ada@example.com", "email": "ada@example.com"}, changes), key1())
}

func TestIDTokenGivesAName(t *testing.T) {
	now := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	const nobody = "user-" // the beginning of the name that a user without a name gets
	for _, tt := range []struct {
		name  string
		token func() string
		want  string
	}{
		{"good", func() string { return idToken(nil) }, "Ada Lovelace"},
		{"given and family name", func() string {
			return idToken(object{"name": "", "given_name": "Ada", "family_name": "King"})
		}, "Ada King"},
		{"preferred user name, not its domain", func() string { return idToken(object{"name": nil, "preferred_username": "countess@example.com"}) }, "countess"},
		{"mail, not its domain", func() string { return idToken(object{"name": nil, "preferred_username": nil}) }, "ada"},
		{"name a number", func() string { return idToken(object{"name": 7, "preferred_username": nil, "email": nil}) }, nobody},
		{"none", func() string { return "" }, nobody},
		{"garbage", func() string { return "x.y.z" }, nobody},
		{"of somebody else", func() string { return idToken(object{"sub": "00uEve0000000000"}) }, nobody},
		{"of another issuer", func() string { return idToken(object{"iss": issuer + "/"}) }, nobody},
		{"for another app", func() string { return idToken(object{"aud": "0oaOther"}) }, nobody},
		{"for several, ours by azp", func() string { return idToken(object{"aud": []string{client, audience}, "azp": client}) }, "Ada Lovelace"},
		{"for several", func() string { return idToken(object{"aud": []string{client, audience}}) }, nobody},
		{"for several, another's by azp", func() string { return idToken(object{"aud": []string{client, "x"}, "azp": "x"}) }, nobody},
		{"expired 23 h 59 min ago", func() string {
			return idToken(object{"exp": now(-24*time.Hour + time.Minute), "iat": now(-25 * time.Hour)})
		}, "Ada Lovelace"},
		{"expired 24 h ago", func() string { return idToken(object{"exp": now(-24 * time.Hour), "iat": now(-25 * time.Hour)}) }, nobody},
		{"from the future", func() string { return idToken(object{"iat": now(62 * time.Second)}) }, nobody},
		{"no exp", func() string { return idToken(object{"exp": nil}) }, nobody},
		{"signed by another", func() string {
			return sign(header(nil), object{"iss": issuer, "aud": client, "sub": ada, "iat": now(0), "exp": now(time.Hour), "name": "Eve"}, key2())
		}, nobody},
		{"alg none", func() string {
			return sign(header(object{"alg": "none"}), object{"iss": issuer, "aud": client, "sub": ada, "iat": now(0), "exp": now(time.Hour), "name": "Eve"}, nil)
		}, nobody},
		{"an access token", func() string { return good(object{"name": "Eve"}) }, nobody},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, r *rig) {
				r.idp.Says(pathUserinfo, status(404, ""))
				id := r.identity(t, good(nil), tt.token())
				if id.Name != tt.want && (tt.want != nobody || !strings.HasPrefix(id.Name, nobody)) {
					t.Errorf("name %q, want %q", id.Name, tt.want)
				}
			})
		})
	}
}

// TestIDTokenCausesNoFetch: an ID token with an unknown kid causes no fetch, because it can only give a name.
func TestIDTokenCausesNoFetch(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		before := r.idp.Count(pathKeys)
		for i := range 100 {
			r.identity(t, good(nil), strange(fmt.Sprint("id", i)))
		}
		if n := r.idp.Count(pathKeys) - before; n != 0 {
			t.Errorf("%d fetches", n)
		}
	})
}

func TestEveryTokenIsCounted(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		before := r.gather(t)
		r.identity(t, good(nil), "")
		r.want(t, "", wire.ReasonTokenMissing)
		r.want(t, good(object{"uid": "me"}), wire.ReasonTokenSubject)
		r.want(t, sign(header(object{"alg": "evil"}), claims(nil), key1()), wire.ReasonTokenAlg)
		synctest.Wait()
		after := r.gather(t)
		for _, series := range []string{"tokens_total ok", "tokens_total token_missing", "tokens_total token_subject", "tokens_total token_alg",
			"profile_requests_total found userinfo"} {
			series = "mayfly_auth_" + series
			if after[series]-before[series] != 1 {
				t.Errorf("%s went from %v to %v, want one more", series, before[series], after[series])
			}
		}
		if len(before) != len(after) {
			t.Errorf("%d series became %d", len(before), len(after))
		}
		if n := before["mayfly_auth_key_fetches_total ok"]; n != 1 {
			t.Errorf("%v fetches, want 1", n)
		}
	})
}

// gather returns every metric. The key is its name, followed by the values of its labels.
func (r *rig) gather(t *testing.T) map[string]float64 {
	t.Helper()
	families, err := r.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			series := f.GetName()
			for _, l := range m.GetLabel() {
				series += " " + l.GetValue()
			}
			all[series] = m.GetCounter().GetValue()
		}
	}
	return all
}

func TestLongestToken(t *testing.T) {
	for _, tt := range []struct {
		bytes int
		ok    bool
	}{{16 << 10, true}, {16<<10 + 1, false}} {
		raw := "e30." + strings.Repeat("A", tt.bytes-len("e30..")) + "."
		if _, _, _, ok := auth.Parse(raw); ok != tt.ok {
			t.Errorf("a token of %d bytes is taken apart: %v", len(raw), ok)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	ok := auth.Config{Issuer: issuer, ClientIDs: []string{client}, Audience: audience}
	for _, tt := range []struct {
		name   string
		change func(*auth.Config)
		want   []string
	}{
		{"good", func(*auth.Config) {}, nil},
		{"everything", func(c *auth.Config) {
			*c = auth.Config{Issuer: issuer, ClientIDs: []string{"a", "b"}, Audience: "x", Algs: []string{"ES256", "PS512"}, RequireScope: "s",
				KidOptional: true, OktaAPIToken: "00abc_-DEF", RequireActive: true}
		}, nil},
		{"loopback", func(c *auth.Config) { c.Issuer = "http://127.0.0.1:4000" }, nil},
		{"localhost", func(c *auth.Config) { c.Issuer = "http://localhost:4000/x" }, nil},
		{"IPv6 loopback", func(c *auth.Config) { c.Issuer = "http://[::1]:4000/x" }, nil},
		{"nothing", func(c *auth.Config) { *c = auth.Config{} }, []string{"-issuer", "-client-id", "-audience"}},
		{"http", func(c *auth.Config) { c.Issuer = "http://id.example" }, []string{"want https"}},
		{"no URL", func(c *auth.Config) { c.Issuer = "id.example" }, []string{"-issuer"}},
		{"user in it", func(c *auth.Config) { c.Issuer = "https://u:p@id.example" }, []string{"-issuer"}},
		{"host that would end a policy", func(c *auth.Config) { c.Issuer = "https://id.example;script-src" }, []string{"-issuer"}},
		{"query", func(c *auth.Config) { c.Issuer += "?x" }, []string{"without ?"}},
		{"Okta's org server", func(c *auth.Config) { c.Issuer = "https://dev-1.okta.com" }, []string{"https://dev-1.okta.com/oauth2/default"}},
		{"Okta's org server, slash", func(c *auth.Config) { c.Issuer = "https://dev-1.OktaPreview.com/" }, []string{"org server"}},
		{"Okta's authorization server", func(c *auth.Config) { c.Issuer = "https://dev-1.okta.com/oauth2/default" }, nil},
		{"audience is the client", func(c *auth.Config) { c.Audience = client }, []string{"-audience"}},
		{"no signature", func(c *auth.Config) { c.Algs = []string{"none"} }, []string{`-algs has "none"`}},
		{"shared secret", func(c *auth.Config) { c.Algs = []string{"RS256", "HS256"} }, []string{`-algs has "HS256"`}},
		{"scopes", func(c *auth.Config) { c.RequireScope = "a b" }, []string{"-require-scope"}},
		{"token with its line end", func(c *auth.Config) { c.OktaAPIToken = "00secret\n" }, []string{"API token"}},
		{"ID tokens need no audience", func(c *auth.Config) { c.Token, c.Audience = auth.IDTokens, "" }, nil},
		{"ID tokens, audience is the client", func(c *auth.Config) { c.Token, c.Audience = auth.IDTokens, client }, nil},
		{"ID tokens have no scope", func(c *auth.Config) { c.Token, c.RequireScope = auth.IDTokens, "chat" },
			[]string{"ID tokens have no scopes"}},
		{"strict without a token", func(c *auth.Config) { c.RequireActive = true }, []string{"-require-active"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := ok
			tt.change(&cfg)
			_, err := auth.NewVerifier(cfg, authtest.NewIssuer(), prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
			if (err == nil) != (tt.want == nil) {
				t.Fatalf("New = %v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("New = %v, want %q in it", err, want)
				}
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error holds the secret: %v", err)
			}
		})
	}
}
