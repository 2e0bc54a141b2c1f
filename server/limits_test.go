package server_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"mayfly/server"
	"mayfly/server/auth"
	"mayfly/server/authtest"
	"mayfly/shared/wire"
)

// These tests check the limits on signing in that docs/security.md lists.

// TestTooManyAuthFrames is attack 32 of docs/attacks.md: the server accepts a hello and nine auths in a minute. More of
// them end the connection, even if the tokens are good.
func TestTooManyAuthFrames(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		g := h.in(t, h.issuer.Issue("ada", time.Hour), "")
		for range 9 {
			g.send(wire.Auth{Token: h.issuer.Issue("ada", time.Hour)})
			got[wire.Authed](g)
		}
		time.Sleep(time.Minute)
		for range 10 {
			g.send(wire.Auth{Token: h.issuer.Issue("ada", time.Hour)})
			got[wire.Authed](g)
		}
		time.Sleep(time.Minute - time.Millisecond)
		g.send(wire.Auth{Token: h.issuer.Issue("ada", time.Hour)})
		if b := g.wantBye(wire.CodeRate, ""); b.RetryMS < 1 || b.RetryMS > 60_000 {
			t.Errorf("retry_ms = %d", b.RetryMS)
		}
	})
	bubble(t, nil, func(t *testing.T, h *house) { // an anonymous hello counts, too
		g := h.dial(t, home)
		g.send(wire.Hello{})
		got[wire.Welcome](g)
		h.issuer.SetDown(true) // this does not count as a failure of the client
		for range 9 {
			g.send(wire.Auth{Token: h.issuer.Issue("ada", time.Hour)})
			got[wire.Refused](g)
		}
		g.send(wire.Auth{Token: h.issuer.Issue("ada", time.Hour)})
		g.wantBye(wire.CodeRate, "")
	})
	bubble(t, nil, func(t *testing.T, h *house) {
		g := h.in(t, h.issuer.Issue("ada", time.Hour), "")
		var all []wire.Frame
		for range 100 {
			all = append(all, wire.Auth{Token: h.issuer.Issue("ada", time.Hour)})
		}
		g.send(all...)
		frames := g.take()
		if b, ok := frames[len(frames)-1].(wire.Bye); !ok || b.Code != wire.CodeRate || len(frames) != 10 {
			t.Errorf("got %d frames, the last %+v, want 9 authed and bye", len(frames), frames[len(frames)-1])
		}
		if h.issuer.Asked() != 10 {
			t.Errorf("%d tokens were checked, want 10", h.issuer.Asked())
		}
	})
}

// TestThirdFailedAuth: the third failed auth ends the connection, even hours after the first one, and even if good ones
// came between.
func TestThirdFailedAuth(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		g := h.in(t, h.issuer.Issue("ada", 2*time.Hour), "")
		for range 2 {
			g.send(wire.Auth{Token: h.issuer.Refused(wire.ReasonTokenExpired, false)})
			got[wire.Refused](g)
			time.Sleep(10 * time.Minute)
			g.send(wire.Auth{Token: h.issuer.Issue("ada", 2*time.Hour)})
			got[wire.Authed](g)
		}
		g.send(wire.Auth{Token: h.issuer.Refused(wire.ReasonTokenExpired, false)})
		if b := g.wantBye(wire.CodeRate, ""); b.RetryMS != 10_000 {
			t.Errorf("retry_ms = %d", b.RetryMS)
		}
	})
}

// TestFailuresOfAnAddress: after the twentieth failure of an address in a minute, its client is told to wait. Failures
// that are not the client's fault do not count, other addresses are not affected, and a good token is always accepted.
func TestFailuresOfAnAddress(t *testing.T) {
	say := func(t *testing.T, h *house, from, token string) *guest {
		g := h.dial(t, from)
		g.send(wire.Hello{Token: &token})
		return g
	}
	bubble(t, nil, func(t *testing.T, h *house) {
		for range 50 {
			for _, reason := range []wire.Reason{wire.ReasonTokenExpired, wire.ReasonTokenKeyUnknown, wire.ReasonTokenRevoked} {
				say(t, h, home, h.issuer.Refused(reason, false)).wantBye(reason.Code(), reason)
			}
		}
		for range 19 {
			say(t, h, home, "forged").wantBye(wire.CodeAuth, wire.ReasonTokenSignature)
		}
		time.Sleep(10 * time.Second)
		b := say(t, h, home, "forged").wantBye(wire.CodeRate, "")
		if b.RetryMS != 50_000 {
			t.Errorf("retry_ms = %d", b.RetryMS)
		}
		say(t, h, "192.0.2.2", "forged").wantBye(wire.CodeAuth, wire.ReasonTokenSignature)
		say(t, h, home, h.issuer.Refused(wire.ReasonTokenExpired, false)).wantBye(wire.CodeAuth, wire.ReasonTokenExpired)
		got[wire.Welcome](say(t, h, home, h.issuer.Issue("ada", time.Hour)))
		time.Sleep(50 * time.Second)
		say(t, h, home, "forged").wantBye(wire.CodeAuth, wire.ReasonTokenSignature)
	})
	bubble(t, nil, func(t *testing.T, h *house) { // an IPv6 address counts as its /64 network, and failed auths count, too
		for i := range 18 {
			say(t, h, fmt.Sprintf("[2001:db8:0:1::%x]", i+1), "forged").wantBye(wire.CodeAuth, wire.ReasonTokenSignature)
		}
		in := say(t, h, "[2001:db8:0:1::99]", h.issuer.Issue("ada", time.Hour))
		got[wire.Welcome](in)
		in.send(wire.Auth{Token: "forged"})
		got[wire.Refused](in)
		in.send(wire.Auth{Token: "forged"})
		in.wantBye(wire.CodeRate, "")
		say(t, h, "[2001:db8:0:1:ffff::1]", "forged").wantBye(wire.CodeRate, "")
		say(t, h, "[2001:db8:0:2::1]", "forged").wantBye(wire.CodeAuth, wire.ReasonTokenSignature)
	})
}

// stuck is a Verifier that never answers.
type stuck struct{ *authtest.Verifier }

func (stuck) Verify(ctx context.Context, _, _ string) (auth.Identity, error) {
	<-ctx.Done()
	return auth.Identity{}, ctx.Err()
}

// TestVerifyingEndsInItsTime: the check of a token ends after verifyTimeout, and does not count as a failure of the
// client.
func TestVerifyingEndsInItsTime(t *testing.T) {
	bubble(t, func(c *server.Config) { c.SignIn.Verifier = stuck{authtest.NewVerifier()} }, func(t *testing.T, h *house) {
		g := h.hello(t, "x", "")
		time.Sleep(10*time.Second - time.Millisecond)
		g.wantNothing()
		time.Sleep(time.Millisecond)
		g.wantBye(wire.CodeBusy, "")
	})
}
