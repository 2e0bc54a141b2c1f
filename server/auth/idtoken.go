package auth

import (
	"slices"
	"strings"

	"mayfly/shared/wire"
)

// checkIDToken checks that a token is an ID token for one of our apps and for nobody else. It returns that app. Only the
// provider can make such a token, but it says less than an access token: not for which server and for which scopes it is.
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

// noIDToken returns the claim that says that a token for one of our apps is no ID token, "" if there is none. A scope does
// so, unless another claim marks the token as an ID token: some providers can put scopes into ID tokens, too. Without
// a mark, the token counts as an ID token, because an ID token from a renewal may have neither nonce nor at_hash.
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
