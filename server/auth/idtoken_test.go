package auth_test

import (
	"strings"
	"testing"
	"time"

	"mayfly/server/auth"
	"mayfly/server/authtest"
	"mayfly/shared/wire"
)

// takeIDTokens configures a verifier that takes ID tokens alone.
func takeIDTokens(c *auth.Config, _ *authtest.Issuer) { c.Token, c.Audience = auth.IDTokens, "" }

// TestIDTokensThatAreRefused refuses ID tokens that are forged, foreign or too old, and tokens for another use.
func TestIDTokensThatAreRefused(t *testing.T) {
	in := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	for _, tt := range []struct {
		name   string
		header object
		change func() object
		key    func() any
		reason wire.Reason
	}{
		{"another key", nil, nil, func() any { return key2() }, "token_signature"},
		{"no signature", object{"alg": "none"}, nil, func() any { return nil }, "token_alg"},
		{"an access token by its type", object{"typ": "at+jwt"}, nil, nil, "token_type"},
		{"a logout token by its type", object{"typ": "logout+jwt"}, nil, nil, "token_type"},
		{"a logout token by its events", nil, func() object {
			return object{"nonce": nil, "events": object{"http://schemas.openid.net/event/backchannel-logout": object{}}}
		}, nil, "token_type"},
		{"a refresh token", nil, func() object { return object{"typ": "Refresh"} }, nil, "token_type"},
		{"an access token by Keycloak", nil, func() object { return object{"typ": "Bearer"} }, nil, "token_type"},
		{"an access token by Cognito", nil, func() object { return object{"token_use": "access"} }, nil, "token_type"},
		{"an access token by Okta", nil, func() object { return object{"jti": "AT.x"} }, nil, "token_type"},
		{"an access token by Authentik", nil, func() object { return object{"at_hash": nil, "scope": "openid"} }, nil,
			"token_type"},
		{"typ no text", nil, func() object { return object{"typ": 1} }, nil, "token_type"},
		{"another issuer", nil, func() object { return object{"iss": issuer + "/"} }, nil, "token_issuer"},
		{"another client", nil, func() object { return object{"aud": "0oaEvil"} }, nil, "token_audience"},
		{"another client beside ours", nil, func() object { return object{"aud": []string{client, "0oaEvil"}} }, nil,
			"token_audience"},
		{"ours twice", nil, func() object { return object{"aud": []string{client, client}} }, nil, "token_audience"},
		{"no audience", nil, func() object { return object{"aud": nil} }, nil, "token_audience"},
		{"an API", nil, func() object { return object{"aud": audience} }, nil, "token_audience"},
		{"given to another client", nil, func() object { return object{"azp": "0oaEvil"} }, nil, "token_client"},
		{"given to our other client", nil, func() object { return object{"azp": "0oaOther"} }, nil, "token_client"},
		{"azp a list", nil, func() object { return object{"azp": []string{client}} }, nil, "token_client"},
		{"another client_id", nil, func() object { return object{"client_id": "0oaEvil"} }, nil, "token_client"},
		{"expired", nil, func() object { return object{"exp": in(-time.Minute), "iat": in(-time.Hour)} }, nil,
			"token_expired"},
		{"no end", nil, func() object { return object{"exp": nil} }, nil, "token_expired"},
		{"too long a life", nil, func() object { return object{"exp": in(48 * time.Hour)} }, nil, "token_lifetime"},
		{"from the future", nil, func() object { return object{"iat": in(2 * time.Minute)} }, nil, "token_issued_in_future"},
		{"nobody", nil, func() object { return object{"sub": nil} }, nil, "token_subject"},
		{"nobody, but a uid", nil, func() object { return object{"sub": nil, "cid": client, "uid": ada} }, nil,
			"token_subject"},
		{"an app", nil, func() object { return object{"sub": client} }, nil, "token_subject"},
		{"bound to a key", nil, func() object { return object{"cnf": object{"jkt": "x"}} }, nil, "token_bound"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, takeIDTokens, func(t *testing.T, r *rig) {
				key := any(key1())
				if tt.key != nil {
					key = tt.key()
				}
				var change object
				if tt.change != nil {
					change = tt.change()
				}
				r.want(t, sign(header(tt.header), idClaims(change), key), tt.reason)
			})
		})
	}
}

// idClaims returns the claims of a good ID token, with changes.
func idClaims(changes object) object {
	now := time.Now().Unix()
	return with(object{"iss": issuer, "aud": client, "sub": ada, "iat": now, "exp": now + 3600, "nonce": "n", "at_hash": "h",
		"name": "Ada Lovelace"}, changes)
}

// TestIDTokensThatAreTaken takes ID tokens that come close to bad ones. The user is the one of Okta's access tokens.
func TestIDTokensThatAreTaken(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header object
		change object
	}{
		{"as OpenID Connect has it", nil, nil},
		{"typ JWT", object{"typ": "JWT"}, nil},
		{"the client in a list", nil, object{"aud": []string{client}, "azp": client}},
		{"our other client", nil, object{"aud": "0oaOther"}},
		{"of a renewal", nil, object{"nonce": nil, "at_hash": nil}},
		{"Keycloak", nil, object{"typ": "ID", "azp": client, "scope": "openid"}},
		{"Cognito", nil, object{"token_use": "id"}},
		{"Okta", nil, object{"jti": "ID.x", "ver": 1, "idp": "00o"}},
		{"with a scope and a hash", nil, object{"scope": "openid"}},
		{"24 h, as Dex", nil, object{"exp": nil}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, takeIDTokens, func(t *testing.T, r *rig) {
				c := idClaims(tt.change)
				if c["exp"] == nil {
					c["exp"] = time.Now().Add(24 * time.Hour).Unix()
				}
				id := r.identity(t, sign(header(tt.header), c, key1()), "")
				if id.Subject != ada || id.Name != "Ada Lovelace" || id.JTI == "" {
					t.Errorf("identity %+v", id)
				}
				if r.idp.Count(pathUserinfo) > 0 {
					t.Error("userinfo was asked with an ID token")
				}
			})
		})
	}
	same := func(setup func(*auth.Config, *authtest.Issuer), token func() string) (id string) {
		bubble(t, setup, func(t *testing.T, r *rig) { id = r.identity(t, token(), "").ID })
		return id
	}
	if a, b := same(nil, func() string { return good(nil) }),
		same(takeIDTokens, func() string { return sign(header(nil), idClaims(nil), key1()) }); a != b ||
		!strings.HasPrefix(a, "u-") {
		t.Errorf("by an access token the user is %s, by an ID token %s", a, b)
	}
}
