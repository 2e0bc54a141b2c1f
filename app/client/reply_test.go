package client_test

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/app/client"
	"mayfly/shared/wire"
)

func herMessage() wire.Message { return message(3, ann, "a", "hers", time.Hour) }

func gone(p wire.Post) wire.Refused {
	return wire.Refused{Re: "post", Room: p.Room, ID: p.ID, Code: wire.CodeGone,
		Message: "That message is not there any more."}
}

func TestSendWithDetails(t *testing.T) {
	var ids []string
	for i := range 25 {
		ids = append(ids, "u-"+strconv.Itoa(i))
	}
	for _, tt := range []struct {
		name     string
		composed client.Composed
		want     wire.Post // without an id
		problem  client.Code
	}{
		{"plain", client.Composed{}, wire.Post{}, ""},
		{"a reply", client.Composed{ReplyTo: "u-ann/a"}, wire.Post{ReplyTo: seqOf(3)}, ""},
		{"a reply to what is not there", client.Composed{ReplyTo: "u-ann/b"}, wire.Post{}, client.Gone},
		{"mentions", client.Composed{Mentions: []string{"u-ann", "g-ben"}},
			wire.Post{Mentions: []string{"u-ann", "g-ben"}}, ""},
		{"mentions twice, and bad ones", client.Composed{Mentions: []string{"u-ann", "", strings.Repeat("u", 81), "u-ann"}},
			wire.Post{Mentions: []string{"u-ann"}}, ""},
		{"too many mentions", client.Composed{Mentions: ids}, wire.Post{Mentions: ids[:20]}, ""},
		{"a shorter life", client.Composed{Life: 10 * time.Second}, wire.Post{TTL: 10_000}, ""},
		{"the shortest life", client.Composed{Life: time.Second}, wire.Post{TTL: 1000}, ""},
		{"too short a life", client.Composed{Life: 999 * time.Millisecond}, wire.Post{}, client.WrongLife},
		{"a negative life", client.Composed{Life: -time.Second}, wire.Post{}, client.WrongLife},
		{"the room's life", client.Composed{Life: time.Minute}, wire.Post{}, ""},
		{"a longer life", client.Composed{Life: time.Hour}, wire.Post{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				c := start(t, s)
				p := s.online(herMessage())
				tt.composed.Text = "mine"
				if got := c.Client.Send(tt.composed); got.Code != tt.problem {
					t.Fatalf("Send = %v, want %q", got, tt.problem)
				}
				if tt.problem != "" {
					p.wantSilence()
					return
				}
				post := hear[wire.Post](p)
				tt.want.ID, tt.want.Room, tt.want.Text = post.ID, "lobby", "mine"
				if !reflect.DeepEqual(post, tt.want) {
					t.Errorf("post = %+v, want %+v", post, tt.want)
				}
			})
		})
	}
}

// TestReplyIsShownAtOnce: what the user composed is on the screen before the server has it, and afterwards.
func TestReplyIsShownAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online(herMessage())
		c.Client.Send(client.Composed{Text: "mine", ReplyTo: "u-ann/a", Mentions: []string{"u-ann"}, Life: 10 * time.Second})
		want := func() {
			t.Helper()
			v := c.now()
			m := &v.Messages[1]
			if m.Extras == nil || !m.Answers(&v.Messages[0]) || m.Extras.Life != 10*time.Second ||
				len(m.Extras.Mentions) != 1 {
				t.Fatalf("the message has %+v", m.Extras)
			}
		}
		want()
		post := hear[wire.Post](p)
		p.say(accept(post, 4, 10*time.Second))
		want()
		m := message(4, me, post.ID, post.Text, 10*time.Second)
		m.ReplyTo, m.Mentions = *post.ReplyTo, post.Mentions
		p.say(wire.Posted{Room: "lobby", Message: m})
		want()
		time.Sleep(10 * time.Second)
		c.wantTexts("hers")
	})
}

// TestReplyToNothing: a reply whose target is gone when it is sent becomes a draft that says so. Other refused posts stay,
// and so does what is refused like that without being a reply.
func TestReplyToNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online(herMessage())
		s.setDown(true)
		p.cut(1006)
		c.now()
		c.Client.Send(client.Composed{Text: "written offline", ReplyTo: "u-ann/a"})
		c.Client.Send(client.Composed{Text: "plain"})
		c.now()
		s.setDown(false)
		p = s.next()
		hear[wire.Hello](p)
		p.say(welcome(), joined(4))
		reply, plain := hear[wire.Post](p), hear[wire.Post](p)
		if reply.ReplyTo == nil || *reply.ReplyTo != 3 {
			t.Errorf("the reply is %+v", reply)
		}
		p.say(gone(plain), gone(reply))
		c.wantTexts("plain")
		v := c.now()
		if len(v.Drafts) != 1 || v.Drafts[0].Text != "written offline" || !v.Drafts[0].Gone || v.Drafts[0].Lapsed {
			t.Errorf("given back is %+v", v.Drafts)
		}
		if v.Messages[0].State != client.Failed || v.Unsent != 1 {
			t.Errorf("the other message is %+v, and %d are unsent", v.Messages[0], v.Unsent)
		}
	})
}

// TestReplyInAnotherEpoch: the server has lost its memory, so nothing is answered there.
func TestReplyInAnotherEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online(herMessage())
		s.setDown(true)
		p.cut(1006)
		c.now()
		c.Client.Send(client.Composed{Text: "offline", ReplyTo: "u-ann/a", Mentions: []string{"u-ann"}})
		s.setDown(false)
		p = s.next()
		hear[wire.Hello](p)
		other := joined(3, message(3, ann, "b", "another life", time.Hour))
		other.Epoch = "e2"
		p.say(welcome(), other)
		if post := hear[wire.Post](p); post.ReplyTo != nil || len(post.Mentions) != 1 {
			t.Errorf("post = %+v", post)
		}
		c.Client.Send(client.Composed{Text: "to the old", ReplyTo: "u-ann/a"})
		c.Client.Send(client.Composed{Text: "to the new", ReplyTo: "u-ann/b"})
		if post := hear[wire.Post](p); post.ReplyTo != nil {
			t.Errorf("post = %+v", post)
		}
		if post := hear[wire.Post](p); post.ReplyTo == nil || *post.ReplyTo != 3 {
			t.Errorf("post = %+v", post)
		}
	})
}

// TestLifeAfterTheRoomsHasChanged: a life that is no longer shorter than the room's is not sent.
func TestLifeAfterTheRoomsHasChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		s.setDown(true)
		p.cut(1006)
		c.now()
		c.Client.Send(client.Composed{Text: "offline", Life: 30 * time.Second})
		s.setDown(false)
		p = s.next()
		hear[wire.Hello](p)
		shorter := joined(0)
		shorter.TTL = 20_000
		p.say(welcome(), shorter)
		if post := hear[wire.Post](p); post.TTL != 0 {
			t.Errorf("post = %+v", post)
		}
	})
}

// TestShortLifeIsNotSentAfterIt: the server may have had the message and forgotten it.
func TestShortLifeIsNotSentAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		c := start(t, s)
		p := s.online()
		c.Client.Send(client.Composed{Text: "short", Life: 10 * time.Second})
		hear[wire.Post](p)
		s.setDown(true)
		p.cut(1006)
		time.Sleep(10 * time.Second)
		c.wantTexts()
		c.wantDrafts("short")
	})
}

// TestDetailsAreStored: a tab that adopts a reply sends it as it was composed, and what an older version stored as it was.
func TestDetailsAreStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(shelf)
		s := newScript(t)
		a := s.open(d, "a", guest)
		p := s.online(herMessage())
		s.setDown(true)
		p.cut(1006)
		a.now()
		a.Client.Send(client.Composed{Text: "reply", ReplyTo: "u-ann/a", Mentions: []string{"u-ann"},
			Life: 30 * time.Second})
		a.Client.Send(client.Composed{Text: "plain"})
		d.wantKept(t, 2, 0)
		for _, value := range d.kept {
			if strings.Contains(value, "plain") && strings.Contains(value, "reply_") {
				t.Errorf("a plain message is stored as %s", value)
			}
		}
		a.close()
		s.setDown(false)
		b := s.open(d, "b", guest)
		p = s.next()
		hear[wire.Hello](p)
		p.say(welcome(), joined(3, herMessage()))
		var posts []wire.Post
		for range 2 {
			post := hear[wire.Post](p)
			post.ID = ""
			posts = append(posts, post)
		}
		want := []wire.Post{{Room: "lobby", Text: "reply", ReplyTo: seqOf(3), Mentions: []string{"u-ann"}, TTL: 30_000},
			{Room: "lobby", Text: "plain"}}
		if !reflect.DeepEqual(posts, want) {
			t.Errorf("posts = %+v, want %+v", posts, want)
		}
		if v := b.now(); !slices.ContainsFunc(v.Messages, func(m client.Message) bool { return m.Answers(&v.Messages[0]) }) {
			t.Errorf("nothing answers the first of %+v", v.Messages)
		}
	})
}
