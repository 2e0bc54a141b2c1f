package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"time"

	"mayfly/shared/wire"
)

// Identity is who a token says somebody is.
type Identity struct {
	ID      string    // as others see it: the same on every node and device, and nothing that the issuer would know
	Name    string    // the best that is known now; Follow tells of better ones
	Subject string    // the issuer's name for the person
	JTI     string    // the token's own id; made of its hash if it has none
	Expires time.Time // when the token does, to which Leeway is to be added
}

// Verify checks an access token and says who it is. The error is an *Error. It may wait for the issuer's keys, for some seconds
// at most, if the token names one that is new, and with RequireActive for the Users API, for lookupBudget. idToken, which may be
// empty, only ever gives a name.
func (v *Verifier) Verify(ctx context.Context, accessToken, idToken string) (Identity, error) {
	id, refusal := v.verify(ctx, accessToken, idToken)
	v.metrics.checked(refusal)
	if refusal != nil {
		return Identity{}, refusal.About(accessToken)
	}
	return id, nil
}

func (v *Verifier) verify(ctx context.Context, accessToken, idToken string) (Identity, *Error) {
	t, refusal := parse(accessToken)
	if refusal != nil {
		return Identity{}, refusal
	}
	if refusal := t.checkHeader(v.config.Algs, accessTypes); refusal != nil {
		return Identity{}, refusal
	}
	if refusal := v.keys.verify(ctx, t, true); refusal != nil {
		return Identity{}, refusal
	}
	claims, err := newObject(t.payload, claimNames)
	if err != nil {
		return Identity{}, refuse(wire.ReasonTokenMalformed, "its claims: %v", err)
	}
	if refusal := v.checkClaims(t, claims, time.Now()); refusal != nil {
		return Identity{}, refusal
	}
	if _, err := v.second.Verify(ctx, accessToken); err != nil {
		return Identity{}, refuse(wire.ReasonTokenMalformed, "go-oidc says: %s", clip(err.Error(), maxFailure))
	}
	id := v.identify(t, claims)
	said := says{idToken: v.idTokenName(ctx, idToken, clientOf(claims), id.Subject), accessToken: claimedName(claims)}
	if scopes := scopes(claims); len(scopes) == 0 || slices.Contains(scopes, "openid") { // else userinfo would refuse it
		said.bearer = accessToken
	}
	id.Name, refusal = v.profiles.meet(ctx, id, said)
	return id, refusal
}

// identify returns who the claims, which were checked, say somebody is.
func (v *Verifier) identify(t token, claims object) Identity {
	id := Identity{}
	id.Subject, _ = subject(claims)
	sum := sha256.Sum256([]byte("mayfly user 1\x00" + v.config.Issuer + "\x00" + id.Subject))
	id.ID = "u-" + base64.RawURLEncoding.EncodeToString(sum[:18])
	id.Name = "user-" + hex.EncodeToString(sum[18:21]) // until something better is known
	exp, _ := claims.number("exp")
	id.Expires = instant(exp)
	if id.JTI, _ = claims.text("jti"); id.JTI == "" || len(id.JTI) > maxSubject {
		sum := sha256.Sum256([]byte(t.raw))
		id.JTI = "sha256:" + base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return id
}

// idTokenAge is how long an ID token gives a name after its end: renewals may bring none that is newer.
const idTokenAge = 24 * time.Hour

// idTokenName returns the name in an ID token of the same issuer, app and person, empty if there is none. It never waits.
func (v *Verifier) idTokenName(ctx context.Context, raw, client, person string) string {
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
	if iss != v.config.Issuer || sub != person || !forUs {
		return ""
	}
	now := float64(time.Now().Unix())
	exp, ok := claims.number("exp")
	if iat, issued := claims.number("iat"); !ok || !issued || exp <= now-idTokenAge.Seconds() || iat > now+Leeway.Seconds() {
		return ""
	}
	return claimedName(claims)
}

// Change is what becomes known of a person who is connected.
type Change struct {
	Name    string
	Refused *Error // nil, unless the person is to leave: with RequireActive, when the Users API says so
}

// Follow calls changed whenever there is a better name than id.Name, or the person is to leave, until stop is called; at once if
// there is already. changed must not block, nor call v; it may be called once more while stop is.
func (v *Verifier) Follow(id Identity, changed func(Change)) (stop func()) {
	return v.profiles.follow(id, changed)
}
