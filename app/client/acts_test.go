package client_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/app/client"
	"mayfly/app/client/transport"
	"mayfly/shared/wire"
)

// withActs is the welcome of a server that knows reactions, removals and typing.
func withActs() wire.Welcome {
	w := welcome()
	w.Limits.Acts, w.Reactions = 60, []string{"👍", "🎉"}
	return w
}

// acting connects c, which has just begun or lost its connection, to lobby as the server withActs does, with the messages of
// the snapshot j.
func (s *script) acting(j wire.Joined) *pipe {
	s.t.Helper()
	p := s.next()
	hear[wire.Hello](p)
	p.say(withActs(), j)
	hear[wire.Who](p)
	p.say(wire.People{Room: "lobby", Total: 1, Users: []wire.User{me}})
	synctest.Wait()
	return p
}

// lobbyOf is a room with a message of Ann's and one of the user's.
func lobbyOf() wire.Joined { return joined(4, hers(time.Hour), mine(time.Hour)) }

func hers(life time.Duration) wire.Message { return message(3, ann, "a", "hers", life) }

func mine(life time.Duration) wire.Message { return message(4, me, "b", "mine", life) }

const herKey, myKey = "u-ann/a", "u-me/b"

// wantReactions fails if the view does not show that: "text: emoji emoji*", with a star behind the user's own.
func (c *tester) wantReactions(want ...string) {
	c.t.Helper()
	var got []string
	for _, m := range c.now().Messages {
		line := m.Text + ":"
		if m.Extras != nil {
			for _, r := range m.Extras.Reactions {
				line += " " + r.Emoji
				if r.Mine {
					line += "*"
				}
			}
		}
		got = append(got, line)
	}
	if !slices.Equal(got, want) {
		c.t.Fatalf("the view shows %q, want %q", got, want)
	}
}

func (c *tester) wantNotice(n int, re string, code wire.Code) {
	c.t.Helper()
	if got := c.now().Notice; got.N != n || got.Re != re || got.Problem.Code != client.Code(code) {
		c.t.Fatalf("the notice is %+v, want %d, %q, %q", got, n, re, code)
	}
}

func reactsTo(t *testing.T, f wire.React, seq int64, emoji string, on bool) {
	t.Helper()
	if f.Room != "lobby" || f.Seq != seq || f.Emoji != emoji || (f.On == nil || *f.On) != on {
		t.Fatalf("react = %+v, want %d %s %v", f, seq, emoji, on)
	}
}

func not(re string, seq int64, code wire.Code) wire.Refused {
	return wire.Refused{Re: re, Room: "lobby", Seq: &seq, Code: code, Message: "Not that."}
}

// acted runs test with a client in lobbyOf.
func acted(t *testing.T, test func(t *testing.T, s *script, c *tester, p *pipe)) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		test(t, s, c, s.acting(lobbyOf()))
	})
}

func TestReactionIsShownAtOnce(t *testing.T) {
	given := reactedBy(me, 5, 3)
	repeat := withRepeat(given)
	for _, tt := range []struct {
		name   string
		answer wire.Frame
		want   string
		later  string // some seconds later
	}{
		{"given", given, "hers: 👍*", "hers: 👍*"},
		{"a repeat that got lost", repeat, "hers: 👍*", "hers:"}, // what the server said of the message counts
		{"refused", not("react", 3, wire.CodeFull), "hers:", "hers:"},
		{"another's, at that moment", reactedBy(ann, 5, 3), "hers: 👍*", "hers: 👍*"},
		{"the message is taken back", taken(5, 3), "", ""},
		{"refused, of another message", not("react", 4, wire.CodeFull), "hers: 👍*", "hers: 👍*"},
		{"refused, a removal", not("remove", 3, wire.CodeFull), "hers: 👍*", "hers: 👍*"},
		{"refused, without a message", wire.Refused{Re: "react", Room: "lobby", Code: wire.CodeFrame}, "hers: 👍*",
			"hers: 👍*"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
				if problem := c.React(herKey, "👍", true); problem != (client.Problem{}) {
					t.Fatal(problem)
				}
				c.wantReactions("hers: 👍*", "mine:")
				reactsTo(t, hear[wire.React](p), 3, "👍", true)
				p.say(tt.answer)
				want := func(hers string) {
					t.Helper()
					if hers == "" {
						c.wantReactions("mine:")
						return
					}
					c.wantReactions(hers, "mine:")
				}
				want(tt.want)
				time.Sleep(3 * time.Second)
				want(tt.later)
				if refused, ok := tt.answer.(wire.Refused); ok && tt.want == "hers:" {
					c.wantNotice(1, "react", refused.Code)
				} else {
					c.wantNotice(0, "", "")
				}
				p.wantSilence()
			})
		})
	}
}

func TestReactRefusesLocally(t *testing.T) {
	acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
		if got := c.React(herKey, "🦖", true); got.Code != client.WrongEmoji {
			t.Errorf("another emoji: %v", got)
		}
		c.React("nobody/x", "👍", true)
		c.React(herKey, "👍", false) // nothing to take away
		c.wantReactions("hers:", "mine:")
		p.wantSilence()
	})
}

// TestReactionIsChangedWhileOnItsWay: the user's last word counts, and no second frame overtakes an answer.
func TestReactionIsChangedWhileOnItsWay(t *testing.T) {
	acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
		c.React(herKey, "👍", true)
		hear[wire.React](p)
		c.React(herKey, "👍", false)
		c.React(herKey, "🎉", true) // of the same message: a refusal would not say which
		c.wantReactions("hers: 🎉*", "mine:")
		p.wantSilence()
		p.say(reactedBy(me, 5, 3))
		c.wantReactions("hers: 🎉*", "mine:")
		reactsTo(t, hear[wire.React](p), 3, "👍", false)
		off := reactedBy(me, 6, 3)
		off.On = false
		p.say(off)
		reactsTo(t, hear[wire.React](p), 3, "🎉", true)
		p.say(not("react", 3, wire.CodeRate))
		c.wantReactions("hers:", "mine:")
		c.wantNotice(1, "react", wire.CodeRate)
		p.wantSilence()
	})
}

// TestReactionIsConfirmedByASnapshot: while the client polls, or after a rejoin, a snapshot may bring the answer.
func TestReactionIsConfirmedByASnapshot(t *testing.T) {
	acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
		c.React(herKey, "👍", true)
		hear[wire.React](p)
		c.React(herKey, "👍", false)
		whole := resumed(9)
		whole.Reacted = []wire.MessageReactions{{Seq: 3, Reactions: []wire.Reaction{{Emoji: "👍", By: []string{"u-me"}}}}}
		p.say(whole)
		reactsTo(t, hear[wire.React](p), 3, "👍", false)
		c.wantReactions("hers:", "mine:")
		whole.Head, whole.Reacted = 10, []wire.MessageReactions{{Seq: 3}}
		p.say(whole)
		c.wantReactions("hers:", "mine:")
		p.wantSilence()
	})
}

// TestOneOfSeveralActsIsRefused: the others go on.
// TestReactionTakenBackAsTheConnectionBreaks: the server has the reaction by then, and must hear that it is taken away.
func TestReactionTakenBackAsTheConnectionBreaks(t *testing.T) {
	acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
		c.React(herKey, "👍", true)
		hear[wire.React](p)
		c.React(herKey, "👍", false)
		c.wantReactions("hers:", "mine:")
		p.cut(1006)
		p = s.next()
		hear[wire.Hello](p)
		missed := resumed(5)
		missed.Reacted = []wire.MessageReactions{{Seq: 3, Reactions: []wire.Reaction{{Emoji: "👍", By: []string{me.ID}}}}}
		p.say(withActs(), missed)
		c.wantReactions("hers:", "mine:")
		reactsTo(t, hear[wire.React](p), 3, "👍", false)
	})
}

func TestOneOfSeveralActsIsRefused(t *testing.T) {
	acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
		c.React(herKey, "👍", true)
		c.React(myKey, "👍", true)
		c.Remove(myKey)
		c.Flush()
		hear[wire.React](p)
		hear[wire.React](p)
		hear[wire.Remove](p)
		p.say(not("react", 3, wire.CodeRate))
		c.wantReactions("hers:")
		p.say(not("remove", 4, wire.CodeForbidden))
		c.wantReactions("hers:", "mine: 👍*")
		c.wantNotice(2, "remove", wire.CodeForbidden)
		p.say(reactedBy(me, 5, 4))
		c.wantReactions("hers:", "mine: 👍*")
	})
}

// TestSameKeyInTwoRooms: a user may post one id in two rooms. What is done to one of the messages is not done to the other.
func TestSameKeyInTwoRooms(t *testing.T) {
	acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
		s.setDown(true)
		p.cut(1006)
		c.React(herKey, "👍", true)
		c.now()
		c.Enter("tea")
		s.setDown(false)
		p = s.next()
		hear[wire.Hello](p)
		tea := joined(8, message(8, ann, "a", "hers too", time.Hour))
		tea.Room = "tea"
		p.say(withActs(), tea)
		hear[wire.Join](p)
		hear[wire.Who](p)
		c.wantReactions("hers too:")
		c.React(herKey, "👍", true)
		if f := hear[wire.React](p); f.Room != "tea" || f.Seq != 8 {
			t.Errorf("react = %+v", f)
		}
		c.wantReactions("hers too: 👍*")
		p.say(lobbyOf())
		reactsTo(t, hear[wire.React](p), 3, "👍", true)
	})
}

// TestActsAreSentAgain: what has no answer when the connection is lost is sent on the next one, once the room is joined, if
// its message is there.
func TestActsAreSentAgain(t *testing.T) {
	shown := func(reactions ...wire.Reaction) wire.Joined {
		m := hers(time.Hour)
		m.Reactions = reactions
		return joined(9, m, mine(time.Hour))
	}
	other := lobbyOf()
	other.Epoch = "e2"
	for _, tt := range []struct {
		name   string
		joined wire.Joined
		again  []string
	}{
		{"the server had none of it", shown(), []string{"react", "remove"}},
		{"the server had the reaction", shown(wire.Reaction{Emoji: "👍", By: []string{"u-me"}}), []string{"remove"}},
		{"the server had the removal", joined(9, hers(time.Hour)), []string{"react"}},
		{"nothing is there any more", joined(9), nil},
		{"the server has lost its memory", other, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
				c.React(herKey, "👍", true)
				c.Remove(myKey)
				c.Flush()
				hear[wire.React](p)
				hear[wire.Remove](p)
				p.cut(1006)
				c.wantReactions("hers: 👍*")
				p = s.next()
				hear[wire.Hello](p)
				p.say(withActs())
				p.wantSilence()
				p.say(tt.joined)
				synctest.Wait()
				var again []string
				for len(p.toServer) > 0 {
					f, _ := wire.Decode(<-p.toServer)
					again = append(again, wire.Kind(f))
				}
				if want := append(tt.again, "who"); !slices.Equal(again, want) {
					t.Errorf("sent again: %q, want %q", again, want)
				}
			})
		})
	}
}

// TestActsWhileOffline: they are shown, and sent later, but not past the life of their messages.
func TestActsWhileOffline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.acting(joined(4, hers(time.Minute), mine(time.Hour)))
		s.setDown(true)
		p.cut(1006)
		c.React(herKey, "👍", true)
		c.React(myKey, "👍", true)
		c.wantReactions("hers: 👍*", "mine: 👍*")
		time.Sleep(time.Minute)
		c.wantReactions("mine: 👍*")
		s.setDown(false)
		p = s.next()
		hear[wire.Hello](p)
		p.say(withActs(), joined(4, mine(time.Hour)))
		reactsTo(t, hear[wire.React](p), 4, "👍", true)
		hear[wire.Who](p)
		p.wantSilence()
	})
}

func TestRemove(t *testing.T) {
	acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
		c.Remove(herKey) // not the user's own
		c.Remove("nobody/x")
		c.wantTexts("hers", "mine")
		c.Remove(myKey)
		c.wantTexts("hers")
		if undo := c.now().Undo; !slices.Equal(undo, []string{myKey}) {
			t.Errorf("undo = %q", undo)
		}
		time.Sleep(client.UndoTime - time.Nanosecond)
		p.wantSilence()
		time.Sleep(time.Nanosecond)
		if f := hear[wire.Remove](p); f != (wire.Remove{Room: "lobby", Seq: 4}) {
			t.Errorf("remove = %+v", f)
		}
		if undo := c.now().Undo; undo != nil {
			t.Errorf("undo = %q after the time is up", undo)
		}
		c.UndoRemove(myKey) // too late
		c.wantTexts("hers")
		p.say(taken(5, 4))
		c.wantTexts("hers")
		p.wantSilence()
		c.wantNotice(0, "", "")
	})
}

func TestUndoRemove(t *testing.T) {
	acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
		c.Remove(myKey)
		time.Sleep(4 * time.Second)
		p.say(wire.Reacted{Room: "lobby", To: 4, User: ann, Emoji: "🎉", On: true, Seq: 5})
		c.UndoRemove(herKey)
		c.wantTexts("hers")
		c.UndoRemove(myKey)
		c.wantReactions("hers:", "mine: 🎉")
		if v := c.now(); v.Undo != nil {
			t.Errorf("undo = %q", v.Undo)
		}
		time.Sleep(20 * time.Second)
		p.wantSilence()
	})
}

func TestRemovalIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer wire.Frame
		texts  []string
		code   wire.Code
	}{
		{"for good", not("remove", 4, wire.CodeForbidden), []string{"hers", "mine"}, wire.CodeForbidden},
		{"because it is gone", not("remove", 4, wire.CodeGone), []string{"hers"}, ""},
		{"a repeat", wire.Removed{Room: "lobby", Seqs: []int64{4}, Why: wire.WhyAuthor, Repeat: true}, []string{"hers"}, ""},
		{"another's", not("remove", 3, wire.CodeForbidden), []string{"hers"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
				c.Remove(myKey)
				time.Sleep(client.UndoTime)
				hear[wire.Remove](p)
				p.say(tt.answer)
				c.wantTexts(tt.texts...)
				if tt.code != "" {
					c.wantNotice(1, "remove", tt.code)
					c.Remove(myKey) // again
					c.wantTexts("hers")
				} else {
					c.wantNotice(0, "", "")
				}
			})
		})
	}
}

// TestRemovalWaits: a user who takes back more messages at once than the rate allows, or while the server cannot store that,
// is not told, and need not ask again.
func TestRemovalWaits(t *testing.T) {
	for _, code := range []wire.Code{wire.CodeRate, wire.CodeUnavailable} {
		t.Run(string(code), func(t *testing.T) { removalWaits(t, code) })
	}
}

func removalWaits(t *testing.T, code wire.Code) {
	acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
		c.Remove(myKey)
		time.Sleep(client.UndoTime)
		hear[wire.Remove](p)
		wait := not("remove", 4, code)
		wait.RetryMS = 3000
		p.say(wait)
		time.Sleep(3*time.Second - time.Nanosecond)
		p.wantSilence()
		c.wantTexts("hers")
		if v := c.now(); len(v.Undo) > 0 {
			t.Errorf("the user can undo %q", v.Undo)
		}
		time.Sleep(time.Nanosecond)
		if again := hear[wire.Remove](p); again.Seq != 4 {
			t.Errorf("sent again is %+v", again)
		}
		c.wantNotice(0, "", "")
	})
}

// TestReactionWaits: a user who reacts while the server cannot store that is not told, and need not ask again. Without a
// time to try again, the reaction is refused for good.
func TestReactionWaits(t *testing.T) {
	acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
		c.React(herKey, "👍", true)
		hear[wire.React](p)
		wait := not("react", 3, wire.CodeUnavailable)
		wait.RetryMS = 2000
		p.say(wait)
		time.Sleep(2*time.Second - time.Nanosecond)
		p.wantSilence()
		c.wantReactions("hers: 👍*", "mine:")
		time.Sleep(time.Nanosecond)
		reactsTo(t, hear[wire.React](p), 3, "👍", true)
		c.wantNotice(0, "", "")
		p.say(not("react", 3, wire.CodeUnavailable))
		c.wantReactions("hers:", "mine:")
		c.wantNotice(1, "react", wire.CodeUnavailable)
	})
}

// TestRemovalIsSentAtOnce when nobody can undo it any more.
func TestRemovalIsSentAtOnce(t *testing.T) {
	for _, tt := range []struct {
		name string
		then func(c *tester)
	}{
		{"the page is hidden", func(c *tester) { c.Flush() }},
		{"the user enters another room", func(c *tester) { c.Enter("tea") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
				c.Remove(myKey)
				c.now()
				tt.then(c)
				hear[wire.Remove](p)
			})
		})
	}
}

// TestRemovalOfAnotherRoom: without a connection, the client joins the room that the user has left once there is one.
func TestRemovalOfAnotherRoom(t *testing.T) {
	acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
		s.setDown(true)
		p.cut(1006)
		c.Remove(myKey)
		c.Enter("tea")
		c.now()
		s.setDown(false)
		p = s.next()
		hear[wire.Hello](p)
		tea := joined(0)
		tea.Room = "tea"
		p.say(withActs(), tea)
		if f := hear[wire.Join](p); f.Room != "lobby" {
			t.Errorf("join = %+v", f)
		}
		hear[wire.Who](p)
		p.say(lobbyOf())
		if f := hear[wire.Remove](p); f.Room != "lobby" || f.Seq != 4 {
			t.Errorf("remove = %+v", f)
		}
		p.say(taken(5, 4))
		if f := hear[wire.Leave](p); f.Room != "lobby" {
			t.Errorf("leave = %+v", f)
		}
		p.wantSilence()
	})
}

// TestRemovalOfAnotherRoomIsTooLate: for a message that has expired, no room is joined.
func TestRemovalOfAnotherRoomIsTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.acting(joined(4, mine(time.Minute)))
		s.setDown(true)
		p.cut(1006)
		c.Remove(myKey)
		c.Enter("tea")
		time.Sleep(time.Minute)
		s.setDown(false)
		p = s.next()
		hear[wire.Hello](p)
		tea := joined(0)
		tea.Room = "tea"
		p.say(withActs(), tea)
		hear[wire.Who](p)
		p.wantSilence()
	})
}

// TestSigningOutTakesBack: a removal that waits is sent before the user signs out.
func TestSigningOutTakesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		in := &signIn{session: adas, version: 1}
		c := startClient(t, client.New(client.Config{Dial: s.dial, Guest: guest, Room: "lobby", Tokens: in}))
		c.Identify(in.set(func(*signIn) {}))
		p := s.next()
		hear[wire.Hello](p)
		w := withActs()
		w.User = ada
		p.say(w, joined(4, message(4, ada, "b", "mine", time.Hour)))
		hear[wire.Who](p)
		c.Remove(ada.ID + "/b")
		c.wantTexts()
		c.Identify(in.set(func(s *signIn) { s.session = "" }))
		if f := hear[wire.Remove](p); f.Seq != 4 {
			t.Errorf("remove = %+v", f)
		}
		hear[wire.Signout](p)
	})
}

// TestRemoveDiscards what the server does not have, and takes back what it has accepted.
func TestRemoveDiscards(t *testing.T) {
	acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
		c.Send("one")
		c.Send("two")
		one := hear[wire.Post](p)
		hear[wire.Post](p)
		list := c.now().Messages
		c.Remove(list[3].Key)
		c.wantTexts("hers", "mine", "one")
		p.say(accept(one, 5, time.Hour))
		c.now()
		c.Remove(list[2].Key)
		c.wantTexts("hers", "mine")
		c.Flush()
		if f := hear[wire.Remove](p); f.Seq != 5 {
			t.Errorf("remove = %+v", f)
		}
		p.say(wire.Posted{Room: "lobby", Message: message(5, me, one.ID, "one", time.Hour)}, taken(6, 5))
		c.wantTexts("hers", "mine")
	})
}

// TestAnotherUserActs: what the guest has done is not done as somebody else.
func TestAnotherUserActs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		in := &signIn{}
		c := startClient(t, client.New(client.Config{Dial: s.dial, Guest: guest, Room: "lobby", Tokens: in}))
		c.Identify(in.set(func(*signIn) {}))
		p := s.acting(lobbyOf())
		c.React(herKey, "👍", true)
		c.Remove(myKey)
		hear[wire.React](p)
		c.Rename("Egret")
		hear[wire.Rename](p)
		c.wantReactions("hers: 👍*")
		c.Identify(in.set(func(s *signIn) { s.session, s.version = adas, 1 }))
		c.wantReactions("hers:", "mine:")
		p = s.next()
		hear[wire.Hello](p)
		w := withActs()
		w.User = ada
		p.say(w, lobbyOf())
		hear[wire.Who](p)
		time.Sleep(9 * time.Second)
		p.wantSilence()
	})
}

// TestOldServer: a server that knows none of it is told none of it.
func TestOldServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online(hers(time.Hour), mine(time.Hour))
		if got := c.React(herKey, "👍", true); got.Code != client.WrongEmoji {
			t.Errorf("React = %v", got)
		}
		c.Remove(myKey)
		c.Flush()
		c.Typing("hello")
		c.Rename("Egret")
		c.Who()
		c.wantTexts("hers", "mine")
		time.Sleep(10 * time.Second)
		p.wantSilence()
	})
}

// TestActsByPolls: the answer comes by one poll, and the event by another.
func TestActsByPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		c := startClient(t, client.New(client.Config{Dial: transport.DialPolls(o.post, nil), Guest: guest, Room: "lobby"}))
		o.asked(0, "").say(withActs(), lobbyOf())
		who := o.told("e1 4")
		waits := o.asked(wire.PollWait, "e1 4")
		who.say(withActs(), resumed(4), wire.People{Room: "lobby", Total: 1, Users: []wire.User{me}})
		if v := c.now(); len(v.Users) != 1 || v.People != 1 {
			t.Errorf("there are %d, %+v", v.People, v.Users)
		}
		c.React(herKey, "👍", true)
		carries := o.told("e1 4")
		c.wantReactions("hers: 👍*", "mine:")
		carries.say(withActs(), resumed(4), reactedBy(me, 6, 3))
		c.wantReactions("hers: 👍*", "mine:")
		waits.say(withActs(), resumed(4), posted(5, ann, "news", time.Hour), reactedBy(me, 6, 3))
		c.wantReactions("hers: 👍*", "mine:", "news:") // the answer did not move the cursor past the news
		waits = o.asked(wire.PollWait, "e1 6")
		c.Remove(myKey)
		c.Flush()
		carries = o.told("e1 6")
		carries.say(withActs(), resumed(6), not("remove", 4, wire.CodeForbidden))
		c.wantReactions("hers: 👍*", "mine:", "news:")
		c.wantNotice(1, "remove", wire.CodeForbidden)
		whole := resumed(9)
		whole.Reacted = []wire.MessageReactions{{Seq: 3, Reactions: []wire.Reaction{{Emoji: "🎉", By: []string{"u-ann"}}}}}
		waits.say(withActs(), whole)
		c.wantReactions("hers: 🎉", "mine:", "news:")
	})
}
