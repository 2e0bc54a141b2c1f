package client_test

import (
	"context"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/app/client"
	"mayfly/app/client/transport"
	"mayfly/shared/wire"
)

// The limits of the fallback (fallback.go).
const (
	blocked = 4 * time.Second
	young   = 5 * time.Second
	soon    = 3*time.Second + lookEvery
	later   = 5 * time.Minute

	lookEvery = time.Second // how late the client may notice that a time has passed
)

// startLadder runs a client in lobby that may poll, too. sockets is the server to which it connects by WebSocket, polls
// is the one to which it connects by polls.
func startLadder(t *testing.T) (c *tester, sockets, polls *script) {
	sockets, polls = newScript(t), newScript(t)
	return startClient(t, client.New(client.Config{Dial: sockets.dial, Polls: polls.dial, Guest: guest, Room: "lobby"})), sockets, polls
}

// silent opens a connection that stays silent, and waits until the client gives it up.
func (s *script) silent() {
	s.t.Helper()
	p := s.next()
	hear[wire.Hello](p)
	time.Sleep(blocked)
	p.wantClosed(wire.CloseNormal)
}

// takesOver accepts the next connection, a probe, and resumes the room that is joined by polls. head is the head of the
// room.
func (s *script) takesOver(head int64) *pipe {
	s.t.Helper()
	p := s.next()
	hear[wire.Hello](p)
	p.say(welcome(), resumed(head))
	synctest.Wait()
	return p
}

// idle lets the time d pass. Meanwhile p sends only beats.
func (p *pipe) idle(d time.Duration) {
	for ; d > 0; d -= wire.BeatEvery {
		time.Sleep(min(d, wire.BeatEvery))
		p.say(wire.Beat{Now: time.Now().UnixMilli()})
	}
}

// wantDials fails unless the client has tried n times to connect to s.
func (s *script) wantDials(n int) {
	s.t.Helper()
	synctest.Wait()
	if got := len(s.attempts()); got != n {
		s.t.Fatalf("dialled %d times, want %d", got, n)
	}
}

// TestSilentSocketIsBlocked: a WebSocket brings nothing for 4 s, so the client polls. Five minutes later a probe is
// silent, too. The probe after another five minutes works and takes over.
func TestSilentSocketIsBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, sockets, polls := startLadder(t)
		sockets.silent()
		p := polls.online()
		for range 2 {
			p.idle(later - 3*lookEvery)
			sockets.wantNoDial(0)
			p.idle(4 * lookEvery)
			probe := sockets.next()
			hear[wire.Hello](probe)
			p.idle(10*time.Second + lookEvery)
			probe.wantClosed(wire.CloseNormal)
			if c.wantStatus(client.Online); !p.isOpen() {
				t.Fatal("the polls ended over a probe that came to nothing")
			}
		}
		p.idle(later)
		sockets.takesOver(0)
		p.wantClosed(wire.CloseNormal)
		c.wantStatus(client.Online)
	})
}

// TestSlowSocketIsNotBlocked: the WebSocket opens late and brings welcome late, but until then it is never silent for 4 s.
func TestSlowSocketIsNotBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, polls := newScript(t), newScript(t)
		slow := func(ctx context.Context) (transport.Conn, error) {
			time.Sleep(blocked - time.Nanosecond)
			return s.dial(ctx)
		}
		c := startClient(t, client.New(client.Config{Dial: slow, Polls: polls.dial, Guest: guest, Room: "lobby"}))
		p := s.next()
		hear[wire.Hello](p)
		time.Sleep(blocked - time.Nanosecond)
		p.say(welcome())
		c.wantStatus(client.Online)
		time.Sleep(30 * time.Second) // joined comes late
		p.say(joined(1, message(1, ann, "id-old", "old", time.Minute)))
		c.wantTexts("old")
		s.wantDials(1)
		polls.wantDials(0)
	})
}

// TestThreeThatDieYoungAreBlocked: the client polls after three WebSockets in a row that ended soon, for any reason. A
// WebSocket that lives longer, or ends with a bye, begins the count again.
func TestThreeThatDieYoungAreBlocked(t *testing.T) {
	dies := func(s *script) { s.online().cut(1006) }
	unwelcome := func(s *script) {
		p := s.next()
		hear[wire.Hello](p)
		p.cut(1006)
	}
	lives := func(s *script) {
		p := s.online()
		time.Sleep(young)
		p.cut(1006)
	}
	says := func(s *script) { s.online().say(wire.Bye{Code: wire.CodeBusy, RetryMS: 100}) }
	for _, tt := range []struct {
		name string
		ends []func(*script)
		want int // how many attempts by WebSocket the client makes before it polls
	}{
		{"at once", []func(*script){dies, dies, dies}, 3},
		{"before welcome", []func(*script){unwelcome, dies, unwelcome}, 3},
		{"but one lives", []func(*script){dies, dies, lives, dies, dies, dies}, 6},
		{"but one says why", []func(*script){dies, dies, says, dies, dies, dies}, 6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, sockets, polls := startLadder(t)
				for _, end := range tt.ends {
					end(sockets)
				}
				p := polls.online()
				c.wantStatus(client.Online)
				p.idle(later - time.Nanosecond)
				sockets.wantDials(tt.want)
			})
		})
	}
}

// TestServerThatIsAway: while a server is away, the client tries polls and WebSockets in turn. A client that first comes back
// by polls is soon back on a WebSocket.
func TestServerThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, sockets, polls := startLadder(t)
		first := sockets.online()
		first.idle(time.Minute)
		sockets.setDown(true)
		polls.setDown(true)
		first.cut(1006)
		time.Sleep(2 * time.Minute)
		if n, m := len(sockets.attempts()), len(polls.attempts()); m < 3 || n-m < 2 || n-m > 4 {
			t.Errorf("%d attempts by WebSocket and %d by polls, want them by turns after the first three", n, m)
		}
		n := len(polls.attempts())
		for len(polls.attempts()) == n { // until the next attempt, which is by WebSocket
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Millisecond)
		n = len(sockets.attempts())
		for len(sockets.attempts()) == n { // until the attempt after it, which is by polls
			time.Sleep(time.Millisecond)
		}
		sockets.setDown(false)
		polls.setDown(false)
		p := polls.online()
		time.Sleep(soon)
		sockets.takesOver(0)
		p.wantClosed(wire.CloseNormal)
		c.wantStatus(client.Online)
	})
}

// TestRetryTakesTheBestWayFirst: Client.Retry tries a WebSocket, although the next attempt would be by polls.
func TestRetryTakesTheBestWayFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, sockets, polls := startLadder(t)
		sockets.setDown(true)
		polls.setDown(true)
		time.Sleep(2 * time.Minute) // the client tries WebSockets and polls in turn, with long waits between them
		n := len(sockets.attempts())
		for len(sockets.attempts()) == n {
			time.Sleep(time.Millisecond)
		}
		c.Retry()
		sockets.wantDials(n + 2)
	})
}

// polling runs a client that is connected by polls and shows one message.
func polling(t *testing.T) (c *tester, sockets, polls *script, p *pipe) {
	t.Helper()
	c, sockets, polls = startLadder(t)
	sockets.silent()
	p = polls.online(message(1, ann, "id-old", "old", time.Hour))
	c.wantTexts("old")
	return c, sockets, polls, p
}

// TestProbeTakesOver: a probe takes over once it has brought joined, too. The user sees nothing of it, and no message is
// lost or comes twice.
func TestProbeTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, sockets, _, p := polling(t)
		p.say(posted(2, ann, "new", time.Hour))
		c.wantTexts("old", "new")
		c.Send("mine")
		mine := hear[wire.Post](p)
		c.Wake()
		probe := sockets.next()
		if hello := hear[wire.Hello](probe); hello.Rooms[0].Cursor == nil || hello.Rooms[0].Seq != 2 {
			t.Errorf("hello = %+v, want the cursor of the polls", hello)
		}
		stop := c.Subscribe(func(v client.View) {
			if v.Status != client.Online || !v.Joined || v.Head != 1 {
				t.Errorf("shown meanwhile: %+v", v)
			}
		})
		probe.say(welcome())
		if p.say(posted(3, ann, "by polls", time.Hour)); !p.isOpen() {
			t.Fatal("the polls ended before the room came")
		}
		missed := resumed(5, posted(3, ann, "by polls", time.Hour).Message, posted(4, ann, "missed", time.Hour).Message)
		probe.say(missed, posted(6, ann, "by the probe", time.Hour))
		p.wantClosed(wire.CloseNormal)
		c.wantTexts("old", "new", "by polls", "missed", "by the probe", "mine")
		if again := hear[wire.Post](probe); !reflect.DeepEqual(again, mine) {
			t.Errorf("sent again: %+v, want %+v", again, mine)
		}
		probe.say(wire.Accepted{ID: mine.ID, Room: "lobby", Seq: 5, At: time.Now().UnixMilli(), Expires: time.Now().Add(time.Hour).UnixMilli(), Repeat: true})
		c.wantTexts("old", "new", "by polls", "missed", "mine", "by the probe")
		probe.wantSilence()
		stop()
		time.Sleep(wire.BeatEvery + wire.BeatGrace) // the silence ends this connection, as any other
		probe.wantClosed(wire.CloseNormal)
		sockets.online() // the connection had lasted long enough, so the client opens a WebSocket again
	})
}

// TestProbeThatCannotTakeOver: if a probe fails, the polls go on.
func TestProbeThatCannotTakeOver(t *testing.T) {
	for name, say := range map[string]func(*pipe){
		"cut":         func(probe *pipe) { probe.cut(1006) },
		"bye":         func(probe *pipe) { probe.say(wire.Bye{Code: wire.CodeBusy, RetryMS: 1}); probe.cut(1013) },
		"not resumed": func(probe *pipe) { probe.say(welcome(), joined(900)) },
		"no room": func(probe *pipe) {
			probe.say(welcome(), wire.Refused{Re: "hello", Room: "lobby", Code: wire.CodeUnavailable, RetryMS: 100})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, sockets, _, p := polling(t)
				c.Wake()
				probe := sockets.next()
				hear[wire.Hello](probe)
				say(probe)
				time.Sleep(10*time.Second + lookEvery)
				if c.wantTexts("old"); probe.isOpen() || !p.isOpen() {
					t.Error("the probe stands, or the polls do not")
				}
				p.say(posted(2, ann, "new", time.Hour))
				c.wantTexts("old", "new")
				sockets.wantDials(2)
			})
		})
	}
}

// TestProbeThatDiesYoung: a probe has taken over and ends soon. The next connection polls at once, without two more
// attempts by WebSocket.
func TestProbeThatDiesYoung(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, sockets, polls, _ := polling(t)
		c.Wake()
		for range 10 { // after any number of changes of the network, a probe begins at once
			sockets.takesOver(1).cut(1006)
			cut := time.Now()
			p := polls.online(message(1, ann, "id-old", "old", time.Hour))
			if took := time.Since(cut); took > 500*time.Millisecond {
				t.Fatalf("it polls again after %v", took)
			}
			p.idle(time.Millisecond)
			c.Wake()
		}
		sockets.takesOver(1).cut(1006)
		p := polls.online()
		c.wantStatus(client.Online)
		p.idle(later - time.Nanosecond)
		sockets.wantDials(12)
	})
}

// TestAnotherNetwork: the device comes to another network, which may not block WebSockets. The polls stay until a probe
// shows that. If the probe fails, the polls connect again.
func TestAnotherNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, sockets, polls, p := polling(t)
		c.Network(false)
		c.Network(true)
		probe := sockets.next()
		hear[wire.Hello](probe)
		if c.wantStatus(client.Online); !p.isOpen() {
			t.Fatal("the polls ended before a probe could take over")
		}
		probe.cut(1006)
		p.wantClosed(wire.CloseNormal)
		p = polls.online()
		c.Network(false)
		sockets.setDown(true)
		polls.setDown(true)
		p.cut(1006)
		time.Sleep(time.Minute)
		c.wantStatus(client.Offline)
		sockets.setDown(false)
		c.Network(true)
		sockets.online()
		c.wantStatus(client.Online)
	})
}

// TestSignOutEndsTheProbe: a probe ends when the user signs out, because it belongs to the old user.
func TestSignOutEndsTheProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sockets, polls := newScript(t), newScript(t)
		in := &signIn{session: adas, version: 1}
		c := startClient(t, client.New(client.Config{Dial: sockets.dial, Polls: polls.dial, Guest: guest, Room: "lobby", Tokens: in}))
		c.Identify(in.set(func(*signIn) {}))
		sockets.silent()
		p, _ := polls.onlineAs(ada, "token-1")
		c.Wake()
		probe := sockets.next()
		wantToken(t, hear[wire.Hello](probe), "token-1")
		c.Identify(in.set(func(s *signIn) { s.session = "" }))
		hear[wire.Signout](p)
		p.wantClosed(wire.CloseNormal)
		probe.wantClosed(wire.CloseNormal)
		polls.onlineAs(me, "")
	})
}
