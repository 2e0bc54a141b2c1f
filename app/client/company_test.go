package client_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/app/client"
	"mayfly/shared/wire"
)

// hearTyping fails if the next frame does not say whether the user types.
func (p *pipe) hearTyping(on bool) {
	p.t.Helper()
	if f := hear[wire.Typing](p); f.Room != "lobby" || f.User != nil || (f.On == nil || *f.On) != on {
		p.t.Fatalf("typing = %+v, want %v", f, on)
	}
}

func TestTyping(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name string
		test func(c *tester, p *pipe)
	}{
		{"then a pause", func(c *tester, p *pipe) {
			c.Typing("h")
			time.Sleep(500*ms - time.Nanosecond)
			p.wantSilence()
			time.Sleep(time.Nanosecond)
			p.hearTyping(true)
			time.Sleep(4500*ms - time.Nanosecond)
			p.wantSilence()
			time.Sleep(time.Nanosecond)
			p.hearTyping(false)
			time.Sleep(20 * time.Second)
			p.wantSilence()
		}},
		{"all the time", func(c *tester, p *pipe) {
			text := ""
			for i := range 100 { // ten seconds
				text += "h"
				c.Typing(text)
				if i%30 == 0 {
					p.hearTyping(true)
				}
				p.wantSilence()
				time.Sleep(100 * ms)
			}
			c.Typing("")
			p.hearTyping(false)
		}},
		{"a key within three seconds", func(c *tester, p *pipe) {
			c.Typing("h")
			p.hearTyping(true)
			time.Sleep(1300 * ms)
			c.Typing("hi")
			time.Sleep(1700*ms - time.Nanosecond)
			p.wantSilence()
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			if len(p.toServer) != 1 {
				p.t.Fatal("the room is told late")
			}
			p.hearTyping(true)
			time.Sleep(3300 * ms) // five seconds after the last key
			synctest.Wait()
			if len(p.toServer) != 1 {
				p.t.Fatal("the room is told late that the user has stopped")
			}
			p.hearTyping(false)
		}},
		{"the same text again", func(c *tester, p *pipe) {
			c.Typing("h")
			p.hearTyping(true)
			time.Sleep(4 * time.Second)
			c.Typing("h")
			time.Sleep(time.Second)
			p.hearTyping(false)
		}},
		{"an empty text", func(c *tester, p *pipe) {
			c.Typing("")
			time.Sleep(20 * time.Second)
			p.wantSilence()
			c.Typing("h")
			p.hearTyping(true)
			c.Typing("")
			p.hearTyping(false)
			c.Typing("")
			c.Typing("h") // within three seconds of the last sign
			time.Sleep(3*time.Second - time.Nanosecond)
			p.wantSilence()
			time.Sleep(time.Nanosecond)
			p.hearTyping(true)
		}},
		{"a message", func(c *tester, p *pipe) {
			c.Typing("h")
			p.hearTyping(true)
			c.Send("h")
			hear[wire.Post](p)
			c.Typing("")
			p.wantSilence() // the message has ended it
			c.Typing("a")
			time.Sleep(500 * ms) // not the three seconds
			synctest.Wait()
			if len(p.toServer) != 1 {
				p.t.Fatal("the room is told late that the user types again")
			}
			p.hearTyping(true)
		}},
		{"a message that is written quickly", func(c *tester, p *pipe) {
			for range 3 {
				c.Typing("h")
				time.Sleep(499 * ms)
				c.Send("h")
				hear[wire.Post](p)
				c.Typing("")
				p.wantSilence()
			}
		}},
		{"a message that is finished quickly after a pause", func(c *tester, p *pipe) {
			c.Typing("h")
			p.hearTyping(true)
			p.hearTyping(false)
			time.Sleep(time.Second)
			c.Typing("hi")
			time.Sleep(499 * ms)
			c.Send("hi")
			hear[wire.Post](p)
			c.Typing("")
			time.Sleep(20 * time.Second)
			p.wantSilence()
		}},
		{"switched off", func(c *tester, p *pipe) {
			c.Typing("h")
			p.hearTyping(true)
			c.ShareTyping(false)
			p.hearTyping(false)
			c.Typing("hi")
			c.Send("hi")
			hear[wire.Post](p)
			c.Typing("more")
			time.Sleep(20 * time.Second)
			p.wantSilence()
			c.ShareTyping(true)
			c.Typing("more and more")
			p.hearTyping(true)
		}},
		{"another room", func(c *tester, p *pipe) {
			c.Typing("h")
			p.hearTyping(true)
			c.Enter("tea")
			p.hearTyping(false)
			hear[wire.Leave](p)
			hear[wire.Join](p)
			time.Sleep(10 * time.Second)
			p.wantSilence()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			acted(t, func(t *testing.T, s *script, c *tester, p *pipe) { tt.test(c, p) })
		})
	}
}

// TestTypingWhileOffline: nothing is sent late; what the user types as the client comes back is.
func TestTypingWhileOffline(t *testing.T) {
	acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
		c.Typing("h")
		p.hearTyping(true)
		s.setDown(true)
		p.cut(1006)
		c.Typing("hi")
		time.Sleep(10 * time.Second)
		s.setDown(false)
		p = s.acting(lobbyOf())
		p.wantSilence()
		c.Typing("hi there")
		p.hearTyping(true)
	})
}

// TestReadersDoNotType: who may not post tells nobody.
func TestReadersDoNotType(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.next()
		hear[wire.Hello](p)
		w := withActs()
		w.MayPost = false
		p.say(w, joined(0))
		hear[wire.Who](p)
		c.Typing("h")
		time.Sleep(2 * time.Second)
		p.wantSilence()
	})
}

func TestOthersType(t *testing.T) {
	acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
		want := func(n int) {
			t.Helper()
			if v := c.now(); len(v.Typing) != n || n > 0 && v.Typing[0].User != ann {
				t.Fatalf("typing are %+v, want %d", v.Typing, n)
			}
		}
		p.say(wire.Typing{Room: "lobby", User: &ann})
		want(1)
		views := c.views
		time.Sleep(5 * time.Second)
		p.say(wire.Typing{Room: "lobby", User: &ann})
		want(1)
		if c.views != views {
			t.Error("a view was published although the page would draw the same")
		}
		time.Sleep(6*time.Second - time.Nanosecond)
		want(1)
		time.Sleep(time.Nanosecond)
		want(0)
		p.say(wire.Typing{Room: "lobby", User: &ann})
		want(1)
		c.Enter("tea")
		want(0)
	})
}

// TestWho: the client asks who is there when it joins, when it has missed something, and when the page wants it; but not
// each second.
func TestWho(t *testing.T) {
	acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
		p.say(wire.Presence{Room: "lobby", People: 2, Came: []wire.User{ann}})
		if v := c.now(); v.People != 2 || len(v.Users) != 2 || v.Known("u-ann").Name != "Ann" {
			t.Errorf("there are %d, %+v", v.People, v.Users)
		}
		time.Sleep(10 * time.Second)
		p.wantSilence()
		for n := range 5 {
			p.say(wire.Presence{Room: "lobby", People: int64(50 + n)})
			c.now()
			time.Sleep(time.Second)
		}
		hear[wire.Who](p)
		p.say(wire.Refused{Re: "who", Room: "lobby", Code: wire.CodeRate, RetryMS: 500})
		p.wantSilence()
		time.Sleep(5 * time.Second)
		hear[wire.Who](p)
		p.say(wire.People{Room: "lobby", Total: 2, Users: []wire.User{me, ann}})
		c.wantNotice(0, "", "")
		time.Sleep(20 * time.Second)
		p.wantSilence()
		c.Who()
		hear[wire.Who](p)
		p.say(wire.People{Room: "lobby", Total: 2, Users: []wire.User{me, ann}})
		p.cut(1006)
		s.acting(lobbyOf())
		if v := c.now(); len(v.Users) != 1 {
			t.Errorf("after a reconnect there are %+v", v.Users)
		}
	})
}

// TestRename: the view has the name that the server gave, and each later hello says it.
func TestRename(t *testing.T) {
	egret := me
	egret.Name = "Egret"
	heron := me
	for _, tt := range []struct {
		name   string
		ask    string
		answer wire.Frame
		kept   []string
		hello  string // the name in the next hello
	}{
		{"as asked", "  Egret \n", wire.Authed{User: egret}, []string{"Egret"}, "Egret"},
		{"altered", "Egr\u200bet", wire.Authed{User: egret}, []string{"Egret"}, "Egret"},
		{"the pseudonym", "", wire.Authed{User: heron}, []string{""}, ""},
		{"refused", "Egret", wire.Refused{Re: "rename", Code: wire.CodeRate, Message: "Slow down.", RetryMS: 500}, nil,
			"Old"},
		{"no answer", "Egret", nil, nil, "Old"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				var kept []string
				c := startClient(t, client.New(client.Config{Dial: s.dial, Guest: guest, Room: "lobby", Name: "Old",
					KeepName: func(name string) { kept = append(kept, name) }}))
				p := s.next()
				if hello := hear[wire.Hello](p); hello.Name != "Old" {
					t.Errorf("the first hello says %q", hello.Name)
				}
				p.say(withActs(), joined(0))
				hear[wire.Who](p)
				if problem := c.Rename(tt.ask); problem != (client.Problem{}) {
					t.Fatal(problem)
				}
				f := hear[wire.Rename](p)
				if tt.answer != nil {
					p.say(tt.answer)
				}
				v := c.now()
				if authed, ok := tt.answer.(wire.Authed); ok && v.Me != authed.User {
					t.Errorf("the user is %+v, want %+v", v.Me, authed.User)
				}
				if _, refused := tt.answer.(wire.Refused); refused {
					c.wantNotice(1, "rename", wire.CodeRate)
				}
				if len(kept) != len(tt.kept) || len(kept) > 0 && kept[0] != tt.kept[0] {
					t.Errorf("kept is %q, want %q", kept, tt.kept)
				}
				p.cut(1006)
				p = s.next()
				if hello := hear[wire.Hello](p); hello.Name != tt.hello {
					t.Errorf("the next hello says %q, want %q", hello.Name, tt.hello)
				}
				p.say(withActs(), joined(0))
				if tt.answer == nil { // it is sent again
					if again := hear[wire.Rename](p); again != f {
						t.Errorf("rename = %+v, first %+v", again, f)
					}
				}
				hear[wire.Who](p)
				p.wantSilence()
			})
		})
	}
}

// TestRenameUnasked: a guest whose name somebody else has now says the new one from then on.
// TestTwoRenames: an answer does not say which rename it is for, so the second waits for the answer to the first.
func TestTwoRenames(t *testing.T) {
	egret := me
	egret.Name = "Egret"
	for _, tt := range []struct {
		name  string
		first wire.Frame // the answer to the first rename; nil: the connection breaks
		kept  []string
	}{
		{"given", wire.Authed{User: egret}, []string{"Egret", ""}},
		{"refused", wire.Refused{Re: "rename", Code: wire.CodeRate}, []string{""}},
		{"no answer", nil, []string{""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				var kept []string
				c := startClient(t, client.New(client.Config{Dial: s.dial, Guest: guest, Room: "lobby", Name: "Old",
					KeepName: func(name string) { kept = append(kept, name) }}))
				p := s.next()
				hear[wire.Hello](p)
				p.say(withActs(), joined(0))
				hear[wire.Who](p)
				c.Rename("Egret")
				hear[wire.Rename](p)
				c.Rename("")
				p.wantSilence()
				if tt.first != nil {
					p.say(tt.first)
				} else {
					p.cut(1006)
					p = s.next()
					hear[wire.Hello](p)
					p.say(withActs(), joined(0))
				}
				if second := hear[wire.Rename](p); second.Name != "" {
					t.Errorf("the second rename asks for %q, want the pseudonym", second.Name)
				}
				p.say(wire.Authed{User: me})
				c.now()
				if !slices.Equal(kept, tt.kept) {
					t.Errorf("kept is %q, want %q", kept, tt.kept)
				}
			})
		})
	}
}

func TestRenameUnasked(t *testing.T) {
	acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
		egret := me
		egret.Name = "Anonymous Egret"
		p.say(wire.Authed{User: egret})
		if v := c.now(); v.Me != egret || v.Users[0] != egret {
			t.Errorf("the user is %+v, in the room %+v", v.Me, v.Users)
		}
		p.cut(1006)
		if hello := hear[wire.Hello](s.next()); hello.Name != "Anonymous Egret" {
			t.Errorf("hello says %q", hello.Name)
		}
	})
}

func TestRenameRefusesLocally(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.next()
		hear[wire.Hello](p)
		w := withActs()
		p.say(w, joined(0))
		hear[wire.Who](p)
		c.now()
		if got := c.Rename("01234567890123456789012345678901234567890"); got.Code != client.NameTooLong {
			t.Errorf("41 characters: %v", got)
		}
		p.say(wire.Authed{User: ann})
		c.now()
		if got := c.Rename("Egret"); got.Code != client.OnlyGuests {
			t.Errorf("signed in: %v", got)
		}
		p.wantSilence()
	})
}
