package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"mayfly/server/auth"
	"mayfly/shared/wire"
)

// These tests renew sign-ins on the open connection.

// TestRenewalMovesTheDeadlineAndNothingElse: each renewal only moves the deadline. At the end the renewals stop, which is
// attack 35 of docs/attacks.md.
func TestRenewalMovesTheDeadlineAndNothingElse(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		g := h.in(t, h.issuer.Issue("ada", 90*time.Second), phone)
		ben := h.in(t, h.issuer.Issue("ben", time.Hour), "")
		for i := range 10 { // 15 minutes, with a token of 90 s each time
			time.Sleep(90 * time.Second)
			frames := slices.DeleteFunc(g.take(), func(f wire.Frame) bool { _, expired := f.(wire.Removed); return expired })
			if e, ok := frames[0].(wire.Expiring); !ok || e.InMS > 60_000 || len(frames) != 1 {
				t.Fatalf("got %+v, want expiring", frames)
			}
			g.send(wire.Auth{Token: h.issuer.Issue("ada", 90*time.Second), SignInID: new(phone)})
			if a := got[wire.Authed](g); a.User.ID != "u-ada" || a.AuthExpires != time.Now().Add(90*time.Second).UnixMilli() || a.Now != time.Now().UnixMilli() {
				t.Fatalf("authed = %+v", a)
			}
			ben.send(post(i, "lobby"))
			got[wire.Posted](g)
			ben.take()
		}
		if n := gauge(t, h, "mayfly_connections_total"); n != 2 {
			t.Errorf("%v connections", n)
		}
		time.Sleep(3 * time.Minute)
		frames := g.take() // the connection ends AuthGrace after the end of the token
		if b, ok := frames[len(frames)-1].(wire.Bye); !ok || b.Reason != wire.ReasonTokenExpired {
			t.Errorf("got %+v", frames)
		}
	})
}

// TestRenewalThatFails: the old deadline stays, and the answer says what the client does next.
func TestRenewalThatFails(t *testing.T) {
	for _, reason := range wire.Reasons {
		if slices.Contains([]wire.Reason{wire.ReasonAnonymousOff, wire.ReasonIdentityChanged, wire.ReasonTokenRevoked}, reason) {
			continue
		}
		t.Run(string(reason), func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, h *house) {
				g := h.in(t, h.issuer.Issue("ada", 5*time.Minute), phone)
				g.send(wire.Auth{Token: h.issuer.Refused(reason, true), SignInID: new(phone)})
				r := got[wire.Refused](g)
				if r.Re != "auth" || r.Code != wire.CodeAuth || r.Reason != reason || r.Next != reason.Next() || r.Message == "" || (r.RetryMS != 0) != (r.Next == wire.NextLater) {
					t.Errorf("refused = %+v", r)
				}
				time.Sleep(6*time.Minute + 250*time.Millisecond)
				frames := g.take()
				if b, ok := frames[len(frames)-1].(wire.Bye); !ok || b.Reason != wire.ReasonTokenExpired || len(frames) != 2 {
					t.Errorf("then %+v", frames)
				}
			})
		})
	}
	t.Run("the verifier cannot", func(t *testing.T) {
		bubble(t, nil, func(t *testing.T, h *house) {
			g := h.in(t, h.issuer.Issue("ada", 5*time.Minute), "")
			h.issuer.SetDown(true)
			for range 5 { // these failures are not the client's fault, so any number is allowed
				g.send(wire.Auth{Token: h.issuer.Issue("ada", time.Hour)})
				if r := got[wire.Refused](g); r.Code != wire.CodeAuth || r.Reason != "" || r.Next != wire.NextLater || r.RetryMS != 5000 {
					t.Errorf("refused = %+v", r)
				}
			}
			h.issuer.SetDown(false)
			g.send(wire.Auth{Token: h.issuer.Issue("ada", time.Hour)})
			got[wire.Authed](g)
		})
	})
	t.Run("an empty token", func(t *testing.T) {
		bubble(t, nil, func(t *testing.T, h *house) {
			g := h.in(t, h.issuer.Issue("ada", time.Hour), "")
			if err := g.ws.Write(t.Context(), websocket.MessageText, []byte(`{"type":"auth"}`)); err != nil {
				t.Fatal(err)
			}
			if r := got[wire.Refused](g); r.Reason != wire.ReasonTokenMissing {
				t.Errorf("refused = %+v", r)
			}
		})
	})
	t.Run("a session that is none", func(t *testing.T) {
		bubble(t, nil, func(t *testing.T, h *house) {
			g := h.in(t, h.issuer.Issue("ada", time.Hour), "")
			g.send(wire.Auth{Token: h.issuer.Issue("ada", time.Hour), SignInID: new("short")})
			if r := got[wire.Refused](g); r.Code != wire.CodeFrame || r.Re != "auth" {
				t.Errorf("refused = %+v", r)
			}
		})
	})
}

// TestRenewalWithAnEarlierEnd is attack 34 of docs/attacks.md: the server accepts the token and keeps the deadline.
func TestRenewalWithAnEarlierEnd(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		ends := time.Now().Add(time.Hour).UnixMilli()
		token := h.issuer.Issue("ada", time.Hour)
		g := h.in(t, token, "")
		for _, token := range []string{h.issuer.Issue("ada", time.Minute), token} {
			g.send(wire.Auth{Token: token})
			if a := got[wire.Authed](g); a.AuthExpires != ends {
				t.Errorf("auth_expires is %d, want %d", a.AuthExpires, ends)
			}
		}
		time.Sleep(2 * time.Minute)
		g.wantNothing()
	})
}

// TestIdentityChanged is attack 33 of docs/attacks.md: a token of another user, or of another sign-in, ends the
// connection.
func TestIdentityChanged(t *testing.T) {
	for _, tt := range []struct {
		name         string
		hello, auth  string // ids of sign-ins
		who          string
		identityHeld bool
	}{
		{"another person", phone, phone, "eve", false},
		{"another session", phone, laptop, "ada", false},
		{"the same session", phone, phone, "ada", true},
		{"no word of the session", phone, "", "ada", true},
		{"no session at all", "", "", "ada", true},
		{"a session that had no name", "", phone, "ada", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, h *house) {
				g := h.in(t, h.issuer.Issue("ada", time.Hour), tt.hello)
				f := wire.Auth{Token: h.issuer.Issue(tt.who, 2*time.Hour)}
				if tt.auth != "" {
					f.SignInID = &tt.auth
				}
				if g.send(f); tt.identityHeld {
					got[wire.Authed](g)
				} else {
					g.wantBye(wire.CodeForbidden, wire.ReasonIdentityChanged)
				}
			})
		})
	}
	t.Run("somebody anonymous", func(t *testing.T) {
		bubble(t, nil, func(t *testing.T, h *house) {
			g := h.dial(t, home)
			g.send(wire.Hello{Guest: new(testGuest)})
			got[wire.Welcome](g)
			g.send(wire.Auth{Token: h.issuer.Refused(wire.ReasonTokenExpired, false)})
			got[wire.Refused](g)
			g.send(wire.Auth{Token: h.issuer.Issue("ada", time.Hour)})
			g.wantBye(wire.CodeForbidden, wire.ReasonIdentityChanged)
		})
	})
	t.Run("no sign-in here", func(t *testing.T) { // this uses a real socket, because there is no issuer
		n := start(t, 10)
		c := n.hello(t, "")
		c.send(wire.Auth{Token: "x"})
		if r := expect[wire.Refused](c); r.Code != wire.CodeAuth || r.Reason != wire.ReasonTokenIssuer || r.Next != wire.NextLogin {
			t.Errorf("refused = %+v", r)
		}
	})
}

// TestRenewalInABurst is attack 36 of docs/attacks.md: while many messages come, a renewal neither loses nor repeats any
// of them.
func TestRenewalInABurst(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		g := h.in(t, h.issuer.Issue("ada", time.Hour), "")
		var expected []string
		for i := range 200 {
			who := h.in(t, h.issuer.Issue(fmt.Sprint("p", i), time.Hour), "")
			who.send(post(i, "lobby"))
			if i%25 == 0 {
				g.send(wire.Auth{Token: h.issuer.Issue("ada", time.Duration(i+100)*time.Hour)})
			}
			synctest.Wait()
			expected = append(expected, post(i, "").ID)
		}
		var ids []string
		authed := 0
		for _, f := range g.take() {
			switch f := f.(type) {
			case wire.Posted:
				ids = append(ids, f.ID)
			case wire.Authed:
				authed++
			default:
				t.Errorf("got %+v", f)
			}
		}
		if !slices.Equal(ids, expected) || authed != 8 {
			t.Errorf("%d messages and %d authed, want 200 in order and 8", len(ids), authed)
		}
	})
}

// TestNobodySeesARenewal: other members get no frame when a user renews the sign-in.
func TestNobodySeesARenewal(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		ada, ben := h.in(t, h.issuer.Issue("ada", time.Hour), ""), h.in(t, h.issuer.Issue("ben", time.Hour), "")
		ada.send(wire.Auth{Token: h.issuer.Issue("ada", 2*time.Hour)})
		got[wire.Authed](ada)
		ben.wantNothing()
	})
}

// TestOversizedAndBinaryAuth is attack 38 of docs/attacks.md.
func TestOversizedAndBinaryAuth(t *testing.T) {
	n := start(t, 10)
	binary := n.hello(t, "")
	if err := binary.ws.Write(t.Context(), websocket.MessageBinary, wire.Encode(wire.Auth{Token: "x"})); err != nil {
		t.Fatal(err)
	}
	binary.expectEnd(wire.CodeProtocol)
	large := n.hello(t, "")
	large.write(string(wire.Encode(wire.Auth{Token: strings.Repeat("x", wire.MaxMessage)})))
	if _, err := large.read(); websocket.CloseStatus(err) != wire.CloseTooBig {
		t.Errorf("closed with %v, want 1009", err)
	}
}

// TestNameFoundDuringARenewal: the renewal or the look-up tells the client the name, whichever ends first, and the name stays.
func TestNameFoundDuringARenewal(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		g := h.in(t, h.issuer.Issue("ada", time.Hour), "")
		h.issuer.SetSlow(time.Second)
		g.send(wire.Auth{Token: h.issuer.Issue("ada", 2*time.Hour)})
		time.Sleep(500 * time.Millisecond)
		h.issuer.Says("ada", auth.Change{Name: "Ada Lovelace"})
		if a := got[wire.Authed](g); a.User.Name != "Ada Lovelace" || a.AuthExpires != time.Now().Add(time.Hour-500*time.Millisecond).UnixMilli() {
			t.Errorf("unasked = %+v", a)
		}
		time.Sleep(500 * time.Millisecond)
		if a := got[wire.Authed](g); a.User.Name != "Ada Lovelace" || a.AuthExpires <= time.Now().Add(time.Hour).UnixMilli() {
			t.Errorf("authed = %+v", a)
		}
	})
}
