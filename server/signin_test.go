package server_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server"
	"mayfly/server/auth"
	"mayfly/server/servertest"
	"mayfly/server/session"
	"mayfly/shared/wire"
)

func TestSignedInWelcome(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		g := h.hello(t, h.issuer.Issue("ada", time.Hour), phone)
		frames := g.take()
		w, ok := frames[0].(wire.Welcome)
		if !ok || w.User != (wire.User{ID: "u-ada", Name: "ada"}) || !w.MayPost || w.AuthExpires != time.Now().Add(time.Hour).UnixMilli() {
			t.Errorf("welcome = %+v", frames[0])
		}
		if _, ok := frames[1].(wire.Joined); !ok || len(frames) != 2 {
			t.Errorf("then came %+v", frames[1:])
		}
		if n := gauge(t, h, "mayfly_connections_signed_in"); n != 1 {
			t.Errorf("%v connections are signed in", n)
		}
		g.send(post(1, "lobby"))
		if p := g.take()[1].(wire.Posted); p.User != w.User {
			t.Errorf("posted %+v", p)
		}
	})
}

func gauge(t *testing.T, h *house, name string) float64 {
	t.Helper()
	return servertest.Metric(t, h.metrics, name, "")
}

// TestBadTokenIsRefused: a bad token is refused with its reason, and its user never becomes a guest.
func TestBadTokenIsRefused(t *testing.T) {
	for _, reason := range wire.Reasons {
		if reason == wire.ReasonAnonymousOff || reason == wire.ReasonIdentityChanged {
			continue
		}
		t.Run(string(reason), func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, h *house) {
				b := h.hello(t, h.issuer.Refused(reason, false), "").wantBye(reason.Code(), reason)
				if want := int64(0); reason.Next() == wire.NextLater && b.RetryMS != 1500 || reason.Next() != wire.NextLater && b.RetryMS != want {
					t.Errorf("retry_ms %d", b.RetryMS)
				}
				if n := servertest.Metric(t, h.metrics, "mayfly_signins_refused_total", string(reason)); n != 1 {
					t.Errorf("counted %v times", n)
				}
			})
		})
	}
	bubble(t, nil, func(t *testing.T, h *house) { h.hello(t, "", "").wantBye(wire.CodeAuth, wire.ReasonTokenMissing) })
	bubble(t, nil, func(t *testing.T, h *house) { // a failure of the verifier does not count as the client's
		h.issuer.SetDown(true)
		for range 10 {
			if b := h.hello(t, "x", "").wantBye(wire.CodeBusy, ""); b.RetryMS < 5000 || b.RetryMS > 10_000 {
				t.Errorf("retry_ms %d, want 5000 to 10000", b.RetryMS)
			}
		}
	})
}

func TestAnonymousPolicy(t *testing.T) {
	for _, policy := range []session.Policy{"", session.GuestsWrite, session.GuestsRead, session.GuestsDenied} {
		t.Run("policy "+string(policy), func(t *testing.T) {
			bubble(t, func(c *server.Config) { c.Anonymous = policy }, func(t *testing.T, h *house) {
				ada := h.in(t, h.issuer.Issue("ada", time.Hour), "")
				g := h.dial(t, home)
				g.send(wire.Hello{Guest: new(testGuest), Rooms: []wire.Join{{Room: "lobby"}}})
				if policy == session.GuestsDenied {
					g.wantBye(wire.CodeAuth, wire.ReasonAnonymousOff)
					return
				}
				w := g.take()[0].(wire.Welcome)
				if w.MayPost != (policy != session.GuestsRead) || !w.User.Anonymous || w.AuthExpires != 0 {
					t.Errorf("welcome = %+v", w)
				}
				g.send(post(1, "lobby"))
				if policy == session.GuestsRead {
					if r := got[wire.Refused](g); r.Code != wire.CodeForbidden || r.ID != post(1, "").ID {
						t.Errorf("refused = %+v", r)
					}
				} else if len(g.take()) != 2 {
					t.Error("the post was not accepted")
				}
				ada.take()
				ada.send(post(2, "lobby"))
				if p := got[wire.Posted](g); p.User.ID != "u-ada" {
					t.Errorf("posted = %+v", p)
				}
			})
		})
	}
}

// TestBetterNameIsTold: the user gets a better name in authed, and all members see it in later messages.
func TestBetterNameIsTold(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		ada, ben := h.in(t, h.issuer.Issue("ada", time.Hour), ""), h.in(t, h.issuer.Issue("ben", time.Hour), "")
		h.issuer.Says("ada", auth.Change{Name: "Ada Lovelace"})
		a := got[wire.Authed](ada)
		if a.User != (wire.User{ID: "u-ada", Name: "Ada Lovelace"}) || a.AuthExpires != time.Now().Add(time.Hour).UnixMilli() || a.Now != time.Now().UnixMilli() {
			t.Errorf("authed = %+v", a)
		}
		ben.wantNothing()
		ada.send(post(1, "lobby"))
		if p := got[wire.Posted](ben); p.User != a.User {
			t.Errorf("posted = %+v", p)
		}
		ada.take()
		h.issuer.Says("ada", auth.Change{Name: "Ada Lovelace"})
		ada.wantNothing()
		h.issuer.Says("ada", auth.Change{Refused: &auth.Error{Code: wire.CodeForbidden, Reason: wire.ReasonUserInactive, Next: wire.NextNever, Message: "Not active."}})
		ada.wantBye(wire.CodeForbidden, wire.ReasonUserInactive)
		if n := h.issuer.Says("ada", auth.Change{Name: "Late"}); n != 0 {
			t.Errorf("%d still follow who has left", n)
		}
	})
}

// TestHelloThatTakesLongIsNotTimedOut: HelloTimeout ends when hello arrives, even if its token takes long to check.
func TestHelloThatTakesLongIsNotTimedOut(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		h.issuer.SetSlow(9 * time.Second)
		g := h.dial(t, home)
		g.send(wire.Hello{Token: new(h.issuer.Issue("ada", time.Hour)), Rooms: []wire.Join{{Room: "lobby"}}}, post(1, "lobby"))
		time.Sleep(8 * time.Second)
		g.wantNothing()
		time.Sleep(time.Second)
		if frames := g.take(); len(frames) != 4 {
			t.Errorf("got %+v", frames)
		}
	})
}

// TestExpiring: the client is warned once, a minute before the token ends, and the connection ends a minute after that,
// to the millisecond.
func TestExpiring(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		began := time.Now()
		const life = 5*time.Minute + 100*time.Millisecond // so that no tick comes exactly at its end
		g := h.in(t, h.issuer.Issue("ada", life), "")
		ben := h.in(t, h.issuer.Issue("ben", time.Hour), "")
		at := func(d time.Duration) { time.Sleep(time.Until(began.Add(d))) }
		at(life - time.Minute - time.Millisecond)
		g.wantNothing()
		at(life - time.Minute + 250*time.Millisecond)
		if e := got[wire.Expiring](g); e.InMS > 60_000 || e.InMS < 59_500 {
			t.Errorf("in_ms = %d", e.InMS)
		}
		at(life + time.Minute - time.Millisecond)
		ben.send(post(1, "lobby"))
		if p := got[wire.Posted](g); p.Text != "note 1" {
			t.Errorf("posted = %+v", p)
		}
		at(life + time.Minute)
		ben.send(post(2, "lobby"))
		g.wantBye(wire.CodeAuth, wire.ReasonTokenExpired)
		ben.wantLast(post(2, "lobby"))
	})
	bubble(t, nil, func(t *testing.T, h *house) { // frames that come after the end are not handled
		g := h.in(t, h.issuer.Issue("ada", 100*time.Millisecond), "")
		ben := h.in(t, h.issuer.Issue("ben", time.Hour), "")
		time.Sleep(time.Minute + 100*time.Millisecond)
		g.take()
		g.send(post(1, "lobby"))
		g.wantBye(wire.CodeAuth, wire.ReasonTokenExpired)
		ben.wantNothing()
	})
}

// TestSignInLivesAsLongWhenTheClockIsSetBack: the wall clock is set back. That does not make the sign-in of a connected
// user longer, nor that of a user whose token was made afterwards.
func TestSignInLivesAsLongWhenTheClockIsSetBack(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		const life = 5*time.Minute + 100*time.Millisecond
		const fast = 30 * time.Minute // how far the wall clock is ahead at first
		h.wall.Store(int64(fast))
		ada := h.in(t, h.issuer.Issue("ada", fast+life), "")
		h.wall.Store(0)
		ben := h.hello(t, h.issuer.Issue("ben", life), "")
		if w, ok := ben.take()[0].(wire.Welcome); !ok || w.AuthExpires-w.Now != life.Milliseconds() {
			t.Errorf("welcome %+v, want %s until the end", w, life)
		}
		time.Sleep(life + time.Minute - time.Millisecond)
		for _, g := range []*guest{ada, ben} {
			if e := got[wire.Expiring](g); e.InMS > 60_000 {
				t.Errorf("in_ms = %d", e.InMS)
			}
		}
		time.Sleep(250 * time.Millisecond)
		for _, g := range []*guest{ada, ben} {
			g.wantBye(wire.CodeAuth, wire.ReasonTokenExpired)
		}
	})
}

// wantLast fails unless the last frame is posted with the message of p.
func (g *guest) wantLast(p wire.Post) {
	g.t.Helper()
	frames := g.take()
	if last, ok := frames[len(frames)-1].(wire.Posted); !ok || last.ID != p.ID {
		g.t.Errorf("got %+v, want %s posted", frames, p.ID)
	}
}

// TestTokenThatIsEndingAlready: a token that has just expired is accepted within the leeway, and the client is told at
// once that it is expiring.
func TestTokenThatIsEndingAlready(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		g := h.in(t, h.issuer.Issue("ada", -30*time.Second), "")
		time.Sleep(250 * time.Millisecond)
		if e := got[wire.Expiring](g); e.InMS != 0 {
			t.Errorf("in_ms = %d", e.InMS)
		}
		time.Sleep(30 * time.Second)
		g.wantBye(wire.CodeAuth, wire.ReasonTokenExpired)
	})
}

// TestRateIsAPersonsOverAllConnections: the rate of a user counts the posts on all connections, whatever their tokens.
func TestRateIsAPersonsOverAllConnections(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		one, two := h.in(t, h.issuer.Issue("ada", time.Hour), phone), h.in(t, h.issuer.Issue("ada", time.Hour), laptop)
		for i := range 20 {
			g := []*guest{one, two}[i%2]
			g.send(post(i, "lobby"))
			synctest.Wait()
		}
		one.take()
		two.take()
		two.send(post(20, "lobby"))
		if r := got[wire.Refused](two); r.Code != wire.CodeRate {
			t.Errorf("refused = %+v", r)
		}
	})
}

// TestNothingOfAQueueFollowsASignOut: a client whose user has signed out gets no further frame.
func TestNothingOfAQueueFollowsASignOut(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		token := h.issuer.Issue("ada", time.Hour)
		ada, phoneOff := h.in(t, token, phone), h.in(t, token, phone)
		ben := h.in(t, h.issuer.Issue("ben", time.Hour), "")
		release := ada.hold()
		for i := range 10 {
			ben.send(post(i, "lobby"))
			synctest.Wait()
		}
		phoneOff.send(wire.Signout{})
		synctest.Wait()
		release()
		frames := ada.take()
		if last, ok := frames[len(frames)-1].(wire.Bye); !ok || last.Reason != wire.ReasonTokenRevoked || len(frames) > 3 {
			t.Errorf("got %+v", frames)
		}
	})
}

// TestNothingOfAQueueComesLate: frames that wait in the queue of a client that does not read are not written after its
// deadline, which is wire.AuthGrace after the expiry of its token.
func TestNothingOfAQueueComesLate(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		began := time.Now()
		ada := h.in(t, h.issuer.Issue("ada", time.Second), "")
		ben := h.in(t, h.issuer.Issue("ben", time.Hour), "")
		time.Sleep(time.Until(began.Add(61*time.Second - 10*time.Millisecond)))
		ada.take()
		release := ada.hold()
		for i := range 10 { // the client reads the first, the second is being written, and the others wait
			ben.send(post(i, "lobby"))
			synctest.Wait()
		}
		time.Sleep(2 * time.Second)
		release()
		frames := ada.take()
		posted := 0
		for _, f := range frames {
			if _, ok := f.(wire.Posted); ok {
				posted++
			}
		}
		if last, ok := frames[len(frames)-1].(wire.Bye); !ok || last.Reason != wire.ReasonTokenExpired || posted > 2 {
			t.Errorf("got %d posts and %+v", posted, frames)
		}
	})
}

func TestReadyNeedsSignIn(t *testing.T) {
	for _, tt := range []struct {
		policy session.Policy
		want   string // while nobody can sign in
	}{
		{session.GuestsDenied, "503 sign-in does not work now"},
		{session.GuestsRead, "200 ok for guests; sign-in does not work now"},
		{session.GuestsWrite, "200 ok for guests; sign-in does not work now"},
		{"", "200 ok for guests; sign-in does not work now"},
	} {
		t.Run(string(tt.policy), func(t *testing.T) { testReady(t, tt.policy, tt.want) })
	}
}

// testReady checks what the server says publicly and to operators the answer while nobody can sign in.
func testReady(t *testing.T, policy session.Policy, want string) {
	bubble(t, func(c *server.Config) { c.Anonymous = policy }, func(t *testing.T, h *house) {
		ready := func() string {
			w := httptest.NewRecorder()
			h.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
			return fmt.Sprint(w.Code, " ", strings.TrimSpace(w.Body.String()))
		}
		if got := ready(); got != "200 ok" {
			t.Errorf("ready: %s", got)
		}
		if _, err := h.Ready(t.Context()); err != nil {
			t.Errorf("operators read %v", err)
		}
		h.issuer.SetWarning("the issuer's clock is 9m0s ahead")
		if warning, err := h.Ready(t.Context()); warning != "the issuer's clock is 9m0s ahead" || err != nil {
			t.Errorf("operators read %q, %v", warning, err)
		}
		if got := ready(); got != "200 ok" {
			t.Errorf("the public reads %s of a clock", got)
		}
		h.issuer.SetDown(true)
		if got := ready(); got != want {
			t.Errorf("ready: %s", got)
		}
		if _, err := h.Ready(t.Context()); err == nil || err.Error() != "the keys cannot be loaded" {
			t.Errorf("operators read %v", err)
		}
		h.issuer.SetDown(false)
		h.ledger.Fail(errors.New("the ledger is away"))
		if got := ready(); got != want {
			t.Errorf("ready: %s", got)
		}
		if _, err := h.Ready(t.Context()); err == nil || err.Error() != "the ledger is away" {
			t.Errorf("operators read %v", err)
		}
	})
}

func TestConfigJSONWithSignIn(t *testing.T) {
	bubble(t, func(c *server.Config) { c.Anonymous = session.GuestsRead }, func(t *testing.T, h *house) {
		w := httptest.NewRecorder()
		h.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/config.json", nil))
		want := `{"version":"test","protocol":"mayfly.v1","issuer":"https://id.example","client_id":"app","scopes":["openid"],"audience":"api://default",` +
			`"anonymous":"read","ttl":{"min_ms":1000,"default_ms":300000,"max_ms":86400000}}`
		if strings.TrimSpace(w.Body.String()) != want {
			t.Errorf("config.json = %s, want %s", w.Body, want)
		}
	})
}

func TestConfigJSONHasTheAuthorizeParams(t *testing.T) {
	bubble(t, func(c *server.Config) { c.SignIn.AuthorizeParams = "prompt=consent&a=b" }, func(t *testing.T, h *house) {
		w := httptest.NewRecorder()
		h.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/config.json", nil))
		var got struct {
			Params string `json:"authorize_params"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Params != "prompt=consent&a=b" {
			t.Errorf("config.json = %s, %v", w.Body, err)
		}
	})
}

// TestConfigJSONSaysWhichTokenToSend only if it is not the access token, so that nothing changes for old pages.
func TestConfigJSONSaysWhichTokenToSend(t *testing.T) {
	for kind, want := range map[auth.TokenKind]any{"": nil, auth.AccessTokens: nil, auth.IDTokens: "id"} {
		bubble(t, func(c *server.Config) { c.SignIn.Token = kind }, func(t *testing.T, h *house) {
			w := httptest.NewRecorder()
			h.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/config.json", nil))
			var got map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got["token"] != want {
				t.Errorf("-token %s: config.json = %s, %v", kind, w.Body, err)
			}
		})
	}
}

// TestTokenInTheQueryIsIgnored: every dial of house has one; here it is a good one.
func TestTokenInTheQueryIsIgnored(t *testing.T) {
	bubble(t, nil, func(t *testing.T, h *house) {
		g := h.dial(t, home)
		g.send(wire.Hello{})
		if w := got[wire.Welcome](g); !w.User.Anonymous {
			t.Errorf("welcome = %+v", w)
		}
	})
}

// TestSilentSockets: a thousand WebSockets on which no frame comes are closed after 5 s, and their slots are free again.
func TestSilentSockets(t *testing.T) {
	bubble(t, func(c *server.Config) { c.Each = 1000 }, func(t *testing.T, h *house) {
		var silent []*guest
		for range 1000 {
			silent = append(silent, h.dial(t, home))
		}
		time.Sleep(wire.HelloTimeout + 250*time.Millisecond)
		for _, g := range silent {
			g.wantBye(wire.CodeTimeout, "")
		}
		if n := gauge(t, h, "mayfly_connections"); n != 0 {
			t.Errorf("%v connections are left", n)
		}
	})
}
