package client_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/app/client"
	"mayfly/app/client/transport"
	"mayfly/shared/wire"
)

// calm is how long an outage lasts before it is shown.
const calm = 2 * time.Second

func TestBye(t *testing.T) {
	for _, tt := range []struct {
		name   string
		bye    wire.Bye
		status client.Status
		from   time.Duration // the earliest time until the client connects again
		to     time.Duration // the latest time until that; 0: it does not connect again
	}{
		{"restart", wire.Bye{Code: wire.CodeRestart, Message: "m", RetryMS: 2300}, client.Restarting, 2300 * time.Millisecond, 2300 * time.Millisecond},
		{"busy", wire.Bye{Code: wire.CodeBusy, Message: "m", RetryMS: 9000}, client.Reconnecting, 9 * time.Second, 9 * time.Second},
		{"rate", wire.Bye{Code: wire.CodeRate, Message: "m", RetryMS: 700}, client.Reconnecting, 700 * time.Millisecond, 700 * time.Millisecond},
		{"busy without a time", wire.Bye{Code: wire.CodeBusy, Message: "m"}, client.Reconnecting, 0, 500 * time.Millisecond},
		{"timeout", wire.Bye{Code: wire.CodeTimeout, Message: "m"}, client.Reconnecting, 0, 500 * time.Millisecond},
		{"unknown", wire.Bye{Code: "tired", Message: "m"}, client.Reconnecting, 0, 500 * time.Millisecond},
		{"protocol", wire.Bye{Code: wire.CodeProtocol, Message: "m"}, client.Ended, 0, 0},
		{"auth", wire.Bye{Code: wire.CodeAuth, Reason: wire.ReasonTokenIssuer, Next: wire.NextLogin, Message: "m"}, client.Ended, 0, 0},
		{"auth, later", wire.Bye{Code: wire.CodeAuth, Next: wire.NextLater, Message: "m", RetryMS: 800}, client.Reconnecting, 800 * time.Millisecond, 800 * time.Millisecond},
		{"forbidden", wire.Bye{Code: wire.CodeForbidden, Next: wire.NextNever, Message: "m"}, client.Ended, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				c := start(t, s)
				p := s.online()
				time.Sleep(time.Second)
				p.say(tt.bye)
				p.cut(wire.CloseFor(tt.bye.Code))
				said := time.Now()
				v := c.now()
				if tt.to == 0 {
					c.wantStatus(client.Ended)
					s.wantNoDial(time.Hour)
					if v.Ended.Message != "m" || c.Send("x") != v.Ended {
						t.Errorf("ended = %q", v.Ended)
					}
					c.Retry()
					hear[wire.Hello](s.next())
					return
				}
				c.wantStatus(client.Online) // the connection may be back before the outage is shown
				if tt.from > calm {
					time.Sleep(calm - time.Nanosecond)
					c.wantStatus(client.Online)
					time.Sleep(time.Nanosecond)
					c.wantStatus(tt.status)
				}
				hear[wire.Hello](s.next())
				if got := s.attempts()[1].Sub(said); got < tt.from || got > tt.to {
					t.Errorf("came back after %v, want %v to %v", got, tt.from, tt.to)
				}
			})
		})
	}
}

func TestSlowComesBackAtOnceOnlyTheFirstTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		p.say(wire.Bye{Code: wire.CodeSlow, Message: "m"})
		c.now()
		if got := len(s.attempts()); got != 2 {
			t.Fatalf("%d attempts, want 2: at once", got)
		}
		for range 20 { // the jitter may be short once, but not each time
			p = s.online()
			p.say(wire.Bye{Code: wire.CodeSlow, Message: "m"})
			c.now()
		}
		if waited := s.attempts()[20].Sub(s.attempts()[1]); waited < 5*time.Second {
			t.Errorf("20 slow ends within %v: no back-off", waited)
		}
	})
}

func TestBackOffGrowsAndStaysUnderItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		s.setDown(true)
		c := start(t, s)
		time.Sleep(20 * time.Minute)
		c.wantStatus(client.Reconnecting)
		at := s.attempts()
		longest := time.Duration(0)
		for i := range len(at) - 1 {
			gap, limit := at[i+1].Sub(at[i]), min(500*time.Millisecond<<min(i, 10), 30*time.Second)
			if gap > limit {
				t.Errorf("attempt %d came %v after the last, want at most %v", i+1, gap, limit)
			}
			longest = max(longest, gap)
		}
		if longest < 10*time.Second || len(at) < 40 {
			t.Errorf("%d attempts in 20 min, the longest pause %v", len(at), longest)
		}
	})
}

func TestSilenceIsDeath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		time.Sleep(30 * time.Second)
		p.say(wire.Beat{Now: time.Now().UnixMilli()})
		time.Sleep(wire.BeatEvery + wire.BeatGrace - time.Nanosecond)
		c.wantStatus(client.Online)
		if !p.isOpen() {
			t.Fatal("closed too early")
		}
		time.Sleep(time.Nanosecond)
		p.wantClosed(wire.CloseNormal)
		hear[wire.Hello](s.next())
	})
}

func TestWelcomeMustComeInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		start(t, s)
		p := s.next()
		hear[wire.Hello](p)
		time.Sleep(10*time.Second - time.Nanosecond)
		if !p.isOpen() {
			t.Fatal("closed too early")
		}
		time.Sleep(time.Nanosecond)
		p.wantClosed(wire.CloseNormal)
		p2 := s.next()
		hear[wire.Hello](p2)
	})
}

// The client gives up an attempt that hangs. If the attempt still becomes a connection, that is closed without a message
// to the user.
func TestLateConnectionIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, hanging := newScript(t), newScript(t)
		var hung atomic.Bool
		dial := func(ctx context.Context) (transport.Conn, error) {
			if hung.Swap(true) {
				return s.dial(ctx)
			}
			<-ctx.Done() // like a browser that goes on with the attempt
			return hanging.dial(ctx)
		}
		c := startClient(t, client.New(client.Config{Dial: dial, Guest: guest, Room: "lobby"}))
		s.online()
		c.wantStatus(client.Online)
		p := hanging.next()
		p.wantClosed(wire.CloseNormal)
		p.wantSilence()
	})
}

func TestWakeAndNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		c.Wake()
		c.wantStatus(client.Online)
		if !p.isOpen() {
			t.Fatal("waking closed a good connection")
		}
		s.setDown(true)
		c.Network(false)
		c.wantStatus(client.Online) // until the connection ends
		p.cut(1006)
		time.Sleep(10 * time.Minute)
		c.wantStatus(client.Offline)
		s.setDown(false)
		n := len(s.attempts())
		c.Network(true)
		c.now()
		if len(s.attempts()) != n+1 {
			t.Error("the network came back, but no attempt began")
		}
		p = s.online()
		c.Network(false)
		c.Network(true) // another network: the old connection may be dead
		s.online()
		p.wantClosed(wire.CloseNormal)
	})
}

// TestNoNetworkIsAHint: the device says that there is no network while there is a connection. If the server answers, the
// device is wrong. If it is silent for some seconds, the device is right.
func TestNoNetworkIsAHint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		c.Network(false)
		hear[wire.Join](p)
		p.say(joined(0))
		time.Sleep(20 * time.Second) // less than the time for which a connection may be silent
		c.wantStatus(client.Online)
		if !p.isOpen() {
			t.Fatal("the client gave up a connection on which the server answers")
		}

		s.setDown(true)
		c.Network(false)
		hear[wire.Join](p) // and no answer comes
		time.Sleep(2 * time.Second)
		c.wantStatus(client.Online)
		time.Sleep(4 * time.Second)
		c.wantStatus(client.Offline)
		s.setDown(false)
		c.Network(true)
		s.online()
		c.wantStatus(client.Online)
	})
	synctest.Test(t, func(t *testing.T) { // the page is opened without a network
		s := newScript(t)
		s.setDown(true)
		c := start(t, s)
		c.Network(false)
		time.Sleep(time.Minute)
		c.wantStatus(client.Offline)
		s.setDown(false) // the device is wrong
		s.online()
		c.wantStatus(client.Online)
	})
}

func TestServerThatDoesNotComeBackIsNotRestarting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		p.say(wire.Bye{Code: wire.CodeRestart, Message: "m", RetryMS: 3000})
		c.now()
		s.setDown(true)
		time.Sleep(2999 * time.Millisecond)
		c.wantStatus(client.Restarting)
		time.Sleep(10 * time.Second)
		c.wantStatus(client.Reconnecting)
	})
}

func TestRunClosesProperly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		sess := client.New(client.Config{Dial: s.dial, Guest: guest})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- sess.Run(ctx) }()
		p := s.next()
		if hello := hear[wire.Hello](p); hello.Rooms != nil {
			t.Errorf("hello without a room = %+v", hello)
		}
		p.say(welcome())
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		p.wantClosed(wire.CloseNormal)
	})
}

func TestNewGuest(t *testing.T) {
	a, b := client.NewGuest(), client.NewGuest()
	if !wire.ValidSecret(a) || a == b {
		t.Errorf("NewGuest = %q, then %q", a, b)
	}
}

func TestWakeKeepsTheWaitThatTheServerAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		p.say(wire.Bye{Code: wire.CodeRestart, Message: "m", RetryMS: 9000})
		p.cut(wire.CloseRestart)
		c.Wake()
		c.Network(true)
		s.wantNoDial(9*time.Second - time.Nanosecond)
		hear[wire.Hello](s.next())
	})
}

func TestSlowWelcomeDoesNotEndShortMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.next()
		hear[wire.Hello](p)
		time.Sleep(8 * time.Second) // hello was held up on its way to the server
		p.say(welcome(), joined(0), posted(1, ann, "short", 2*time.Second))
		c.wantTexts("short")
		time.Sleep(2 * time.Second)
		c.wantTexts()
	})
}

// TestShortOutageIsNotShown breaks the connection again and again, for less than two seconds each time, and then for two.
func TestShortOutageIsNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		var shown []client.Status
		stop := c.Subscribe(func(v client.View) { shown = append(shown, v.Status) })
		for range 5 {
			s.setDown(true)
			p.cut(1006)
			time.Sleep(calm - time.Nanosecond)
			s.setDown(false)
			c.Wake()
			p = s.online()
		}
		stop()
		for _, status := range shown {
			if status != client.Online {
				t.Fatalf("shown: %v, want online all the time", shown)
			}
		}
		s.setDown(true)
		p.cut(1006)
		time.Sleep(calm)
		c.wantStatus(client.Reconnecting)
		s.setDown(false)
		c.Wake()
		s.online()
		c.wantStatus(client.Online)
	})
}

// TestWhatCameBeforeTheEndIsSeen: the client writes to a connection that has ended before it has read the last messages
// on it. It must still read them, because after a restart no server sends them again.
func TestWhatCameBeforeTheEndIsSeen(t *testing.T) {
	for range 20 { // whether the client writes or reads first is random
		synctest.Test(t, func(t *testing.T) {
			s := newScript(t)
			c := start(t, s)
			p := s.online()
			var hold atomic.Bool
			release := make(chan struct{})
			defer c.Subscribe(func(client.View) {
				if hold.Load() {
					<-release
				}
			})()
			hold.Store(true)
			c.Send("now")
			hear[wire.Post](p)
			p.say(posted(1, ann, "last words", time.Minute))
			p.say(wire.Bye{Code: wire.CodeRestart, Message: "m", RetryMS: 1000})
			p.cut(wire.CloseRestart)
			c.Send("too late")
			synctest.Wait()
			hold.Store(false)
			close(release)
			c.wantTexts("last words", "now", "too late")
		})
	}
}
