package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mayfly/server/names"
	"mayfly/shared/wire"
)

// Leeway is the allowed difference between the issuer's clock and this node's. A token is still accepted for this time after
// its exp.
const Leeway = time.Minute

const (
	maxSubject = 255          // the length of the longest subject, in bytes
	year10000  = 253402300800 // the first second of the year 10000, in Unix seconds: some libraries cannot print later times
)

// checkClaims checks the claims of a token, and returns the audience for which the token was made: Config.Audience for an
// access token, one of Config.ClientIDs for an ID token. It stops at the first check that fails.
func (v *Verifier) checkClaims(t token, claims object, now time.Time) (audience string, refusal *Error) {
	if iss, _ := claims.text("iss"); iss != v.config.Issuer {
		return "", refuse(wire.ReasonTokenIssuer, "iss is %q, want %q", clip(iss, maxLogged), v.config.Issuer)
	}
	if v.config.Token == IDTokens {
		audience, refusal = v.checkIDToken(claims)
	} else {
		audience, refusal = v.config.Audience, v.checkAccessToken(t, claims)
	}
	if refusal != nil {
		return "", refusal
	}
	if err := checkTimes(claims, now); err != nil {
		return "", err
	}
	if err := v.checkSubject(claims); err != nil {
		return "", err
	}
	if s := v.config.RequireScope; s != "" && !slices.Contains(scopes(claims), s) {
		return "", refuse(wire.ReasonTokenScope, "it lacks the scope %q", s)
	}
	if claims.has("cnf") {
		return "", refuse(wire.ReasonTokenBound, "it has cnf")
	}
	return audience, nil
}

// checkAccessToken checks that a token is an access token for Config.Audience that was issued to one of our apps.
func (v *Verifier) checkAccessToken(t token, claims object) *Error {
	if aud := claims.texts("aud"); !slices.Contains(aud, v.config.Audience) {
		return refuse(wire.ReasonTokenAudience, "aud is %s, want %q in it",
			clip(string(claims["aud"]), maxLogged), v.config.Audience)
	}
	if err := v.checkKind(t, claims); err != nil {
		return err
	}
	return v.checkClient(claims)
}

// appClaims are the claims that may name the app to which a token was issued.
var appClaims = []string{"cid", "azp", "client_id"}

// checkClient checks that the token was issued to one of our apps (Config.ClientIDs). If several claims name an app, each
// of them must name one of ours.
func (v *Verifier) checkClient(claims object) *Error {
	named := false
	for _, name := range appClaims {
		if !claims.has(name) {
			continue
		}
		named = true
		if id, _ := claims.text(name); !slices.Contains(v.config.ClientIDs, id) {
			return refuse(wire.ReasonTokenClient, "%s is %q, which is not allowed", name, clip(id, maxLogged))
		}
	}
	if !named {
		return refuse(wire.ReasonTokenClient, "it has no cid, azp or client_id")
	}
	return nil
}

// clientOf returns the client ID of the app to which an access token was issued. Call it only for claims that have passed
// checkClient.
func clientOf(claims object) string {
	for _, name := range appClaims {
		if id, ok := claims.text(name); ok {
			return id
		}
	}
	return ""
}

// checkTimes checks that a token is valid now and does not live too long.
func checkTimes(claims object, now time.Time) *Error {
	at := float64(now.UnixMilli()) / 1000
	leeway := Leeway.Seconds()
	exp, ok := claims.number("exp")
	if !ok {
		return refuse(wire.ReasonTokenExpired, "it has no exp that is a number")
	}
	if exp <= at-leeway {
		return refuse(wire.ReasonTokenExpired, "it expired %.0f s ago", at-exp)
	}
	iat, issued := claims.number("iat")
	if exp >= year10000 || issued && exp-iat > wire.MaxTokenLife.Seconds() {
		return refuse(wire.ReasonTokenLifetime, "it lives from %.0f to %.0f", iat, exp)
	}
	if nbf, ok := claims.number("nbf"); claims.has("nbf") && !ok {
		return refuse(wire.ReasonTokenTooEarly, "nbf is no number").retryIn(maxRetry)
	} else if ok && nbf > at+leeway {
		return refuse(wire.ReasonTokenTooEarly, "it is valid in %.0f s", nbf-at).retryIn(seconds(nbf - at - leeway))
	}
	if !issued {
		return refuse(wire.ReasonTokenFuture, "it has no iat that is a number").retryIn(maxRetry)
	}
	if iat > at+leeway {
		return refuse(wire.ReasonTokenFuture, "it will be issued in %.0f s: a clock is wrong, the issuer's or this server's",
			iat-at).retryIn(seconds(iat - at - leeway))
	}
	return nil
}

// seconds converts n seconds to a Duration. It returns 1e9 s at most, so that the Duration cannot overflow.
func seconds(n float64) time.Duration { return time.Duration(min(n, 1e9) * float64(time.Second)) }

// instant converts Unix seconds to a Time. The Time must be before the year 10000.
func instant(unix float64) time.Time { return time.UnixMilli(int64(unix * 1000)) }

// subject returns the issuer's id of the user. For an access token with the claim cid, which only Okta issues, the id is the
// claim uid: the claim sub of such a token is a login name, which Okta can change and later give to another user. For every
// other token, the id is the claim sub.
func (v *Verifier) subject(claims object) (s string, ok bool) {
	if v.config.Token != IDTokens && claims.has("cid") {
		return claims.text("uid")
	}
	return claims.text("sub")
}

// checkSubject checks that the token names a user, and that the subject is safe in the path of a URL: a subject such as ".."
// or "me" would make a request to the Users API ask about something else.
func (v *Verifier) checkSubject(claims object) *Error {
	s, ok := v.subject(claims)
	switch {
	case !ok || s == "":
		return refuse(wire.ReasonTokenSubject, "it has no subject")
	case slices.Contains(v.config.ClientIDs, s):
		return refuse(wire.ReasonTokenSubject, "its subject is an app")
	case len(s) > maxSubject:
		return refuse(wire.ReasonTokenSubject, "its subject has %d bytes", len(s))
	case s == "me" || s == "." || s == "..":
		return refuse(wire.ReasonTokenSubject, "its subject is %q", clip(s, maxLogged))
	case strings.ContainsRune(s, '/') || strings.ContainsRune(s, utf8.RuneError) ||
		strings.ContainsFunc(s, unicode.IsControl):
		return refuse(wire.ReasonTokenSubject, "its subject is %q", clip(s, maxLogged))
	}
	return nil
}

// scopes returns the scopes of a token: from Okta's claim scp, a list, and from the standard claim scope, words in one
// string.
func scopes(claims object) []string {
	var all []string
	for _, name := range []string{"scp", "scope"} {
		for _, s := range claims.texts(name) {
			all = append(all, strings.Fields(s)...)
		}
	}
	return all
}

// claimedName returns the best display name in claims, "" if there is none.
func claimedName(claims object) string {
	return names.Best(func(name string) string {
		s, _ := claims.text(name)
		return s
	})
}

// readUserinfo returns the user's name in body, which is an answer of the userinfo endpoint. It returns an error if the
// answer cannot be read, or is about a user with another id than subject.
func readUserinfo(body []byte, subject string) (name string, err error) {
	claims, err := newObject(body, claimNames)
	if err != nil {
		return "", fmt.Errorf("the answer: %w", err)
	}
	if sub, _ := claims.text("sub"); sub != subject {
		return "", errors.New("the answer is about somebody else")
	}
	return claimedName(claims), nil
}
