package auth_test

import (
	"slices"
	"testing"
	"time"

	"mayfly/shared/wire"
)

// TestKindsOfTokens checks that the access tokens of real providers are accepted and their ID tokens refused. Each ID
// token is tried as the provider makes it, for the client, and as a provider could be set up to make it: for the client
// and the API, for the API alone, and with each claim that names the client.
func TestKindsOfTokens(t *testing.T) {
	const api, project = audience, "180992837465@chat"
	for _, tt := range []struct {
		name   string
		access bool
		header object
		claims object // the claims besides iss, sub, iat and exp
	}{
		{"Okta, access", true, nil, object{"ver": 1, "jti": "AT.x", "aud": api, "cid": client, "uid": ada, "scp": []string{"openid"}}},
		{"Okta, access, no scope", true, nil, object{"ver": 1, "jti": "AT.x", "aud": api, "cid": client, "uid": ada}},
		{"Okta, ID", false, nil, object{"ver": 1, "jti": "ID.x", "aud": client, "amr": []string{"pwd"}, "idp": "00o", "nonce": "n", "at_hash": "h", "auth_time": 1, "name": "Ada"}},
		{"Okta, ID, implicit", false, nil, object{"ver": 1, "jti": "ID.x", "aud": client, "nonce": "n"}},
		{"Auth0, access", true, object{"typ": "JWT"}, object{"aud": []string{api, "https://t.auth0.com/userinfo"}, "azp": client, "scope": "openid profile", "gty": "authorization_code"}},
		{"Auth0, access, RFC 9068", true, object{"typ": "at+jwt"}, object{"aud": api, "client_id": client, "jti": "j", "scope": "openid"}},
		{"Auth0, access, permissions alone", true, object{"typ": "JWT"}, object{"aud": api, "azp": client, "permissions": []string{"chat"}}},
		{"Auth0, ID", false, object{"typ": "JWT"}, object{"aud": client, "nonce": "n", "sid": "s", "nickname": "ada", "updated_at": "2026-01-01T00:00:00Z"}},
		{"Auth0, ID of a refresh", false, object{"typ": "JWT"}, object{"aud": client, "sid": "s", "nickname": "ada"}},
		{"Keycloak 24, access", true, object{"typ": "JWT"}, object{"typ": "Bearer", "aud": []string{api, "account"}, "azp": client, "nonce": "n", "session_state": "s", "acr": "1", "scope": "openid email", "jti": "j"}},
		{"Keycloak 24, access, for one", true, object{"typ": "JWT"}, object{"typ": "Bearer", "aud": api, "azp": client, "nonce": "n", "scope": "openid"}},
		{"Keycloak 26, access", true, object{"typ": "JWT"}, object{"typ": "Bearer", "aud": []string{api, "account"}, "azp": client, "sid": "s", "scope": "openid", "jti": "onrtac:1"}},
		{"Keycloak, access for the client too", true, object{"typ": "JWT"}, object{"typ": "Bearer", "aud": []string{client, api}, "azp": client, "nonce": "n", "scope": "openid"}},
		{"Keycloak, access, lightweight", true, object{"typ": "JWT"}, object{"typ": "Bearer", "aud": api, "azp": client}},
		{"Keycloak, access, RFC 9068", true, object{"typ": "at+jwt"}, object{"typ": "Bearer", "aud": api, "azp": client, "scope": "openid"}},
		{"Keycloak, ID", false, object{"typ": "JWT"}, object{"typ": "ID", "aud": client, "azp": client, "nonce": "n", "at_hash": "h", "sid": "s", "acr": "1"}},
		{"Keycloak, ID with a scope by a mapper", false, object{"typ": "JWT"}, object{"typ": "ID", "aud": client, "azp": client, "scope": "openid"}},
		{"Keycloak, ID that calls itself at+jwt", false, object{"typ": "at+jwt"}, object{"typ": "ID", "aud": client, "azp": client, "scope": "openid"}},
		{"Keycloak, refresh", false, object{"typ": "JWT"}, object{"typ": "Refresh", "aud": issuer, "azp": client, "scope": "openid"}},
		{"Keycloak, offline", false, object{"typ": "JWT"}, object{"typ": "Offline", "aud": issuer, "azp": client, "scope": "openid"}},
		{"Keycloak, logout", false, object{"typ": "JWT"}, object{"typ": "Logout", "aud": client, "azp": client, "sid": "s"}},
		{"Entra v2, access", true, object{"typ": "JWT"}, object{"aud": api, "azp": client, "azpacr": "0", "scp": "chat", "oid": "o", "tid": "t", "uti": "u", "ver": "2.0", "nbf": 1}},
		{"Entra v2, ID", false, object{"typ": "JWT"}, object{"aud": client, "nonce": "n", "oid": "o", "tid": "t", "uti": "u", "ver": "2.0", "rh": "r"}},
		{"Entra v2, ID, hybrid", false, object{"typ": "JWT"}, object{"aud": client, "nonce": "n", "c_hash": "c", "oid": "o", "ver": "2.0"}},
		{"Entra v2, ID of a refresh", false, object{"typ": "JWT"}, object{"aud": client, "oid": "o", "tid": "t", "ver": "2.0"}},
		{"Zitadel, access", true, nil, object{"aud": []string{client, api, project}, "client_id": client, "jti": "at", "nbf": 1}},
		{"Zitadel, access, typed", true, object{"typ": "at+jwt"}, object{"aud": []string{client, api}, "client_id": client, "jti": "at"}},
		{"Zitadel, ID", false, nil, object{"aud": []string{client, project}, "azp": client, "client_id": client, "nonce": "n", "at_hash": "h", "amr": []string{"pwd"}, "sid": "s"}},
		{"Zitadel, ID, implicit", false, nil, object{"aud": []string{client, project}, "azp": client, "client_id": client, "nonce": "n"}},
		{"Dex, ID", false, nil, object{"aud": client, "nonce": "n", "at_hash": "h", "c_hash": "c", "email": "a@b"}},
		{"Dex, ID for two clients", false, nil, object{"aud": []string{"0oaOther", client}, "azp": client, "at_hash": "h"}},
		{"Dex, access, which is an ID token", false, nil, object{"aud": client, "nonce": "n", "at_hash": "h", "federated_claims": object{"connector_id": "c"}}},
		{"Authentik, access, audience by a mapping", true, object{"typ": "JWT"}, object{"aud": api, "azp": client, "nonce": "n", "acr": "goauthentik.io/providers/oauth2/default", "uid": "u", "scope": "openid"}},
		{"Authentik, ID", false, object{"typ": "JWT"}, object{"aud": client, "azp": client, "nonce": "n", "at_hash": "h", "uid": "u", "amr": []string{"pwd"}}},
		{"Authentik, ID with a scope", false, object{"typ": "JWT"}, object{"aud": client, "azp": client, "at_hash": "h", "uid": "u", "scope": "openid"}},
		{"Google, ID", false, object{"typ": "JWT"}, object{"aud": client, "azp": client, "at_hash": "h", "nonce": "n", "hd": "example.com"}},
		{"Google, ID, One Tap", false, object{"typ": "JWT"}, object{"aud": client, "azp": client, "nonce": "n", "jti": "j", "nbf": 1}},
		{"Cognito, access", true, nil, object{"aud": api, "client_id": client, "token_use": "access", "scope": "openid"}},
		{"Cognito, ID", false, nil, object{"aud": client, "token_use": "id", "cognito:username": "ada", "nonce": "n"}},
		{"Ping, hybrid ID", false, nil, object{"aud": client, "s_hash": "s", "nonce": "n"}},
		{"an access token for the API and the client", true, nil, object{"aud": []string{client, api}, "client_id": client, "scope": "openid"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, r *rig) {
				now := time.Now().Unix()
				whole := with(object{"iss": issuer, "sub": "ada-1", "iat": now, "exp": now + 300}, tt.claims)
				if tt.access {
					r.identity(t, sign(header(tt.header), whole, key1()), "")
					return
				}
				r.want(t, sign(header(tt.header), whole, key1()), wire.ReasonTokenAudience)
				for _, named := range []string{"azp", "client_id", "cid"} {
					forged := with(whole, object{"aud": []string{client, api}, named: client, "uid": ada})
					if !slices.Contains(unmarked, tt.name) || named != "client_id" {
						r.want(t, sign(header(tt.header), forged, key1()), wire.ReasonTokenType)
					}
				}
				alone := with(whole, object{"aud": api, "azp": client})
				if !slices.Contains(unmarked, tt.name) {
					r.want(t, sign(header(tt.header), alone, key1()), wire.ReasonTokenType)
				}
			})
			testAsIDToken(t, tt.name, tt.header, tt.claims, tt.access)
		})
	}
}

// testAsIDToken shows a server that takes ID tokens the token of a provider, as it is and as one for the client alone.
func testAsIDToken(t *testing.T, name string, h, claims object, access bool) {
	other := access || slices.Contains(otherKinds, name)
	bubble(t, takeIDTokens, func(t *testing.T, r *rig) {
		now := time.Now().Unix()
		whole := with(object{"iss": issuer, "sub": "ada-1", "iat": now, "exp": now + 300}, claims)
		if _, several := whole["aud"].([]string); several || access {
			if e := r.refusal(t, sign(header(h), whole, key1())); e.Reason != wire.ReasonTokenAudience &&
				e.Reason != wire.ReasonTokenType {
				t.Errorf("refused as %v", e)
			}
		}
		token := sign(header(h), with(whole, object{"aud": client}), key1())
		if other && !slices.Contains(alike, name) {
			r.want(t, token, wire.ReasonTokenType)
			return
		}
		if id := r.identity(t, token, ""); id.Subject != "ada-1" {
			t.Errorf("the subject is %q", id.Subject)
		}
		r.want(t, sign(header(h), with(whole, object{"aud": []string{client, audience}}), key1()), wire.ReasonTokenAudience)
		r.want(t, sign(header(h), with(whole, object{"aud": "another client"}), key1()), wire.ReasonTokenAudience)
		r.want(t, sign(header(h), with(whole, object{"aud": client, "azp": "another client"}), key1()),
			wire.ReasonTokenClient)
	})
}

// otherKinds are neither access tokens nor ID tokens, or claim to be both.
var otherKinds = []string{"Keycloak, refresh", "Keycloak, offline", "Keycloak, logout",
	"Keycloak, ID that calls itself at+jwt"}

// alike are access tokens that nothing tells from an ID token if a provider makes them for the client alone. They are of the
// same provider, client and user.
var alike = []string{"Auth0, access, permissions alone", "Zitadel, access"}

// unmarked are ID tokens that nothing tells from an access token once they have an audience without the client, or
// client_id, which OpenID Connect does not let them have.
var unmarked = []string{"Auth0, ID of a refresh", "Entra v2, ID of a refresh"}
