package auth

import (
	"slices"
	"strings"

	"mayfly/shared/wire"
)

// checkIDToken checks that a token is an ID token for one of our apps and for nobody else. It returns the client ID of the
// app. Like an access token, an ID token says who the user is, and only the provider can have signed it. But the standard
// gives ID tokens no scopes, so Config.RequireScope cannot be used with ID tokens.
func (v *Verifier) checkIDToken(claims object) (client string, refusal *Error) {
	aud := claims.texts("aud")
	if len(aud) != 1 || !slices.Contains(v.config.ClientIDs, aud[0]) {
		return "", refuse(wire.ReasonTokenAudience, "aud is %s, want one of %q alone",
			clip(string(claims["aud"]), maxLogged), v.config.ClientIDs)
	}
	if mark := noIDToken(claims); mark != "" {
		return "", refuse(wire.ReasonTokenType, "it is no ID token: it has %s", mark)
	}
	for _, name := range appClaims {
		if id, _ := claims.text(name); claims.has(name) && id != aud[0] {
			return "", refuse(wire.ReasonTokenClient, "%s is %q, but aud is %q", name, clip(id, maxLogged), aud[0])
		}
	}
	return aud[0], nil
}

// noIDToken looks for a claim which shows that a token is not an ID token. It returns a text that names the claim, "" if
// there is none. A scope is such a claim only if no other claim shows that the token is an ID token, because some providers
// put scopes into ID tokens. A token without any sign of its kind counts as an ID token: after a renewal, an ID token may
// have neither nonce nor at_hash.
func noIDToken(claims object) string {
	typ, _ := claims.text("typ")
	use, _ := claims.text("token_use")
	jti, _ := claims.text("jti")
	marked := claims.has("typ") || claims.has("token_use") || strings.HasPrefix(jti, "ID.") ||
		slices.ContainsFunc(hashClaims, claims.has)
	switch {
	case claims.has("typ") && !claims.hasText("typ", "id"):
		return "typ " + clip(typ, maxLogged)
	case claims.has("token_use") && !claims.hasText("token_use", "id"):
		return "token_use " + clip(use, maxLogged)
	case strings.HasPrefix(jti, "AT."): // Okta
		return "a jti that begins with AT."
	case claims.has("events"): // a logout token, or another security event (RFC 8417)
		return "events"
	case len(scopes(claims)) > 0 && !marked:
		return "a scope"
	}
	return ""
}
