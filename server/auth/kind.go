package auth

import (
	"slices"
	"strings"

	"mayfly/shared/wire"
)

// checkKind checks that a token is an access token. The token's audience is known to contain Config.Audience, but a provider
// can put that audience into an ID token, too. A nonce does not decide either: Keycloak before 25 and Authentik put the
// nonce into access tokens.
//
// A claim or header field that only one kind of token has is a mark of that kind. checkKind decides by the first rule that
// fits. Rules 3 and 4 are for tokens without a mark. The audience of every ID token contains a client ID (Config.ClientIDs),
// so a token for rule 3 cannot be an ID token. A token for rule 4 can be an ID token, so rule 4 demands more.
//
//  1. A token with a mark of an ID token or of a third kind, such as a logout token, is refused.
//  2. A token with a mark of an access token (RFC 9068, Keycloak, Cognito) is accepted.
//  3. A token whose audience contains no client ID is accepted if it has a scope, or has no nonce.
//  4. Any other token, such as Zitadel's access tokens, is accepted if it has no nonce, and has either a scope, or the claim
//     client_id without azp.
func (v *Verifier) checkKind(t token, claims object) *Error {
	if mark := otherKind(t, claims); mark != "" {
		return refuse(wire.ReasonTokenType, "it is no access token: it has %s", mark)
	}
	if t.typed() || claims.hasText("typ", "bearer") || claims.hasText("token_use", "access") {
		return nil
	}
	scoped := len(scopes(claims)) > 0
	forClient := slices.ContainsFunc(claims.texts("aud"), func(aud string) bool {
		return slices.Contains(v.config.ClientIDs, aud)
	})
	switch {
	case !forClient && !scoped && claims.has("nonce"):
		return refuse(wire.ReasonTokenType, "it may be an ID token: it has a nonce, and no scope")
	case forClient && claims.has("nonce"):
		return refuse(wire.ReasonTokenType, "it may be an ID token: it has a nonce, and its audience contains the client")
	case forClient && !scoped && (claims.has("azp") || !claims.has("client_id")):
		return refuse(wire.ReasonTokenType, "it may be an ID token: its audience contains the client, and it has no scope")
	}
	return nil
}

// otherKinds are values of the claim typ, in lower case. With these values Keycloak marks tokens that are no access tokens.
var otherKinds = []string{"id", "refresh", "offline", "logout", "serialized-id"}

// hashClaims are claims that only ID tokens have.
var hashClaims = []string{"at_hash", "c_hash", "s_hash"}

// otherKind looks for a claim which shows that the token is not an access token. It returns a text that names the claim, ""
// if there is none.
func otherKind(t token, claims object) string {
	if typ, _ := claims.text("typ"); slices.Contains(otherKinds, strings.ToLower(typ)) {
		return "typ " + typ
	}
	if claims.hasText("token_use", "id") {
		return "token_use id"
	}
	if t.typed() {
		return "" // the header says that t is an access token; then the claims do not matter
	}
	for _, name := range hashClaims {
		if claims.has(name) {
			return name
		}
	}
	if jti, _ := claims.text("jti"); strings.HasPrefix(jti, "ID.") { // Okta
		return "a jti that begins with ID."
	}
	return ""
}

// hasText reports whether o[name] is the string wanted, or differs from it only in case. wanted must be in lower case.
func (o object) hasText(name, wanted string) bool {
	s, _ := o.text(name)
	return strings.ToLower(s) == wanted
}
