package client_test

import (
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/app/client"
	"mayfly/shared/wire"
)

func TestHelloJoinsTheRoomAndShowsWhatLivesThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		c.wantStatus(client.Connecting)
		p := s.next()
		hello := hear[wire.Hello](p)
		if hello.Guest == nil || *hello.Guest != guest || hello.Client != "test/1" || len(hello.Rooms) != 1 || hello.Rooms[0] != (wire.Join{Room: "lobby"}) {
			t.Errorf("hello = %+v", hello)
		}
		p.say(welcome(), joined(7, message(4, ann, "a", "hi", time.Minute), message(7, me, "b", "there", time.Minute)))
		v := c.wantStatus(client.Online)
		wantTexts(t, v, "hi", "there")
		if v.Me != me || !v.Joined || v.TTL != time.Minute || v.Messages[0].Mine || !v.Messages[1].Mine {
			t.Errorf("view = %+v", v)
		}
	})
}

func TestSubscriberGetsOneViewABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		c.now()
		before := c.views
		p.say(posted(1, ann, "a", time.Minute), posted(2, ann, "b", time.Minute), posted(3, ann, "c", time.Minute))
		c.wantTexts("a", "b", "c")
		if got := c.views - before; got != 1 {
			t.Errorf("%d views for one batch, want 1", got)
		}
		time.Sleep(10 * time.Second)
		c.now()
		if got := c.views - before; got != 1 {
			t.Errorf("%d views although nothing changed, want 1", got)
		}
	})
}

func TestUnknownFramesAreSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		p.toClient <- []byte(`{"type":"presence","room":"lobby"}` + "\nrubbish\n" + string(wire.Encode(posted(1, ann, "a", time.Minute))))
		c.wantTexts("a")
	})
}

func TestOwnMessageIsShownAtOnceThenSent(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(wire.Post) []wire.Frame
	}{
		{"accepted first", func(p wire.Post) []wire.Frame {
			return []wire.Frame{accept(p, 5, time.Minute), wire.Posted{Room: "lobby", Message: message(5, me, p.ID, p.Text, time.Minute)}}
		}},
		{"posted first", func(p wire.Post) []wire.Frame {
			return []wire.Frame{wire.Posted{Room: "lobby", Message: message(5, me, p.ID, p.Text, time.Minute)}, accept(p, 5, time.Minute)}
		}},
		{"accepted only", func(p wire.Post) []wire.Frame { return []wire.Frame{accept(p, 5, time.Minute)} }},
		{"posted only", func(p wire.Post) []wire.Frame {
			return []wire.Frame{wire.Posted{Room: "lobby", Message: message(5, me, p.ID, p.Text, time.Minute)}}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				c := start(t, s)
				p := s.online()
				if problem := c.Send("  mine\n"); problem != (client.Problem{}) {
					t.Fatal(problem)
				}
				v := c.now()
				wantTexts(t, v, "mine")
				if v.Messages[0].State != client.Sending || !v.Messages[0].Mine || !v.Messages[0].At.IsZero() {
					t.Errorf("before the answer: %+v", v.Messages[0])
				}
				key := v.Messages[0].Key
				post := hear[wire.Post](p)
				if !wire.ValidID(post.ID) || post.Text != "mine" || post.Room != "lobby" || post.TTL != 0 {
					t.Errorf("post = %+v", post)
				}
				p.say(append([]wire.Frame{posted(4, ann, "before", time.Minute)}, tt.answer(post)...)...)
				p.say(posted(6, ann, "after", time.Minute))
				v = c.now()
				wantTexts(t, v, "before", "mine", "after")
				if m := v.Messages[1]; m.State != client.Sent || m.Seq != 5 || m.Key != key || m.At.IsZero() {
					t.Errorf("after the answer: %+v, want key %q", m, key)
				}
				p.cut(1006)
				s.online()
				time.Sleep(time.Minute)
				c.wantTexts()
			})
		})
	}
}

// The server may accept a message of the user before an older message of another user arrives. The older message must be
// shown all the same.
func TestAcceptedDoesNotMoveTheCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		c.Send("mine")
		p.say(accept(hear[wire.Post](p), 2, time.Minute))
		p.say(posted(1, ann, "older", time.Minute))
		c.wantTexts("older", "mine")
	})
}

func TestSendRefusesLocally(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.next()
		hear[wire.Hello](p)
		w := welcome()
		w.Limits.Text, w.Limits.Message = 100, 300
		p.say(w, joined(0))
		c.now()
		for _, tt := range []struct {
			name, text string
			problem    client.Problem
		}{
			{"empty", " \n ", client.Problem{Message: "The message is empty."}},
			{"control", "a\x00", client.Problem{Message: "The message holds control characters."}},
			{"too many characters", strings.Repeat("a", 101), client.Problem{Code: client.TooLong}},
			{"too many bytes", strings.Repeat("🪰", 100), client.Problem{Code: client.TooLong}},
		} {
			if got := c.Send(tt.text); got != tt.problem {
				t.Errorf("%s: Send = %v, want %v", tt.name, got, tt.problem)
			}
		}
		c.wantTexts()
		p.wantSilence()
	})
}

func TestRefusedPostFailsAndKeepsItsText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		c.Send("no")
		post := hear[wire.Post](p)
		p.say(wire.Refused{Re: "post", Room: "lobby", ID: post.ID, Code: wire.CodeText, Message: "Not that."})
		v := c.now()
		wantTexts(t, v, "no")
		if m := v.Messages[0]; m.State != client.Failed || m.Reason.Message != "Not that." {
			t.Errorf("message = %+v", m)
		}
		time.Sleep(5*time.Minute - time.Second)
		c.wantTexts("no")
		time.Sleep(time.Second)
		c.wantTexts()
		c.wantDrafts("no")
	})
}

func TestRefusedForNowIsSentAgainByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		c.Send("one")
		post := hear[wire.Post](p)
		p.say(wire.Refused{Re: "post", Room: "lobby", ID: post.ID, Code: wire.CodeRate, Message: "Slow down.", RetryMS: 1400})
		v := c.now()
		if m := v.Messages[0]; m.State != client.Sending || m.Reason.Message != "Slow down." {
			t.Errorf("message = %+v", m)
		}
		c.Send("two") // this message waits behind the first one
		time.Sleep(1400*time.Millisecond - time.Nanosecond)
		p.wantSilence()
		time.Sleep(time.Nanosecond)
		if again := hear[wire.Post](p); !reflect.DeepEqual(again, post) {
			t.Errorf("sent again: %+v, want %+v", again, post)
		}
		if two := hear[wire.Post](p); two.Text != "two" {
			t.Errorf("then %+v, want two", two)
		}
		p.say(accept(post, 1, time.Minute))
		if m := c.now().Messages[0]; m.State != client.Sent || m.Reason != (client.Problem{}) {
			t.Errorf("message = %+v", m)
		}
	})
}

// The server does not have a message that it has refused, so the life of that message has not begun.
func TestRefusedOutlivesTheTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.next()
		hear[wire.Hello](p)
		p.say(welcome(), wire.Joined{Room: "lobby", Epoch: "e1", TTL: 2000})
		c.now()
		c.Send("one")
		post := hear[wire.Post](p)
		p.say(wire.Refused{Re: "post", Room: "lobby", ID: post.ID, Code: wire.CodeRate, Message: "Slow down.", RetryMS: 9000})
		time.Sleep(9 * time.Second)
		if again := hear[wire.Post](p); !reflect.DeepEqual(again, post) {
			t.Errorf("sent again: %+v, want %+v", again, post)
		}
		time.Sleep(2 * time.Second) // now the server may have the message
		c.wantTexts()
		c.wantDrafts("one")
	})
}

func TestMessageLeavesExactlyAtItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		p.say(posted(1, ann, "long", 7*time.Second), posted(2, ann, "short", 2500*time.Millisecond))
		time.Sleep(2500*time.Millisecond - time.Nanosecond)
		c.wantTexts("long", "short")
		time.Sleep(time.Nanosecond)
		c.wantTexts("long")
		time.Sleep(4500 * time.Millisecond)
		c.wantTexts()
	})
}

func TestExpiryGoesOnWithoutConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online(message(1, ann, "a", "here", 10*time.Second))
		s.setDown(true)
		p.cut(1006)
		time.Sleep(9 * time.Second)
		c.wantTexts("here")
		c.wantStatus(client.Reconnecting)
		time.Sleep(time.Second)
		c.wantTexts()
	})
}

// The server's clock is an hour ahead of the device's. The client counts only by the server's clock.
func TestWrongLocalClockDoesNotMatter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const off = time.Hour
		s := newScript(t)
		c := start(t, s)
		p := s.next()
		hear[wire.Hello](p)
		time.Sleep(200 * time.Millisecond) // the round trip; half of it is the way back
		w := welcome()
		w.Now = time.Now().Add(off - 100*time.Millisecond).UnixMilli()
		m := message(1, ann, "a", "here", 5*time.Second)
		m.At, m.Expires = m.At+off.Milliseconds(), m.Expires+off.Milliseconds()
		p.say(w, joined(1, m))
		c.wantTexts("here")
		time.Sleep(5*time.Second - time.Millisecond)
		c.wantTexts("here")
		time.Sleep(time.Millisecond)
		c.wantTexts()
	})
}

func TestSleepingLaptopDoesNotLengthenLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		sess := client.New(client.Config{Dial: s.dial, Guest: guest, Room: "lobby"})
		ahead := client.Skew(sess)
		c := startClient(t, sess)
		p := s.online(message(1, ann, "a", "here", 30*time.Second))
		ahead(20 * time.Second) // the monotonic clock stood still meanwhile
		time.Sleep(9 * time.Second)
		c.wantTexts("here")
		time.Sleep(time.Second)
		c.wantTexts()
		ahead(time.Hour) // then an old beat comes, and a message that was in the socket's buffer
		p.say(wire.Beat{Now: time.Now().UnixMilli()}, posted(2, ann, "stale", time.Minute))
		p2 := s.next()
		p.wantClosed(wire.CloseNormal)
		hear[wire.Hello](p2)
		c.wantTexts()
	})
}

func TestClockSetBackDoesNotLengthenLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		sess := client.New(client.Config{Dial: s.dial, Guest: guest, Room: "lobby"})
		ahead := client.Skew(sess)
		c := startClient(t, sess)
		s.online(message(1, ann, "a", "here", 30*time.Second))
		ahead(-time.Hour)
		time.Sleep(30*time.Second - time.Nanosecond)
		c.wantTexts("here")
		time.Sleep(time.Nanosecond)
		c.wantTexts()
		c.wantStatus(client.Online)
	})
}

func TestBeatInDoubtBringsANewWelcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		time.Sleep(20 * time.Second)
		p.say(wire.Beat{Now: time.Now().Add(-9 * time.Second).UnixMilli()}) // the beat was slow, but not too slow
		c.wantStatus(client.Online)
		p.say(wire.Beat{Now: time.Now().Add(-11 * time.Second).UnixMilli()})
		hear[wire.Hello](s.next())
		p.wantClosed(wire.CloseNormal)
		time.Sleep(calm)
		c.wantStatus(client.Reconnecting)
	})
}

func TestBeatMovesTheClockForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online(message(1, ann, "a", "here", 20*time.Second))
		p.say(wire.Beat{Now: time.Now().Add(5 * time.Second).UnixMilli()})
		synctest.Wait()
		if ahead := time.Until(c.Now()); ahead < 5*time.Second-time.Millisecond {
			t.Errorf("Now says %s more than the device, want what the beat said", ahead)
		}
		time.Sleep(15*time.Second - time.Nanosecond)
		c.wantTexts("here")
		time.Sleep(time.Nanosecond)
		c.wantTexts()
	})
}

func TestBeatShowsWhatGotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online(message(4, ann, "a", "one", time.Minute))
		p.say(wire.Beat{Now: time.Now().UnixMilli(), Heads: map[string]int64{"lobby": 4, "other": 9}})
		p.wantSilence()
		p.say(wire.Beat{Now: time.Now().UnixMilli(), Heads: map[string]int64{"lobby": 6}})
		if join := hear[wire.Join](p); join.Room != "lobby" || join.Cursor == nil || *join.Cursor != (wire.Cursor{Epoch: "e1", Seq: 4}) {
			t.Errorf("join = %+v", join)
		}
		again := joined(6, message(6, ann, "b", "two", time.Minute))
		again.Resumed = true
		p.say(again)
		c.wantTexts("one", "two")
	})
}

func TestReconnectResumesByCursorAndSendsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online(message(3, ann, "a", "before", time.Minute))
		c.Send("one")
		c.Send("two")
		one, two := hear[wire.Post](p), hear[wire.Post](p)
		p.cut(1006)
		v := c.now()
		if v.Joined || time.Until(v.NextTry) > 500*time.Millisecond {
			t.Errorf("joined = %v, next try in %v", v.Joined, time.Until(v.NextTry))
		}
		p = s.next()
		c.Send("three")
		hello := hear[wire.Hello](p)
		if j := hello.Rooms[0]; j.Cursor == nil || *j.Cursor != (wire.Cursor{Epoch: "e1", Seq: 3}) {
			t.Errorf("hello = %+v, want the cursor", hello)
		}
		p.say(welcome())
		p.wantSilence() // the client sends no post before joined comes
		snapshot := joined(5, message(4, me, one.ID, "one", time.Minute), message(5, ann, "z", "meanwhile", time.Minute))
		snapshot.Resumed = true
		p.say(snapshot)
		if got := hear[wire.Post](p); !reflect.DeepEqual(got, two) { // the server has got "one"
			t.Errorf("sent again: %+v, want %+v", got, two)
		}
		if got := hear[wire.Post](p); got.Text != "three" {
			t.Errorf("then %+v, want three", got)
		}
		p.wantSilence()
		c.wantTexts("before", "one", "meanwhile", "two", "three")
	})
}

func TestNothingIsSentPastTheLifeItWouldHaveHad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		c.Send("old")
		hear[wire.Post](p)
		s.setDown(true)
		p.cut(1006)
		c.now()
		c.Send("never out")
		time.Sleep(time.Minute) // the room's ttl
		c.wantTexts("never out")
		c.wantDrafts("old")
		c.wantLast(client.Failed, noConnection)
		s.setDown(false)
		c.Wake()
		p = s.online()
		if got := hear[wire.Post](p); got.Text != "never out" {
			t.Errorf("sent %+v, want only what nobody can have read", got)
		}
		s.setDown(true)
		p.cut(1006)
		c.now()
		c.Send("too old")
		time.Sleep(5 * time.Minute)
		c.wantTexts()
		c.wantDrafts("old", "never out", "too old")
	})
}

func TestTooBigIsNotSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		c.Send("big")
		hear[wire.Post](p)
		p.cut(wire.CloseTooBig)
		p = s.online()
		p.wantSilence()
		if m := c.now().Messages[0]; m.State != client.Failed || m.Text != "big" {
			t.Errorf("message = %+v", m)
		}
	})
}

func TestEnterLeavesAndJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online(message(1, ann, "a", "in lobby", time.Minute))
		c.Send("unsent")
		post := hear[wire.Post](p)
		c.Enter("tea")
		if leave := hear[wire.Leave](p); leave.Room != "lobby" {
			t.Errorf("leave = %+v", leave)
		}
		if join := hear[wire.Join](p); join != (wire.Join{Room: "tea"}) {
			t.Errorf("join = %+v", join)
		}
		v := c.now()
		wantTexts(t, v)
		if v.Room != "tea" || v.Joined {
			t.Errorf("view = %+v", v)
		}
		p.say(posted(2, ann, "late, for lobby", time.Minute), wire.Joined{Room: "tea", Epoch: "e1", TTL: 1000})
		v = c.now()
		wantTexts(t, v)
		if !v.Joined || v.TTL != time.Second {
			t.Errorf("view = %+v", v)
		}
		c.Enter("lobby")
		hear[wire.Leave](p)
		hear[wire.Join](p)
		c.wantTexts("unsent")
		p.say(accept(post, 3, time.Minute), joined(3, message(1, ann, "a", "in lobby", time.Minute), message(3, me, post.ID, "unsent", time.Minute)))
		c.wantTexts("in lobby", "unsent")
	})
}

func TestRefusedRoomIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.next()
		hear[wire.Hello](p)
		p.say(welcome(), wire.Refused{Re: "hello", Room: "lobby", Code: wire.CodeRoom, Message: "No such room for you."})
		v := c.wantStatus(client.Online)
		if v.Refused.Message != "No such room for you." || v.Joined {
			t.Errorf("view = %+v", v)
		}
		if got := c.Send("hello?"); got != v.Refused {
			t.Errorf("Send = %q", got)
		}
		c.Enter("tea")
		hear[wire.Leave](p)
		hear[wire.Join](p)
		p.say(wire.Refused{Re: "join", Room: "tea", Code: wire.CodeRate, Message: "Too many joins.", RetryMS: 3000})
		time.Sleep(3*time.Second - time.Nanosecond)
		p.wantSilence()
		time.Sleep(time.Nanosecond)
		hear[wire.Join](p)
	})
}

// TestWhatMayBeStoredKeepsItsDeadline: the server has given up waiting for its stream, which may have stored the message
// all the same.
func TestWhatMayBeStoredKeepsItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online() // the room's messages live a minute
		c.Send("mine")
		post := hear[wire.Post](p)
		p.say(wire.Refused{Re: "post", Room: post.Room, ID: post.ID, Code: wire.CodeUnavailable, Message: "Not now.", RetryMS: 90_000})
		time.Sleep(time.Minute)
		c.wantTexts()
		c.wantDrafts("mine")
		time.Sleep(time.Hour)
		p.wantSilence()
	})
}
