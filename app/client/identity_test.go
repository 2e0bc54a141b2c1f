package client

import (
	"testing"

	"mayfly/app/client/outbox"
	"mayfly/shared/wire"
)

func TestAnnounce(t *testing.T) {
	guest, ann, annRenewed, ben, ended := Identity{}, Identity{SignInID: "ann", Version: 1}, Identity{SignInID: "ann", Version: 2},
		Identity{SignInID: "ben", Version: 3}, Identity{Version: 2, Ended: true}
	asGuest, asAnn := identity{known: true}, identity{known: true, signIn: "ann", version: 1}
	annEnded := identity{known: true, signIn: "ann", version: 1, over: true}
	for _, tt := range []struct {
		name string
		s    identity
		i    Identity
		want announcement
	}{
		{"the first is a guest", identity{}, guest, userChanged},
		{"the first is signed in", identity{}, ann, userChanged},
		{"a guest stays one", asGuest, guest, nothingNew},
		{"a guest signs in", asGuest, ann, userChanged},
		{"no sign-in ends", asGuest, ended, nothingNew},
		{"the same", asAnn, ann, nothingNew},
		{"a newer token", asAnn, annRenewed, tokenRenewed},
		{"another user", asAnn, ben, userChanged},
		{"signed out", asAnn, guest, userChanged},
		{"the sign-in ends", asAnn, ended, signInEnded},
		{"it ended before", annEnded, ended, nothingNew},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.s
			if got := s.announce(tt.i); got != tt.want {
				t.Errorf("announce = %d, want %d", got, tt.want)
			}
			if s.version != tt.i.Version || s.over != (tt.s.over || tt.want == signInEnded) {
				t.Errorf("after it: %+v", s)
			}
		})
	}
}

func TestBecome(t *testing.T) {
	for _, tt := range []struct {
		name   string
		s      identity
		signIn string
		want   userChange
	}{
		{"the first is a guest", identity{}, "", sameUser},
		{"the first is signed in", identity{}, "ann", sameUser},
		{"a guest stays one", identity{known: true}, "", sameUser},
		{"a guest signs in", identity{known: true}, "ann", otherUser},
		{"the same sign-in", identity{known: true, signIn: "ann"}, "ann", sameUser},
		{"signed out", identity{known: true, signIn: "ann"}, "", signedOut},
		{"signed out, and another user in", identity{known: true, signIn: "ann"}, "ben", signedOut},
		{"a guest after a sign-in that ended", identity{known: true, signIn: "ann", over: true}, "", otherUser},
		{"the same sign-in again after it ended", identity{known: true, signIn: "ann", over: true}, "ann", otherUser},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.s
			if got := s.become(tt.signIn); got != tt.want {
				t.Errorf("become = %d, want %d", got, tt.want)
			}
			if !s.known || s.over || s.signIn != tt.signIn {
				t.Errorf("after it: %+v", s)
			}
		})
	}
}

func TestOwner(t *testing.T) {
	for _, tt := range []struct {
		name string
		s    identity
		want string
	}{
		{"nothing is known", identity{}, ""},
		{"the guest alone is known", identity{guest: "secret"}, ""},
		{"a guest", identity{guest: "secret", known: true}, outbox.GuestOwner("secret")},
		{"a guest without a secret yet", identity{known: true}, ""},
		{"signed in", identity{guest: "secret", known: true, signIn: "ann"}, outbox.SignInOwner("ann")},
	} {
		if got := tt.s.owner(); got != tt.want {
			t.Errorf("%s: owner = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		name     string
		code     wire.Code
		next     wire.Next
		renewals int // how many tokens in a row were refused before
		want     verdict
	}{
		{"never", wire.CodeForbidden, wire.NextNever, 0, denyUser},
		{"never, for any user", wire.CodeAuth, wire.NextNever, 0, denyToken},
		{"forbidden, sign in again", wire.CodeForbidden, wire.NextLogin, 0, endSignIn},
		{"the first is old", wire.CodeAuth, wire.NextRenew, 0, renewToken},
		{"the last that may be", wire.CodeAuth, wire.NextRenew, maxRenewals - 1, renewToken},
		{"one too many", wire.CodeAuth, wire.NextRenew, maxRenewals, endSignIn},
		{"sign in again", wire.CodeAuth, wire.NextLogin, 0, endSignIn},
		{"the server does not say", wire.CodeAuth, "", 0, endSignIn},
	} {
		renewals := tt.renewals
		if got := judge(tt.code, tt.next, &renewals); got != tt.want {
			t.Errorf("%s: judge = %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestUnknownKeyAsksForAnotherTokenTheSecondTime(t *testing.T) {
	var s identity
	s.onUnknownKey("one")
	if got := s.takeRefused(); got != "" {
		t.Errorf("after the first time the token %q is refused", got)
	}
	s.onUnknownKey("one")
	if got := s.takeRefused(); got != "one" {
		t.Errorf("after the second time the token %q is refused, want one", got)
	}
	if got := s.takeRefused(); got != "" {
		t.Errorf("it is told twice")
	}
}
