package client_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/app/client"
	"mayfly/app/client/transport"
	"mayfly/shared/wire"
)

// ada is a user who is signed in, and bob is another one.
var (
	ada = wire.User{ID: "u-ada", Name: "Ada Lovelace"}
	bob = wire.User{ID: "u-bob", Name: "Bob"}
)

// adas is the id of Ada's sign-in, bobs is the id of Bob's.
const (
	adas = "adas-session-0123456789"
	bobs = "bobs-session-0123456789"
)

var errUnavailable = errors.New("the provider can't be reached")

// signIn is a TokenSource that does what the test tells it to. Its tokens are "token-1", "token-2" and so on.
type signIn struct {
	mu      sync.Mutex // guards what follows
	session string
	version int
	err     error         // the error that Token returns
	slow    time.Duration // how long Token takes
	asked   int
	refused []string // the refused tokens with which Token was called
	ended   []string // for each call of End, the id of the sign-in and the reason
	denied  []string
	wakes   int
}

func (s *signIn) Token(ctx context.Context, refused string) (client.Credentials, error) {
	s.mu.Lock()
	slow := s.slow
	s.mu.Unlock()
	select {
	case <-time.After(slow):
	case <-ctx.Done():
		return client.Credentials{}, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	switch {
	case s.err != nil:
		return client.Credentials{}, s.err
	case s.session == "":
		return client.Credentials{}, nil
	}
	if refused != "" {
		s.refused = append(s.refused, refused)
		if refused == s.token() {
			s.version++
		}
	}
	return client.Credentials{Token: s.token(), ID: "id", SignInID: s.session}, nil
}

func (s *signIn) token() string { return "token-" + string('0'+rune(s.version)) }

func (s *signIn) Wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wakes++
}

func (s *signIn) End(session, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = append(s.ended, session+": "+why)
}

func (s *signIn) Deny(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied = append(s.denied, why)
}

func (s *signIn) Unfit(why string) { s.Deny("unfit: " + why) }

// set changes s, and returns the Identity for the client.
func (s *signIn) set(change func(*signIn)) client.Identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
	return client.Identity{SignInID: s.session, Version: s.version}
}

// startSigned runs a client in lobby, with source as its TokenSource, until the test ends.
func startSigned(t *testing.T, s *script, source *signIn) *tester {
	c := startClient(t, client.New(client.Config{Dial: s.dial, Guest: guest, Client: "test/1", Room: "lobby",
		Tokens: source}))
	c.Identify(source.set(func(*signIn) {}))
	return c
}

// onlineAs answers the next connection of the client with u as its user. The client must have sent token or, if token is
// "", the guest's secret.
func (s *script) onlineAs(u wire.User, token string, messages ...wire.Message) (*pipe, wire.Hello) {
	s.t.Helper()
	p := s.next()
	hello := hear[wire.Hello](p)
	wantToken(s.t, hello, token)
	w := welcome()
	w.User = u
	head := int64(0)
	if n := len(messages); n > 0 {
		head = messages[n-1].Seq
	}
	p.say(w, joined(head, messages...))
	synctest.Wait()
	return p, hello
}

func wantToken(t *testing.T, hello wire.Hello, token string) {
	t.Helper()
	switch {
	case token == "" && (hello.Token != nil || hello.IDToken != "" || hello.SignInID != nil || hello.Guest == nil || *hello.Guest != guest):
		t.Fatalf("hello = %+v, want a guest's", hello)
	case token != "" && (hello.Token == nil || *hello.Token != token || hello.IDToken != "id" || hello.SignInID == nil || hello.Guest != nil):
		t.Fatalf("hello = %+v, want %s and no guest", hello, token)
	}
}

func TestHelloSaysWhoIsSignedIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		in := &signIn{session: adas, version: 1}
		c := startSigned(t, s, in)
		p, hello := s.onlineAs(ada, "token-1", message(1, ada, "a", "mine", time.Minute))
		if *hello.SignInID != adas {
			t.Errorf("session = %q", *hello.SignInID)
		}
		v := c.wantStatus(client.Online)
		if v.Me != ada || !v.Messages[0].Mine {
			t.Errorf("view = %+v", v)
		}
		p.wantSilence() // the same token is not sent twice
		in.set(func(s *signIn) { s.version = 2 })
		p.cut(1006)
		_, hello = s.onlineAs(ada, "token-2")
		if hello.Rooms[0].Cursor == nil {
			t.Error("the reconnect has no cursor")
		}
		c.wantTexts() // the snapshot in joined has no messages
	})
}

// Renewing a token may take longer than opening a connection is allowed to.
func TestSlowTokenIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := startSigned(t, s, &signIn{session: adas, version: 1, slow: 35 * time.Second})
		time.Sleep(34 * time.Second)
		c.wantStatus(client.Connecting)
		s.onlineAs(ada, "token-1")
		c.wantStatus(client.Online)
	})
}

func TestByeToWhoIsSignedIn(t *testing.T) {
	for _, tt := range []struct {
		name   string
		bye    wire.Bye
		tokens []string // the tokens of the attempts that follow
		ended  string
		denied string
	}{
		{"renew", wire.Bye{Code: wire.CodeAuth, Next: wire.NextRenew, Message: "Too old."}, []string{"token-2", "token-3"}, adas + ": Too old.", ""},
		{"login", wire.Bye{Code: wire.CodeAuth, Next: wire.NextLogin, Message: "Sign in."}, nil, adas + ": Sign in.", ""},
		{"forbidden, login", wire.Bye{Code: wire.CodeForbidden, Next: wire.NextLogin, Message: "Sign in."}, nil, adas + ": Sign in.", ""},
		{"never", wire.Bye{Code: wire.CodeForbidden, Next: wire.NextNever, Message: "Not you."}, nil, "", "Not you."},
		{"never, for any user", wire.Bye{Code: wire.CodeAuth, Next: wire.NextNever, Message: "Unreadable."}, nil, "",
			"unfit: Unreadable."},
		{"a next of a newer server", wire.Bye{Code: wire.CodeAuth, Next: "dance", Message: "Dance."}, nil, adas + ": Dance.", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				in := &signIn{session: adas, version: 1}
				c := startSigned(t, s, in)
				for _, token := range append([]string{"token-1"}, tt.tokens...) {
					p := s.next()
					wantToken(t, hear[wire.Hello](p), token)
					p.say(tt.bye)
					p.cut(wire.CloseFor(tt.bye.Code))
				}
				s.wantNoDial(time.Hour)
				if v := c.wantStatus(client.Ended); v.Ended.Message != tt.bye.Message {
					t.Errorf("ended = %q", v.Ended)
				}
				if got := strings.Join(in.ended, "; "); got != tt.ended {
					t.Errorf("End was told %q, want %q", got, tt.ended)
				}
				if got := strings.Join(in.denied, "; "); got != tt.denied {
					t.Errorf("Deny was told %q, want %q", got, tt.denied)
				}
			})
		})
	}
}

// A server that accepts a token and then refuses it must not be asked for ever. But after a connection that lasted, the
// count begins again.
func TestRenewalsInARowAreCounted(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lasts time.Duration
		ends  bool
	}{{"short", time.Second, true}, {"long", time.Minute, false}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				in := &signIn{session: adas, version: 1}
				startSigned(t, s, in)
				for _, token := range []string{"token-1", "token-2", "token-3"} {
					p, _ := s.onlineAs(ada, token)
					for end := time.Now().Add(tt.lasts); time.Now().Before(end); time.Sleep(time.Second) {
						p.say(wire.Beat{Now: time.Now().UnixMilli()})
					}
					p.say(wire.Bye{Code: wire.CodeAuth, Next: wire.NextRenew, Message: "Too old."})
				}
				if tt.ends {
					s.wantNoDial(time.Hour)
				} else {
					s.onlineAs(ada, "token-4")
				}
				if got := len(in.ended) > 0; got != tt.ends {
					t.Errorf("ended: %q", in.ended)
				}
			})
		})
	}
}

func TestByeWithLaterKeepsTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		in := &signIn{session: adas, version: 1}
		startSigned(t, s, in)
		p := s.next()
		hear[wire.Hello](p)
		p.say(wire.Bye{Code: wire.CodeAuth, Next: wire.NextLater, Message: "No keys.", RetryMS: 7000})
		s.wantNoDial(7*time.Second - time.Nanosecond)
		s.onlineAs(ada, "token-1")
		if len(in.refused) > 0 || len(in.ended) > 0 {
			t.Errorf("refused %q, ended %q", in.refused, in.ended)
		}
	})
}

// The server never gets a key that the provider has withdrawn. A client that waited for that would stay without a
// connection for as long as its token lives.
func TestTokenOfAnUnknownKeyIsRenewedTheSecondTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		in := &signIn{session: adas, version: 1}
		startSigned(t, s, in)
		for _, token := range []string{"token-1", "token-1", "token-2", "token-2"} {
			p := s.next()
			wantToken(t, hear[wire.Hello](p), token)
			p.say(wire.Bye{Code: wire.CodeAuth, Reason: wire.ReasonTokenKeyUnknown, Next: wire.NextLater, Message: "No keys.", RetryMS: 7000})
			s.wantNoDial(7*time.Second - time.Nanosecond)
		}
		s.onlineAs(ada, "token-3")
		if len(in.ended) > 0 {
			t.Errorf("ended %q", in.ended)
		}
	})
}

// If the bye is lost, the close code still says why. The client tries another token, and then the user must sign in
// again.
func TestCloseCodeAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		in := &signIn{session: adas, version: 1}
		startSigned(t, s, in)
		for _, token := range []string{"token-1", "token-2", "token-3"} {
			p := s.next()
			wantToken(t, hear[wire.Hello](p), token)
			p.cut(wire.CloseAuth)
		}
		s.wantNoDial(time.Hour)
		if len(in.ended) != 1 {
			t.Errorf("ended %q", in.ended)
		}
	})
}

func TestCloseCodeAloneToAGuest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := startSigned(t, s, &signIn{})
		for range 5 {
			p, _ := s.onlineAs(me, "")
			p.cut(wire.CloseForbidden)
		}
		s.onlineAs(me, "")
		c.wantStatus(client.Online)
	})
}

func TestNewerTokenGoesOutOnTheOpenConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		in := &signIn{session: adas, version: 1}
		c := startSigned(t, s, in)
		p, _ := s.onlineAs(ada, "token-1")
		c.Identify(in.set(func(s *signIn) { s.version = 2 }))
		auth := hear[wire.Auth](p)
		if auth.Token != "token-2" || auth.IDToken != "id" || auth.SignInID == nil || *auth.SignInID != adas {
			t.Errorf("auth = %+v", auth)
		}
		renamed := wire.User{ID: ada.ID, Name: "Ada King"}
		p.say(wire.Authed{User: renamed, AuthExpires: 1, Now: time.Now().UnixMilli()})
		if v := c.now(); v.Me != renamed {
			t.Errorf("me = %+v", v.Me)
		}
		c.Identify(in.set(func(*signIn) {}))
		p.wantSilence()
		if !p.isOpen() || len(s.attempts()) != 1 {
			t.Error("the connection did not stay")
		}
	})
}

// A token that was renewed between hello and welcome reaches the server, too.
func TestTokenRenewedWhileConnecting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		in := &signIn{session: adas, version: 1}
		startSigned(t, s, in)
		p := s.next()
		hear[wire.Hello](p)
		in.set(func(s *signIn) { s.version = 2 })
		w := welcome()
		w.User = ada
		p.say(w, joined(0))
		if auth := hear[wire.Auth](p); auth.Token != "token-2" {
			t.Errorf("auth = %+v", auth)
		}
	})
}

func TestRenewalInABurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		in := &signIn{session: adas, version: 1}
		c := startSigned(t, s, in)
		p, _ := s.onlineAs(ada, "token-1")
		var want []string
		for i := range 30 {
			if i == 10 {
				c.Identify(in.set(func(s *signIn) { s.version = 2 }))
			}
			if i == 20 {
				p.say(wire.Authed{User: ada, Now: time.Now().UnixMilli()})
			}
			text := string('a' + rune(i))
			want = append(want, text)
			if problem := c.Send(text); problem != (client.Problem{}) {
				t.Fatal(problem)
			}
		}
		synctest.Wait()
		var posts []wire.Post
		auths := 0
		for len(p.toServer) > 0 {
			f, err := wire.Decode(<-p.toServer)
			if err != nil {
				t.Fatal(err)
			}
			switch f := f.(type) {
			case wire.Post:
				posts = append(posts, f)
			case wire.Auth:
				auths++
			}
		}
		if len(posts) != 30 || auths != 1 {
			t.Fatalf("%d posts and %d auth frames, want 30 and 1", len(posts), auths)
		}
		for i, post := range posts {
			p.say(wire.Posted{Room: "lobby", Message: message(int64(i+1), ada, post.ID, post.Text, time.Minute)}, accept(post, int64(i+1), time.Minute))
		}
		c.wantTexts(want...)
		if v := c.now(); v.Unsent != 0 {
			t.Errorf("%d are unsent", v.Unsent)
		}
		p.wantSilence()
	})
}

func TestExpiring(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		in := &signIn{session: adas, version: 1}
		startSigned(t, s, in)
		p, _ := s.onlineAs(ada, "token-1")
		p.say(wire.Expiring{InMS: 60_000})
		p.wantSilence()
		if in.wakes != 1 {
			t.Errorf("woken %d times", in.wakes)
		}
		in.set(func(s *signIn) { s.version = 2 }) // and Identify is not called
		p.say(wire.Expiring{InMS: 60_000})
		if auth := hear[wire.Auth](p); auth.Token != "token-2" {
			t.Errorf("auth = %+v", auth)
		}
	})
}

func TestRefusedAuth(t *testing.T) {
	refused := func(next wire.Next, retry int64) wire.Refused {
		return wire.Refused{Re: "auth", Code: wire.CodeAuth, Next: next, Message: "No.", RetryMS: retry}
	}
	for _, tt := range []struct {
		name    string
		refused wire.Refused
		after   time.Duration
		tokens  []string // the tokens that the client sends then, and that are refused, too
		ended   bool
		denied  bool
	}{
		{"renew", refused(wire.NextRenew, 0), 0, []string{"token-3", "token-4"}, true, false},
		{"later", refused(wire.NextLater, 3000), 3 * time.Second, []string{"token-2", "token-2", "token-2"}, false, false},
		{"later, no time", refused(wire.NextLater, 0), time.Second, []string{"token-2"}, false, false},
		{"login", refused(wire.NextLogin, 0), 0, nil, true, false},
		{"never", refused(wire.NextNever, 0), 0, nil, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				in := &signIn{session: adas, version: 1}
				c := startSigned(t, s, in)
				p, _ := s.onlineAs(ada, "token-1")
				c.Identify(in.set(func(s *signIn) { s.version = 2 }))
				hear[wire.Auth](p)
				p.say(tt.refused)
				for _, token := range tt.tokens {
					if tt.after > 0 {
						time.Sleep(tt.after - time.Nanosecond)
						p.wantSilence()
					}
					if auth := hear[wire.Auth](p); auth.Token != token {
						t.Errorf("auth = %+v, want %s", auth, token)
					}
					p.say(tt.refused)
				}
				synctest.Wait()
				if (len(in.ended) == 1) != tt.ended || (len(in.denied) == 1) != tt.denied {
					t.Errorf("ended %q, denied %q", in.ended, in.denied)
				}
				if !p.isOpen() {
					t.Error("the connection did not stay: the old token is good yet")
				}
			})
		})
	}
}

// TestSignOutWhileATokenWaits: the client signs out at the server, too, while the server cannot check its newest token.
func TestSignOutWhileATokenWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		in := &signIn{session: adas, version: 1}
		c := startSigned(t, s, in)
		p, _ := s.onlineAs(ada, "token-1")
		c.Identify(in.set(func(s *signIn) { s.version = 2 }))
		hear[wire.Auth](p)
		p.say(wire.Refused{Re: "auth", Code: wire.CodeAuth, Next: wire.NextLater, Message: "No keys.", RetryMS: 60_000})
		synctest.Wait()
		c.Identify(in.set(func(s *signIn) { s.session = "" }))
		hear[wire.Signout](p)
		p.wantClosed(wire.CloseNormal)
	})
}

func TestSignOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		in := &signIn{session: adas, version: 1}
		c := startSigned(t, s, in)
		p, _ := s.onlineAs(ada, "token-1", message(1, ada, "a", "mine", time.Minute))
		c.Send("unsent")
		hear[wire.Post](p)
		c.Identify(in.set(func(s *signIn) { s.session = "" }))
		hear[wire.Signout](p)
		p.wantClosed(wire.CloseNormal)
		if v := c.now(); len(v.Messages) > 0 || v.Me != (wire.User{}) || v.Unsent > 0 {
			t.Errorf("what was Ada's is still there: %+v", v)
		}
		p, hello := s.onlineAs(me, "", message(1, ada, "a", "mine", time.Minute))
		if hello.Rooms[0].Cursor != nil {
			t.Errorf("the guest has a cursor: %+v", hello.Rooms[0])
		}
		v := c.wantStatus(client.Online)
		wantTexts(t, v, "mine")
		if v.Messages[0].Mine {
			t.Error("Ada's message is shown as the guest's own")
		}
		p.wantSilence()
	})
}

func TestSignOutWhileNotConnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		in := &signIn{session: adas, version: 1}
		c := startSigned(t, s, in)
		p, _ := s.onlineAs(ada, "token-1")
		s.setDown(true)
		p.cut(1006)
		c.Send("unsent")
		time.Sleep(time.Minute)
		c.Identify(in.set(func(s *signIn) { s.session = "" }))
		c.wantTexts()
		s.setDown(false)
		p, _ = s.onlineAs(me, "")
		p.wantSilence()
	})
}

// A connection that is being opened with Ada's token must not be used after she has signed out.
func TestSignOutWhileDialling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, hanging := newScript(t), newScript(t)
		open := make(chan struct{})
		var hung atomic.Bool
		dial := func(ctx context.Context) (transport.Conn, error) {
			if hung.Swap(true) {
				return s.dial(ctx)
			}
			<-open
			return hanging.dial(ctx)
		}
		in := &signIn{session: adas, version: 1}
		c := startClient(t, client.New(client.Config{Dial: dial, Guest: guest, Client: "test/1", Room: "lobby", Tokens: in}))
		c.now()
		c.Identify(in.set(func(s *signIn) { s.session = "" }))
		s.onlineAs(me, "")
		close(open)
		p := hanging.next()
		p.wantClosed(wire.CloseNormal)
		p.wantSilence()
	})
}

// Another user may sign in in another tab, and this tab sees no sign-out before it.
func TestAnotherPersonConnectsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		in := &signIn{session: adas, version: 1}
		c := startSigned(t, s, in)
		p, _ := s.onlineAs(ada, "token-1", message(1, ada, "a", "Ada's", time.Minute))
		c.Send("unsent")
		c.Identify(in.set(func(s *signIn) { s.session, s.version = bobs, 2 }))
		p.wantClosed(wire.CloseNormal)
		p, _ = s.onlineAs(bob, "token-2", message(1, ada, "a", "Ada's", time.Minute))
		if v := c.now(); len(v.Messages) != 1 || v.Messages[0].Mine || v.Me != bob {
			t.Errorf("view = %+v", v)
		}
		p.wantSilence()
	})
}

// A guest who signs in as Ada stays in the room. The messages that the guest wrote are then not Ada's own.
func TestGuestSignsIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		in := &signIn{}
		c := startSigned(t, s, in)
		p, _ := s.onlineAs(me, "", message(1, me, "a", "a guest's", time.Minute), message(2, ada, "b", "from another tab", time.Minute))
		s.setDown(true)
		p.cut(1006)
		c.Send("unsent")
		time.Sleep(time.Second)
		c.Identify(in.set(func(s *signIn) { s.session, s.version = adas, 1 }))
		s.setDown(false)
		p = s.next()
		hello := hear[wire.Hello](p)
		wantToken(t, hello, "token-1")
		if hello.Rooms[0].Cursor == nil {
			t.Error("the room is asked for from its start")
		}
		w := welcome()
		w.User = ada
		again := joined(2)
		again.Resumed = true
		p.say(w, again)
		v := c.now()
		wantTexts(t, v, "a guest's", "from another tab", "unsent")
		if v.Messages[0].Mine || !v.Messages[1].Mine {
			t.Errorf("own: %v, %v, want the second", v.Messages[0].Mine, v.Messages[1].Mine)
		}
		wantAnothersName(t, c, p)
	})
}

// wantAnothersName fails unless the last message has failed because it was written under another name, and is not sent
// later.
func wantAnothersName(t *testing.T, c *tester, p *pipe) {
	t.Helper()
	for range 2 {
		v := c.now()
		m := v.Messages[len(v.Messages)-1]
		if m.State != client.Failed || m.Reason.Code != client.OtherAuthor {
			t.Errorf("the message of somebody else: %+v", m)
		}
		p.wantSilence()
		c.Resend(m.Key)
	}
}

// When a sign-in ends without a sign-out, the client keeps everything, sends nothing, and does not make the user a guest
// by itself.
func TestEndedSignIn(t *testing.T) {
	for _, tt := range []struct {
		name string
		then wire.User
	}{
		{"the same person comes back", ada},
		{"another one comes", bob},
		{"one goes on as a guest", me},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				in := &signIn{session: adas, version: 1}
				c := startSigned(t, s, in)
				p, _ := s.onlineAs(ada, "token-1", message(1, ann, "a", "hi", time.Hour))
				c.Send("unsent")
				hear[wire.Post](p)
				in.set(func(s *signIn) { s.session = "" })
				for range 2 {
					c.Identify(client.Identity{Version: 1, Ended: true})
				}
				p.wantSilence() // the server has ended the sign-in, too
				p.wantClosed(wire.CloseNormal)
				v := c.wantStatus(client.SignedOut)
				wantTexts(t, v, "hi", "unsent")
				if c.Send("more") == (client.Problem{}) {
					t.Error("one can send although nobody is signed in")
				}
				c.Wake()
				c.Network(true)
				s.wantNoDial(10 * time.Second)

				token := ""
				if tt.then == me {
					c.Retry()
				} else {
					token = "token-2"
					c.Identify(in.set(func(s *signIn) { s.session, s.version = bobs, 2 }))
				}
				p, _ = s.onlineAs(tt.then, token, message(1, ann, "a", "hi", time.Hour))
				c.wantTexts("hi", "unsent")
				if tt.then == ada {
					if post := hear[wire.Post](p); post.Text != "unsent" {
						t.Errorf("post = %+v", post)
					}
				} else {
					wantAnothersName(t, c, p)
				}
				c.Identify(client.Identity{SignInID: in.session, Version: in.version, Ended: tt.then == me}) // as before
				if !p.isOpen() {
					t.Error("the connection did not stay")
				}
			})
		})
	}
}

func TestNoTokenCanBeHad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		in := &signIn{session: adas, version: 1}
		c := startSigned(t, s, in)
		p, _ := s.onlineAs(ada, "token-1", message(1, ann, "a", "hi", time.Hour))
		in.set(func(s *signIn) { s.err = errUnavailable })
		before := in.asked
		p.cut(1006)
		c.Send("unsent")
		time.Sleep(10 * time.Minute)
		wantTexts(t, c.wantStatus(client.Offline), "hi")
		c.wantDrafts("unsent") // the message waited too long
		if n := in.asked - before; n < 10 || n > 60 {
			t.Errorf("asked %d times in 10 minutes", n)
		}
		if n := len(s.attempts()); n != 1 {
			t.Errorf("connected %d times without a token", n)
		}
		c.Identify(in.set(func(s *signIn) { s.err, s.version = nil, 2 }))
		p, _ = s.onlineAs(ada, "token-2", message(1, ann, "a", "hi", time.Hour))
		c.wantStatus(client.Online)
		p.wantSilence()
		if len(in.ended) > 0 {
			t.Errorf("signed out for a network: %q", in.ended)
		}
	})
}

// The client tells the TokenSource only once about each refused token: the TokenSource decides how often it asks for
// another.
func TestRefusedTokenIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		in := &signIn{session: adas, version: 1}
		startSigned(t, s, in)
		p := s.next()
		hear[wire.Hello](p)
		p.say(wire.Bye{Code: wire.CodeAuth, Next: wire.NextRenew, Message: "Too old."})
		p2 := s.next()
		hear[wire.Hello](p2)
		p2.cut(1006)
		hear[wire.Hello](s.next())
		if !slices.Equal(in.refused, []string{"token-1"}) {
			t.Errorf("refused: %q", in.refused)
		}
	})
}

func TestServerWithoutGuests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		in := &signIn{}
		c := startSigned(t, s, in)
		p := s.next()
		wantToken(t, hear[wire.Hello](p), "")
		p.say(wire.Bye{Code: wire.CodeAuth, Reason: wire.ReasonAnonymousOff, Next: wire.NextLogin, Message: "Sign in first."})
		c.wantStatus(client.NoGuests)
		if c.Send("x").Message != "Sign in first." {
			t.Error("one can send")
		}
		c.Wake()
		c.Network(true)
		s.wantNoDial(time.Hour)
		c.Identify(in.set(func(s *signIn) { s.session, s.version = adas, 1 }))
		s.onlineAs(ada, "token-1")
		c.wantStatus(client.Online)
	})
}

// What the user writes before the client knows the user belongs to that user.
func TestWrittenBeforeOneIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		in := &signIn{session: adas, version: 1, slow: 2 * time.Second}
		c := startClient(t, client.New(client.Config{Dial: s.dial, Guest: guest, Client: "test/1", Room: "lobby", Tokens: in}))
		c.Send("early")
		c.Identify(in.set(func(*signIn) {}))
		p, _ := s.onlineAs(ada, "token-1")
		if post := hear[wire.Post](p); post.Text != "early" {
			t.Errorf("post = %+v", post)
		}
	})
}

func TestPeopleOfOneNameAreToldApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		heron := wire.User{ID: "u-0001heron", Name: me.Name, Anonymous: true}
		p := s.online(message(1, heron, "a", "one", time.Hour), message(2, ann, "b", "two", time.Hour), message(3, heron, "c", "three", time.Hour))
		wantTags(t, c.now(), "", "", "")
		p.say(posted(4, me, "four", time.Minute))
		wantTags(t, c.now(), "eron", "", "eron", "u-me")
		p.say(posted(5, heron, "five", time.Hour))
		wantTags(t, c.now(), "eron", "", "eron", "u-me", "eron")
		p.say(posted(6, heron, "six", time.Hour))
		wantTags(t, c.now(), "eron", "", "eron", "u-me", "eron", "eron")
		time.Sleep(time.Minute)
		wantTags(t, c.now(), "", "", "", "", "")
	})
}

func wantTags(t *testing.T, v client.View, want ...string) {
	t.Helper()
	var got []string
	for _, m := range v.Messages {
		got = append(got, m.Tag)
	}
	if !slices.Equal(got, want) {
		t.Errorf("tags = %q, want %q", got, want)
	}
}

// TestWrittenBeforeTheNewWelcome: a text belongs to the user whom Identify has named, not to the user of the last
// connection.
func TestWrittenBeforeTheNewWelcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		in := &signIn{}
		c := startSigned(t, s, in)
		s.onlineAs(me, "")
		c.Identify(in.set(func(in *signIn) { in.session, in.version = adas, 1 })) // in another tab
		c.now()
		c.Send("as Ada")
		p, _ := s.onlineAs(ada, "token-1")
		if post := hear[wire.Post](p); post.Text != "as Ada" {
			t.Errorf("sent is %q", post.Text)
		}
		p.cut(wire.CloseNormal)
		c.Identify(client.Identity{Version: 1, Ended: true})
		in.set(func(in *signIn) { in.session = "" })
		c.Retry()
		c.Identify(client.Identity{Version: 1})
		c.now()
		c.Send("as a guest")
		p, _ = s.onlineAs(me, "")
		if post := hear[wire.Post](p); post.Text != "as a guest" {
			t.Errorf("sent is %q", post.Text)
		}
	})
}
