package server_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mayfly/server"
	"mayfly/server/authtest"
	"mayfly/server/hub"
	"mayfly/server/stream"
	"mayfly/server/stream/streamtest"
	"mayfly/shared/wire"
)

// again sends a hello with token and session. It must be refused if revoked is true, and accepted otherwise.
func (h *house) again(t *testing.T, token, session string, revoked bool) {
	t.Helper()
	g := h.hello(t, token, session)
	frames := g.take()
	b, bye := frames[len(frames)-1].(wire.Bye)
	switch {
	case revoked && (!bye || b.Code != wire.CodeAuth || b.Reason != wire.ReasonTokenRevoked || b.Next != wire.NextLogin):
		t.Errorf("%.4s in session %.4s got %+v, want token_revoked", token, session, frames)
	case !revoked && bye:
		t.Errorf("%.4s in session %.4s got %+v, want a welcome", token, session, frames)
	}
	g.ws.CloseNow()
}

// neighbour is another node of the same chat.
func (h *house) neighbour(t *testing.T) *house {
	other := open(t, h.issuer, h.ledger, streamtest.NewMemory(), nil)
	synctest.Wait()
	return other
}

// TestSignOut is attack 37 of docs/attacks.md: a sign-out ends the connections of the sign-in on all nodes, and every
// node refuses the sign-in and each token that was shown in it. Other sign-ins of the user, and other users, are not
// affected.
func TestSignOut(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		other := h.neighbour(t)
		defer other.stop()
		first, second, third := h.issuer.Issue("ada", time.Hour), h.issuer.Issue("ada", time.Hour), h.issuer.Issue("ada", time.Hour)
		gone := h.issuer.Issue("ada", time.Hour)
		brief := other.in(t, gone, phone) // a connection on the other node, which has ended
		brief.ws.CloseNow()
		one, two, there := h.in(t, first, phone), h.in(t, first, phone), other.in(t, second, phone)
		renewed := h.in(t, first, phone)
		renewed.send(wire.Auth{Token: third})
		got[wire.Authed](renewed)
		elsewhere := h.issuer.Issue("ada", time.Hour)
		stays := other.in(t, elsewhere, laptop)
		eve := h.issuer.Issue("eve", time.Hour)
		eves := h.in(t, eve, phone) // another user whose sign-in has the same id
		nameless := h.in(t, third, "")

		one.take()
		one.send(wire.Signout{})
		for _, g := range []*guest{one, two, there, renewed, nameless} {
			g.wantBye(wire.CodeAuth, wire.ReasonTokenRevoked)
		}
		stays.wantNothing()
		eves.wantNothing()
		if n := gauge(t, h, "mayfly_signouts_total"); n != 1 {
			t.Errorf("%v sign-outs are counted", n)
		}
		for _, node := range []*house{h, other} {
			for _, token := range []string{first, second, third, gone, h.issuer.Issue("ada", time.Hour)} {
				node.again(t, token, phone, true)
			}
			for _, token := range []string{first, second, third, gone} {
				node.again(t, token, "", true)
				node.again(t, token, laptop, true)
			}
			node.again(t, elsewhere, laptop, false)
			node.again(t, eve, phone, false)
			node.again(t, h.issuer.Issue("ada", time.Hour), "", false)
		}
		stays.send(wire.Auth{Token: first})
		stays.wantBye(wire.CodeAuth, wire.ReasonTokenRevoked)
		for _, entry := range h.ledger.Kept() {
			if strings.Contains(entry, phone) || strings.Contains(entry, "ada") || strings.Contains(entry, "jti") {
				t.Errorf("the ledger has %q", entry)
			}
		}
	})
}

// TestSignOutHoldsForADay: a sign-out holds for 24 hours and five minutes, and is then forgotten.
func TestSignOutHoldsForADay(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		token := h.issuer.Issue("ada", 30*time.Hour) // longer than any real token lives
		g := h.in(t, token, phone)
		g.send(wire.Signout{})
		g.wantBye(wire.CodeAuth, wire.ReasonTokenRevoked)
		time.Sleep(24*time.Hour + 5*time.Minute - time.Second)
		h.again(t, token, "", true)
		h.again(t, h.issuer.Issue("ada", time.Hour), phone, true)
		time.Sleep(time.Second)
		h.again(t, token, phone, false)
	})
}

// TestSignOutDuringARenewal: a token that was on its way when its sign-in was signed out is refused then and later, in every
// sign-in in which a client shows it, and on every node.
func TestSignOutDuringARenewal(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		other := h.neighbour(t)
		defer other.stop()
		first := h.issuer.Issue("ada", time.Hour)
		renews, leaves := h.in(t, first, phone), h.in(t, first, phone)
		opens := h.issuer.Issue("ada", time.Hour)
		renewed := h.issuer.Issue("ada", 2*time.Hour)
		h.issuer.SetSlow(2 * time.Second) // so both tokens are being checked when the sign-in is signed out
		renews.send(wire.Auth{Token: renewed, SignInID: new(phone)})
		opening := h.hello(t, opens, phone)
		time.Sleep(time.Second)
		leaves.send(wire.Signout{})
		leaves.wantBye(wire.CodeAuth, wire.ReasonTokenRevoked)
		time.Sleep(2 * time.Second)
		renews.wantBye(wire.CodeAuth, wire.ReasonTokenRevoked)
		opening.wantBye(wire.CodeAuth, wire.ReasonTokenRevoked)
		h.issuer.SetSlow(0)
		for _, node := range []*house{h, other} {
			for _, token := range []string{first, renewed, opens} {
				node.again(t, token, "", true)
				node.again(t, token, laptop, true)
			}
		}
		h.again(t, h.issuer.Issue("ada", time.Hour), laptop, false)
	})
}

// TestLogNamesTheToken: the log names a genuine token that was refused, by its hash.
func TestLogNamesTheToken(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		first, other := h.issuer.Issue("ada", time.Hour), h.issuer.Issue("eve", time.Hour)
		leaves := h.in(t, first, phone)
		leaves.send(wire.Signout{})
		leaves.wantBye(wire.CodeAuth, wire.ReasonTokenRevoked)
		h.hello(t, first, phone).wantBye(wire.CodeAuth, wire.ReasonTokenRevoked)
		renews := h.in(t, h.issuer.Issue("ada", time.Hour), laptop)
		renews.send(wire.Auth{Token: first})
		renews.wantBye(wire.CodeAuth, wire.ReasonTokenRevoked)
		changes := h.in(t, h.issuer.Issue("ada", time.Hour), laptop)
		changes.send(wire.Auth{Token: other})
		changes.wantBye(wire.CodeForbidden, wire.ReasonIdentityChanged)
		for token, times := range map[string]int{first: 2, other: 1} {
			hash := sha256.Sum256([]byte(token))
			if line := fmt.Sprintf("err.token_sha256=%x", hash[:8]); strings.Count(h.logs.String(), line) != times {
				t.Errorf("the log does not say %s %d times:\n%s", line, times, h.logs)
			}
		}
	})
}

// TestSignOutOnceMore: a user has signed out, and the revocation has expired, but this node has not forgotten it yet. If the
// user signs out of the same sign-in again, the new revocation must take effect, and remain when the node forgets the old
// revocation.
func TestSignOutOnceMore(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		h.in(t, h.issuer.Issue("ada", time.Hour), phone).send(wire.Signout{})
		time.Sleep(24*time.Hour + 5*time.Minute + time.Second) // not forgotten yet
		token := h.issuer.Issue("ada", 24*time.Hour)
		one, two := h.in(t, token, phone), h.in(t, token, phone)
		two.wantNothing()
		one.send(wire.Signout{})
		two.wantBye(wire.CodeAuth, wire.ReasonTokenRevoked)
		time.Sleep(20 * time.Minute) // the expired sign-out is forgotten
		h.again(t, token, phone, true)
		h.again(t, token, laptop, true)
	})
}

// TestSignOutWithoutASession: if the client has named no sign-in, a sign-out revokes the token by its own id.
func TestSignOutWithoutASession(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		token, next := h.issuer.Issue("ada", time.Hour), h.issuer.Issue("ada", 2*time.Hour)
		g, twin, other := h.in(t, token, ""), h.in(t, token, ""), h.in(t, h.issuer.Issue("ada", time.Hour), "")
		g.send(wire.Auth{Token: next})
		got[wire.Authed](g)
		twin.send(wire.Signout{})
		twin.wantBye(wire.CodeAuth, wire.ReasonTokenRevoked)
		g.wantBye(wire.CodeAuth, wire.ReasonTokenRevoked)
		other.wantNothing()
		h.again(t, token, "", true)
		h.again(t, next, "", true)
	})
}

// TestSessionThatGetsItsNameLater: the client names its sign-in only on a later auth. A sign-out also revokes the tokens
// that were shown before that.
func TestSessionThatGetsItsNameLater(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		token, next := h.issuer.Issue("ada", time.Hour), h.issuer.Issue("ada", 2*time.Hour)
		g := h.in(t, token, "")
		g.send(wire.Auth{Token: next, SignInID: new(phone)})
		got[wire.Authed](g)
		other := h.in(t, h.issuer.Issue("ada", time.Hour), phone)
		other.send(wire.Signout{})
		g.wantBye(wire.CodeAuth, wire.ReasonTokenRevoked)
		h.again(t, token, "", true)
		h.again(t, next, "", true)
	})
}

func TestAnonymousSignOut(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		var both []*guest
		for range 2 {
			g := h.dial(t, home)
			g.send(wire.Hello{Guest: new(testGuest)})
			got[wire.Welcome](g)
			both = append(both, g)
		}
		both[0].send(wire.Signout{})
		both[0].wantBye(wire.CodeAuth, wire.ReasonTokenRevoked)
		both[1].wantNothing()
	})
}

// TestLedgerThatFails: a sign-out holds on this node at once, and on every node as soon as it can be stored. Meanwhile nobody
// can sign in, because the user might have signed out on another node. Users who are signed in stay, and guests come in.
func TestLedgerThatFails(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		other := h.neighbour(t)
		defer other.stop()
		token := h.issuer.Issue("ada", time.Hour)
		g, there, ben := h.in(t, token, phone), other.in(t, token, phone), h.in(t, h.issuer.Issue("ben", time.Hour), laptop)
		h.ledger.Fail(errors.New("the ledger is away"))
		g.send(wire.Signout{})
		g.wantBye(wire.CodeAuth, wire.ReasonTokenRevoked)
		there.wantNothing()
		if n := gauge(t, h, "mayfly_signouts_waiting"); n == 0 {
			t.Error("nothing waits to be kept")
		}
		b := h.hello(t, h.issuer.Issue("cleo", time.Hour), "").wantBye(wire.CodeBusy, "")
		if b.RetryMS < 5000 {
			t.Errorf("retry_ms = %d", b.RetryMS)
		}
		ben.send(wire.Auth{Token: h.issuer.Issue("ben", 2*time.Hour)})
		if r := got[wire.Refused](ben); r.Code != wire.CodeAuth || r.Next != wire.NextLater || r.RetryMS == 0 {
			t.Errorf("refused = %+v", r)
		}
		stranger := h.dial(t, home)
		stranger.send(wire.Hello{})
		got[wire.Welcome](stranger)

		time.Sleep(10 * time.Second)
		h.ledger.Fail(nil)
		h.again(t, token, "", true)
		time.Sleep(30 * time.Second)
		there.wantBye(wire.CodeAuth, wire.ReasonTokenRevoked)
		other.again(t, token, "", true)
		if n := gauge(t, h, "mayfly_signouts_waiting"); n != 0 {
			t.Errorf("%v entries wait still", n)
		}
		ben.send(wire.Auth{Token: h.issuer.Issue("ben", 2*time.Hour)})
		got[wire.Authed](ben)
	})
}

// TestLedgerThatComesLate: before the ledger is read, sign-ins wait a moment, and then the clients are asked to come
// back.
func TestLedgerThatComesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := &streamtest.Facts{}
		ledger.Fail(errors.New("the ledger is away"))
		h := open(t, authtest.NewVerifier(), ledger, streamtest.NewMemory(), nil)
		defer h.stop()
		token := h.issuer.Issue("ada", time.Hour)
		early := h.hello(t, token, phone)
		ledger.Fail(nil)
		time.Sleep(time.Second)
		if _, ok := early.take()[0].(wire.Welcome); !ok {
			t.Error("who came a moment early is not let in")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ledger := &streamtest.Facts{}
		ledger.Fail(errors.New("the ledger is away"))
		h := open(t, authtest.NewVerifier(), ledger, streamtest.NewMemory(), nil)
		defer h.stop()
		g := h.hello(t, h.issuer.Issue("ada", time.Hour), phone)
		time.Sleep(3 * time.Second)
		g.wantBye(wire.CodeBusy, "")
	})
}

// TestEntriesInAnyOrder: a token that was shown to another node in a revoked sign-in is refused, whether this node learns
// of the token before or after the sign-out.
func TestEntriesInAnyOrder(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		token := h.issuer.Issue("ada", time.Hour)
		h.in(t, token, phone).send(wire.Signout{})
		time.Sleep(time.Second)
		entries := h.ledger.Kept()
		if len(entries) != 2 || !strings.HasPrefix(entries[0], "saw ") || !strings.HasPrefix(entries[1], "out ") {
			t.Fatalf("the ledger has %q", entries)
		}
		for _, order := range [][]string{{entries[0], entries[1]}, {entries[1], entries[0]}} {
			other := open(t, h.issuer, &streamtest.Facts{}, streamtest.NewMemory(), nil)
			other.in(t, token, "").ws.CloseNow()
			for _, entry := range order {
				if err := other.ledger.Keep(t.Context(), entry, time.Now().Add(time.Hour)); err != nil {
					t.Error(err)
				}
			}
			other.again(t, token, "", true)
			other.stop()
		}
	})
}

// TestSignOutsOutliveARestart: with -data, sign-outs outlive a restart of the server.
func TestSignOutsOutliveARestart(t *testing.T) {
	config := stream.Config{Folder: filepath.Join(t.TempDir(), "data"), MaxTTL: time.Hour, RoomEvents: 100, Bytes: 8 << 20}
	tokens := authtest.NewVerifier()
	run := func(test func(t *testing.T, n *node)) {
		messages, err := stream.OpenEmbedded(t.Context(), config, hub.NewClock(time.Now), prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Run("start", func(t *testing.T) {
			test(t, startWith(t, func(c *server.Config) { c.SignIn = server.SignIn{Verifier: tokens, Ledger: messages.Facts()} }))
		})
		if err := messages.Close(); err != nil {
			t.Fatal(err)
		}
	}
	hello := func(t *testing.T, n *node, token, session string) *client {
		c := n.dial(t)
		c.send(wire.Hello{Token: &token, SignInID: &session})
		return c
	}
	before, token, fresh := tokens.Issue("ada", time.Hour), tokens.Issue("ada", time.Hour), tokens.Issue("ada", time.Hour)
	run(func(t *testing.T, n *node) { // a token that was shown before the restart is refused, too
		expect[wire.Welcome](hello(t, n, before, phone))
	})
	run(func(t *testing.T, n *node) {
		c, other := hello(t, n, token, phone), hello(t, n, fresh, laptop)
		expect[wire.Welcome](c)
		expect[wire.Welcome](other)
		c.send(wire.Signout{})
		c.expectEnd(wire.CodeAuth)
	})
	run(func(t *testing.T, n *node) {
		for _, shown := range []string{before, token} {
			for _, session := range []string{phone, laptop} {
				if b := hello(t, n, shown, session).expectEnd(wire.CodeAuth); b.Reason != wire.ReasonTokenRevoked {
					t.Errorf("bye = %+v, want token_revoked", b)
				}
			}
		}
		expect[wire.Welcome](hello(t, n, fresh, laptop))
	})
}
