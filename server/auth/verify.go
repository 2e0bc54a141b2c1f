package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"time"

	"mayfly/server/names"
	"mayfly/shared/wire"
)

// Identity is the user that a token stands for.
type Identity struct {
	ID      string    // the user's id in Mayfly: a hash, which is the same on every node and device and hides Subject
	Name    string    // the best name that is known now; Follow reports better names
	Subject string    // the issuer's id of the user
	JTI     string    // the token's id, from the claim jti; a hash of the token if jti is missing or too long
	Expires time.Time // the claim exp of the token; Leeway is not added

	Moderator bool // the token has one of Config.Moderators
}

// Verify checks a token of the kind Config.Token and returns its user's identity. The error is an *Error. idToken may be
// empty. It is used only for the user's name, and only if token is an access token. Verify may block: for kidWait at most if
// the token names an unknown key, and for 2 s at most while the Users API is asked (RequireActive).
func (v *Verifier) Verify(ctx context.Context, token, idToken string) (Identity, error) {
	id, refusal := v.verify(ctx, token, idToken)
	v.metrics.countToken(refusal)
	if refusal != nil {
		return Identity{}, refusal.About(token)
	}
	return id, nil
}

func (v *Verifier) verify(ctx context.Context, raw, idToken string) (Identity, *Error) {
	t, refusal := parse(raw)
	if refusal != nil {
		return Identity{}, refusal
	}
	types := accessTypes
	if v.config.Token == IDTokens {
		types = idTypes
	}
	if refusal := t.checkHeader(v.config.Algs, types); refusal != nil {
		return Identity{}, refusal
	}
	if refusal := v.keys.verify(ctx, t, true); refusal != nil {
		return Identity{}, refusal
	}
	claims, err := newObject(t.payload, claimNames)
	if err != nil {
		return Identity{}, refuse(wire.ReasonTokenMalformed, "its claims: %v", err)
	}
	audience, refusal := v.checkClaims(t, claims, time.Now())
	if refusal != nil {
		return Identity{}, refusal
	}
	if _, err := v.crossCheck(audience).Verify(ctx, raw); err != nil {
		return Identity{}, refuse(wire.ReasonTokenMalformed, "go-oidc says: %s", clip(err.Error(), maxFailure))
	}
	id := v.identify(t, claims)
	var active bool
	if id.Name, active = v.profiles.Resolve(ctx, id.user(), v.hints(ctx, t, claims, idToken, id.Subject)); !active {
		return id, inactive()
	}
	return id, nil
}

// hints returns what package names needs to find the user's name: the name in the token t, the name in the ID token that the
// client sent with t, and the token for a request to userinfo. claims are the claims of t and must have passed checkClaims.
// subject is the issuer's id of the user.
func (v *Verifier) hints(ctx context.Context, t token, claims object, idToken, subject string) names.Hints {
	if v.config.Token == IDTokens {
		return names.Hints{IDToken: claimedName(claims)}
	}
	h := names.Hints{IDToken: v.idTokenName(ctx, idToken, clientOf(claims), subject), AccessToken: claimedName(claims)}
	if scopes := scopes(claims); len(scopes) == 0 || slices.Contains(scopes, "openid") { // userinfo needs the scope openid
		h.Bearer = t.raw
	}
	return h
}

// user returns the user of id in the type that package names needs.
func (id Identity) user() names.User {
	return names.User{ID: id.ID, Subject: id.Subject, Name: id.Name}
}

func inactive() *Error {
	return refuse(wire.ReasonUserInactive, "the Users API says that the person is not active")
}

// identify returns the identity of the user for whom t was issued. claims are the claims of t and must have passed
// checkClaims.
func (v *Verifier) identify(t token, claims object) Identity {
	id := Identity{}
	id.Subject, _ = v.subject(claims)
	sum := sha256.Sum256([]byte("mayfly user 1\x00" + v.config.Issuer + "\x00" + id.Subject))
	id.ID = "u-" + base64.RawURLEncoding.EncodeToString(sum[:18])
	id.Name = "user-" + hex.EncodeToString(sum[18:21]) // the name until a better one is known
	id.Moderator = slices.ContainsFunc(v.config.Moderators, func(c Claim) bool { return c.in(claims) })
	exp, _ := claims.number("exp")
	id.Expires = instant(exp)
	if id.JTI, _ = claims.text("jti"); id.JTI == "" || len(id.JTI) > maxSubject {
		sum := sha256.Sum256([]byte(t.raw))
		id.JTI = "sha256:" + base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return id
}

// idTokenAge is how long an expired ID token may still be used to find the user's name. It is long, because a client that
// renews its access token may get no newer ID token.
const idTokenAge = 24 * time.Hour

// idTokenName returns the user's name in the ID token raw. It returns "" if raw has no name, or is not a token of our
// issuer for the app with the client ID client and for the user with the issuer's id subject. It also returns "" if raw
// expired longer than idTokenAge ago, or lacks exp or iat, or if its iat is in the future. idTokenName never blocks.
func (v *Verifier) idTokenName(ctx context.Context, raw, client, subject string) string {
	t, refusal := parse(raw)
	if refusal != nil || t.checkHeader(v.config.Algs, idTypes) != nil || v.keys.verify(ctx, t, false) != nil {
		return ""
	}
	claims, err := newObject(t.payload, claimNames)
	if err != nil {
		return ""
	}
	iss, _ := claims.text("iss")
	sub, _ := claims.text("sub")
	azp, _ := claims.text("azp")
	aud := claims.texts("aud")
	forUs := slices.Contains(aud, client) && (azp == client || len(aud) == 1 && !claims.has("azp"))
	if iss != v.config.Issuer || sub != subject || !forUs {
		return ""
	}
	now := float64(time.Now().Unix())
	exp, ok := claims.number("exp")
	if iat, issued := claims.number("iat"); !ok || !issued || exp <= now-idTokenAge.Seconds() || iat > now+Leeway.Seconds() {
		return ""
	}
	return claimedName(claims)
}

// Change is news about a connected user.
type Change struct {
	Name    string // the best name of the user that is known now
	Refused *Error // not nil: the user must leave, because the Users API reports the user as not active (RequireActive)
}

// Follow makes v call onChange each time a better name than id.Name is found for the user of id, and when the user must
// leave. If such news is known already, onChange is called before Follow returns. Call stop to end the calls; one more call
// may come after stop has returned. onChange must not block and must not call v.
func (v *Verifier) Follow(id Identity, onChange func(Change)) (stop func()) {
	return v.profiles.Follow(id.user(), func(news names.Change) {
		change := Change{Name: news.Name}
		if news.Inactive {
			change.Refused = inactive()
		}
		onChange(change)
	})
}
