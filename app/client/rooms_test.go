package client_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/app/client"
	"mayfly/shared/wire"
)

// inTea returns what the server says in the room tea.
func inTea(seq int64, text string, ttl time.Duration) wire.Posted {
	return wire.Posted{Room: "tea", Message: message(seq, ann, "id-"+text, text, ttl)}
}

func joinedTea(head int64, resumed bool, messages ...wire.Message) wire.Joined {
	return wire.Joined{Room: "tea", Epoch: "t1", Head: head, Resumed: resumed, TTL: 60_000, People: 1, Messages: messages}
}

// wantUnread fails if the view does not count exactly that many messages of a room as unread.
func (c *tester) wantUnread(room string, n int) {
	c.t.Helper()
	v := c.now()
	if news := v.In(room); news.Room != room || news.Unread != n {
		c.t.Fatalf("of %s %d are unread, want %d (%+v)", room, news.Unread, n, v.Rooms)
	}
}

// seeAll says that the user has read all messages of the shown room.
func (c *tester) seeAll() {
	messages := c.now().Messages
	c.See(messages[len(messages)-1].Place())
}

// inTwo runs a client that shows lobby, whose newest message the user sees, and is in tea, too.
func inTwo(t *testing.T, test func(t *testing.T, s *script, c *tester, p *pipe)) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := startClient(t, client.New(client.Config{Dial: s.dial, Guest: guest, Client: "test/1", Room: "lobby"}))
		c.SetRooms([]client.Visited{{Room: "lobby"}, {Room: "tea", Read: wire.Cursor{Epoch: "t1", Seq: 3}}})
		p := s.next()
		if rooms := hear[wire.Hello](p).Rooms; len(rooms) != 2 || rooms[0].Room != "lobby" || rooms[1].Room != "tea" {
			t.Fatalf("hello names %+v", rooms)
		}
		p.say(welcome(), joined(1, message(1, ann, "id-a", "a", time.Minute)),
			joinedTea(4, false, message(3, ann, "id-3", "3", time.Minute), message(4, ann, "id-4", "4", time.Minute)))
		c.seeAll()
		test(t, s, c, p)
	})
}

func TestUnreadOfOtherRooms(t *testing.T) {
	for _, tt := range []struct {
		name string
		test func(t *testing.T, s *script, c *tester, p *pipe)
	}{
		{"what came since the last visit", func(t *testing.T, s *script, c *tester, p *pipe) {
			c.wantUnread("lobby", 0)
			c.wantUnread("tea", 1)
		}},
		{"a message is posted, and expires", func(t *testing.T, s *script, c *tester, p *pipe) {
			p.say(inTea(5, "5", 10*time.Second))
			c.wantUnread("tea", 2)
			time.Sleep(10*time.Second - time.Millisecond)
			c.wantUnread("tea", 2)
			time.Sleep(time.Millisecond)
			c.wantUnread("tea", 1)
		}},
		{"a message is taken back", func(t *testing.T, s *script, c *tester, p *pipe) {
			p.say(inTea(5, "5", time.Minute), wire.Removed{Room: "tea", Seqs: []int64{5}, Seq: 6})
			c.wantUnread("tea", 1)
		}},
		{"the user scrolls up in the room that is shown", func(t *testing.T, s *script, c *tester, p *pipe) {
			p.say(posted(2, ann, "b", time.Minute))
			c.wantUnread("lobby", 1)
			c.seeAll()
			c.wantUnread("lobby", 0)
			p.say(posted(3, ann, "c", time.Minute))
			c.wantUnread("lobby", 1)
		}},
		{"the connection is lost, and the room resumes", func(t *testing.T, s *script, c *tester, p *pipe) {
			c.wantUnread("tea", 1)
			p.cut(1006)
			c.wantUnread("tea", 1)
			p = s.next()
			rooms := hear[wire.Hello](p).Rooms
			if len(rooms) != 2 || rooms[1].Cursor == nil || *rooms[1].Cursor != (wire.Cursor{Epoch: "t1", Seq: 4}) {
				t.Fatalf("hello names %+v", rooms)
			}
			p.say(welcome(), joined(1), joinedTea(6, true, message(6, ann, "id-6", "6", time.Minute)))
			c.wantUnread("tea", 2)
		}},
		{"the connection is lost, and the snapshot has a gap", func(t *testing.T, s *script, c *tester, p *pipe) {
			p.cut(1006)
			p = s.next()
			hear[wire.Hello](p)
			p.say(welcome(), joined(1), joinedTea(900, false, message(899, ann, "id-899", "899", time.Minute),
				message(900, ann, "id-900", "900", time.Minute)))
			c.wantUnread("tea", 2)
		}},
		{"a frame was lost", func(t *testing.T, s *script, c *tester, p *pipe) {
			p.say(wire.Beat{Now: time.Now().UnixMilli(), Heads: map[string]int64{"lobby": 1, "tea": 5}})
			if j := hear[wire.Join](p); j.Room != "tea" || j.Cursor.Seq != 4 {
				t.Fatalf("the client joins %+v", j)
			}
			p.say(joinedTea(5, true, message(5, ann, "id-5", "5", time.Minute)))
			c.wantUnread("tea", 2)
		}},
		{"the user goes there and back", func(t *testing.T, s *script, c *tester, p *pipe) {
			c.Enter("tea")
			c.wantTexts("3", "4") // at once, without a frame
			c.wantUnread("tea", 1)
			c.seeAll()
			c.wantUnread("tea", 0)
			if v := c.now(); !v.Joined || v.Head != 4 {
				t.Errorf("joined = %v, head = %d", v.Joined, v.Head)
			}
			p.say(posted(2, ann, "b", time.Minute))
			c.wantUnread("lobby", 1)
			c.Enter("lobby")
			c.wantTexts("a", "b")
			c.seeAll()
			c.wantUnread("lobby", 0)
			p.wantSilence()
		}},
		{"another tab has read them", func(t *testing.T, s *script, c *tester, p *pipe) {
			c.SetRooms([]client.Visited{{Room: "lobby"}, {Room: "tea", Read: wire.Cursor{Epoch: "t1", Seq: 4}}})
			c.wantUnread("tea", 0)
		}},
		{"the user signs out", func(t *testing.T, s *script, c *tester, p *pipe) {
			c.Identify(client.Identity{SignInID: "s1"})
			c.Identify(client.Identity{})
			if v := c.now(); len(v.Rooms) != 1 || v.Rooms[0].Room != "lobby" || v.Rooms[0].Unread != 0 {
				t.Errorf("rooms = %+v", v.Rooms)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) { inTwo(t, tt.test) })
	}
}

// TestRoomsAreJoinedAndLeft: the client joins each room of the list once, leaves those that are no longer named, and joins
// a room again if the server said when.
func TestRoomsAreJoinedAndLeft(t *testing.T) {
	inTwo(t, func(t *testing.T, s *script, c *tester, p *pipe) {
		p.wantSilence()
		lobby, tea, sea := client.Visited{Room: "lobby"}, client.Visited{Room: "tea"}, client.Visited{Room: "sea"}
		c.SetRooms([]client.Visited{lobby, tea, sea})
		if j := hear[wire.Join](p); j.Room != "sea" {
			t.Fatalf("the client joins %+v", j)
		}
		p.say(wire.Refused{Re: "join", Room: "sea", Code: wire.CodeRate, RetryMS: 20_000})
		time.Sleep(20*time.Second - time.Millisecond)
		p.wantSilence()
		time.Sleep(time.Second)
		if j := hear[wire.Join](p); j.Room != "sea" {
			t.Fatalf("the client joins %+v", j)
		}
		p.say(wire.Refused{Re: "join", Room: "sea", Code: wire.CodeRoom, Message: "Full."})
		v := c.now()
		if news := v.In("sea"); news.Refused.Message != "Full." || news.Joined {
			t.Errorf("sea = %+v", news)
		}
		c.SetRooms([]client.Visited{lobby, tea})
		if l := hear[wire.Leave](p); l.Room != "sea" {
			t.Fatalf("the client leaves %+v", l)
		}
		c.SetRooms([]client.Visited{tea})
		p.wantSilence() // lobby is shown
		c.Enter("tea")
		if l := hear[wire.Leave](p); l.Room != "lobby" {
			t.Fatalf("the client leaves %+v", l)
		}
		if v := c.now(); len(v.Rooms) != 1 || v.Rooms[0].Room != "tea" {
			t.Errorf("rooms = %+v", v.Rooms)
		}
	})
}

// TestNoMoreThanMaxRooms: a connection may join a limited number of rooms.
func TestNoMoreThanMaxRooms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		var in []client.Visited
		for i := range client.MaxRooms + 1 {
			in = append(in, client.Visited{Room: "r" + string(rune('a'+i))})
		}
		c.SetRooms(in)
		rooms := hear[wire.Hello](s.next()).Rooms
		last := func(j wire.Join) bool { return j.Room == in[client.MaxRooms].Room }
		if len(rooms) != client.MaxRooms+1 || slices.ContainsFunc(rooms, last) { // lobby is shown
			t.Errorf("hello names %d rooms", len(rooms))
		}
	})
}

// TestRefusedJoinOfAJoinedRoom: a server refuses for now to join a room that was joined on this connection, as while polls
// go to several nodes. The room counts as not joined until another join succeeds.
func TestRefusedJoinOfAJoinedRoom(t *testing.T) {
	acted(t, func(t *testing.T, s *script, c *tester, p *pipe) {
		p.say(wire.Refused{Re: "join", Room: "lobby", Code: wire.CodeUnavailable, RetryMS: 2000})
		if c.now().Joined {
			t.Error("the room counts as joined after the refusal")
		}
		c.wantTexts("hers", "mine")
		time.Sleep(2 * time.Second)
		if j := hear[wire.Join](p); j.Cursor == nil || j.Cursor.Seq != 4 {
			t.Errorf("the client joins again with %+v, want its cursor", j)
		}
		again := joined(4)
		again.Resumed = true
		p.say(again)
		if !c.now().Joined {
			t.Error("the room does not count as joined after another join")
		}
		c.wantTexts("hers", "mine")
	})
}
