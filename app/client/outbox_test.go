package client_test

import (
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/app/client"
	"mayfly/shared/wire"
)

// The reasons that are shown for a message that has had no answer for too long.
var (
	noAnswer     = client.Problem{Code: client.NoAnswer}
	noConnection = client.Problem{Code: client.NoConnection}
)

// answerTime is how long a message may be without an answer before a reason is shown.
const answerTime = 10 * time.Second

// wantLast fails if the last message is not in that state for that reason.
func (c *tester) wantLast(state client.State, reason client.Problem) client.Message {
	c.t.Helper()
	v := c.now()
	if len(v.Messages) == 0 {
		c.t.Fatal("no message is shown")
	}
	m := v.Messages[len(v.Messages)-1]
	if m.State != state || m.Reason != reason {
		c.t.Fatalf("%q is in state %d, %q, want %d, %q", m.Text, m.State, m.Reason, state, reason)
	}
	return m
}

func refused(p wire.Post, code wire.Code, retry time.Duration) wire.Refused {
	return wire.Refused{Re: "post", Room: p.Room, ID: p.ID, Code: code, Message: "Not that.", RetryMS: retry.Milliseconds()}
}

func TestWithoutAnswerItIsFailedUntilItIsAnsweredAfterAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		c.Send("mine")
		post := hear[wire.Post](p)
		time.Sleep(answerTime - time.Nanosecond)
		c.wantLast(client.Sending, client.Problem{})
		time.Sleep(time.Nanosecond)
		key := c.wantLast(client.Failed, noAnswer).Key
		p.wantSilence() // the message may be on its way
		p.cut(1006)
		c.wantLast(client.Failed, noAnswer) // a short outage is not shown
		p = s.online()
		if again := hear[wire.Post](p); !reflect.DeepEqual(again, post) {
			t.Errorf("sent again: %+v, want %+v", again, post)
		}
		c.wantLast(client.Failed, noAnswer)
		p.say(accept(post, 1, time.Minute))
		m := c.wantLast(client.Sent, client.Problem{})
		if m.Key != key {
			t.Errorf("the key is %q, was %q", m.Key, key)
		}
	})
}

func TestWithoutConnectionItIsFailedAndGoesOutByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		s.setDown(true)
		p.cut(1006)
		time.Sleep(time.Second)
		c.Send("mine")
		time.Sleep(answerTime - time.Nanosecond)
		c.wantLast(client.Sending, client.Problem{})
		time.Sleep(time.Nanosecond)
		c.wantLast(client.Failed, noConnection)
		s.setDown(false)
		p = s.online()
		post := hear[wire.Post](p)
		c.wantLast(client.Failed, noAnswer)
		p.say(wire.Posted{Room: "lobby", Message: message(1, me, post.ID, post.Text, time.Minute)})
		c.wantLast(client.Sent, client.Problem{})
	})
}

// TestAllThatWaitSayWhy: the server has asked the client to wait. Each entry that waits shows that reason until it is
// sent.
func TestAllThatWaitSayWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		c.Send("one")
		one := hear[wire.Post](p)
		c.Send("under way")
		under := hear[wire.Post](p)
		p.say(refused(one, wire.CodeRate, 8*time.Second))
		c.wantLast(client.Sending, client.Problem{}) // the server has the message, and may accept it
		p.say(accept(under, 1, time.Minute))
		why := client.Problem{Code: client.Code(wire.CodeRate), Message: "Not that."}
		for _, text := range []string{"two", "three", "four"} {
			c.Send(text)
			c.wantLast(client.Sending, why)
		}
		p.wantSilence()
		for _, m := range c.now().Messages {
			if m.Seq == 0 && (m.State != client.Sending || m.Reason != why) {
				t.Errorf("%q is in state %d, because of %+v", m.Text, m.State, m.Reason)
			}
		}
		time.Sleep(8 * time.Second)
		for range 4 {
			hear[wire.Post](p)
		}
		c.wantLast(client.Sending, client.Problem{}) // the message is on its way
		c.Send("five")
		hear[wire.Post](p)
		c.wantLast(client.Sending, client.Problem{})
	})
}

// TestToWaitIsAnAnswer: an entry that the server asked the client to send later counts as answered, and so do the entries
// that wait behind it.
func TestToWaitIsAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		c.Send("one")
		one := hear[wire.Post](p)
		time.Sleep(answerTime)
		c.wantLast(client.Failed, noAnswer)
		p.say(refused(one, wire.CodeRate, 20*time.Second))
		c.wantLast(client.Sending, client.Problem{Code: client.Code(wire.CodeRate), Message: "Not that."})
		time.Sleep(10 * time.Second)
		c.Send("two")
		time.Sleep(10*time.Second - time.Nanosecond)
		p.wantSilence()
		c.wantLast(client.Sending, client.Problem{Code: client.Code(wire.CodeRate), Message: "Not that."})
		time.Sleep(time.Nanosecond)
		hear[wire.Post](p)
		hear[wire.Post](p)
		time.Sleep(answerTime - time.Nanosecond)
		c.wantLast(client.Sending, client.Problem{})
		time.Sleep(time.Nanosecond)
		for _, m := range c.now().Messages {
			if m.State != client.Failed || m.Reason != noAnswer {
				t.Errorf("%q is in state %d, %q", m.Text, m.State, m.Reason)
			}
		}
	})
}

func TestResend(t *testing.T) {
	for _, tt := range []struct {
		name  string
		after func(p *pipe, post wire.Post) // what happens from the sending of the message until it has failed
	}{
		{"without an answer", func(*pipe, wire.Post) { time.Sleep(answerTime) }},
		{"refused for good", func(p *pipe, post wire.Post) { p.say(refused(post, wire.CodeText, 0)) }},
		{"refused for good a while ago", func(p *pipe, post wire.Post) {
			p.say(refused(post, wire.CodeText, 0))
			p.beatFor(4 * time.Minute)
		}},
		{"perhaps stored", func(p *pipe, post wire.Post) { p.say(refused(post, wire.CodeUnavailable, 0)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				c := start(t, s)
				p := s.online()
				c.Send("mine")
				post := hear[wire.Post](p)
				tt.after(p, post)
				before := c.now().Messages[0]
				if before.State != client.Failed {
					t.Fatalf("before: %+v", before)
				}
				c.Resend(before.Key)
				c.wantLast(client.Sending, client.Problem{})
				again := hear[wire.Post](p)
				if !reflect.DeepEqual(again, post) {
					t.Errorf("sent again: %+v, first %+v", again, post)
				}
				time.Sleep(answerTime - time.Nanosecond) // the time for the answer began again
				c.wantLast(client.Sending, client.Problem{})
				p.say(accept(again, 1, time.Minute))
				m := c.wantLast(client.Sent, client.Problem{})
				if m.Key != before.Key {
					t.Errorf("the key is %q, was %q", m.Key, before.Key)
				}
				p.wantSilence()
			})
		})
	}
}

// beatFor keeps the connection alive for d.
func (p *pipe) beatFor(d time.Duration) {
	for range d / (20 * time.Second) {
		time.Sleep(20 * time.Second)
		p.say(wire.Beat{Now: time.Now().UnixMilli()})
	}
}

func TestResendWithoutConnectionHurries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		s.setDown(true)
		p.cut(1006)
		c.now()
		c.Send("mine")
		time.Sleep(4 * time.Minute) // by now there is a long wait between two attempts
		m := c.wantLast(client.Failed, noConnection)
		for time.Until(c.now().NextTry) < time.Second {
			time.Sleep(time.Second)
		}
		s.setDown(false)
		n := len(s.attempts())
		c.Resend(m.Key)
		c.now()
		if len(s.attempts()) != n+1 {
			t.Error("no attempt began at once")
		}
		p = s.online()
		hear[wire.Post](p)
		c.wantLast(client.Sending, client.Problem{})
	})
}

func TestDiscard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		c.Send("one")
		c.Send("two")
		one := hear[wire.Post](p)
		hear[wire.Post](p)
		time.Sleep(answerTime)
		c.Discard(c.now().Messages[1].Key)
		c.wantTexts("one")
		p.cut(1006)
		p = s.online()
		hear[wire.Post](p)
		p.wantSilence() // the message "two" is not sent again
		p.say(accept(one, 1, time.Minute))
		c.wantLast(client.Sent, client.Problem{})
	})
}

// TestTooLateToResendOrDiscard: Resend and Discard do nothing to an entry that does not exist or was accepted meanwhile.
func TestTooLateToResendOrDiscard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online(message(1, ann, "a", "hers", time.Minute))
		c.Send("mine")
		post := hear[wire.Post](p)
		p.say(accept(post, 2, time.Minute))
		for _, m := range append(c.now().Messages, client.Message{Key: "nobody's"}, client.Message{}) {
			c.Resend(m.Key)
			c.Discard(m.Key)
		}
		c.wantTexts("hers", "mine")
		p.wantSilence()
	})
}
