package client_test

import (
	"reflect"
	"testing"
	"testing/synctest"

	"mayfly/app/client/transport"
	"mayfly/shared/wire"
)

// A wirePoll is a connection that polls, without a client, and the office that answers it.
type wirePoll struct {
	*office
	conn transport.Conn
}

// dialPolls opens a connection that polls and has joined lobby. Its first poll that waits is the one returned.
func dialPolls(t *testing.T) (*wirePoll, *poll) {
	t.Helper()
	o := newOffice(t)
	conn, err := transport.DialPolls(o.post, nil)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(wire.CloseNormal, "") })
	c := &wirePoll{o, conn}
	secret := guest
	c.write(wire.Hello{Guest: &secret, Name: "Heron", Rooms: []wire.Join{{Room: "lobby"}}})
	o.asked(0, "").answer(joined(3))
	c.wantRead(welcome(), joined(3))
	return c, o.asked(wire.PollWait, "e1 3")
}

func (c *wirePoll) write(frames ...wire.Frame) {
	c.t.Helper()
	for _, f := range frames {
		if err := c.conn.Write(wire.Encode(f)); err != nil {
			c.t.Fatal(err)
		}
	}
}

// wantRead fails if the next message is not these frames.
func (c *wirePoll) wantRead(want ...wire.Frame) {
	c.t.Helper()
	message, err := c.conn.Read(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	var got, wanted []string
	for line := range wire.Split(message) {
		got = append(got, string(line))
	}
	for _, f := range want {
		wanted = append(wanted, string(wire.Encode(f)))
	}
	if !reflect.DeepEqual(got, wanted) {
		c.t.Errorf("the connection brings\n%q, want\n%q", got, wanted)
	}
}

func beat() wire.Beat { return wire.Beat{Now: welcome().Now} }

// reactedBy says that u gives a thumb up to the message to.
func reactedBy(u wire.User, seq, to int64) wire.Reacted {
	return wire.Reacted{Room: "lobby", To: to, User: u, Emoji: "👍", On: true, Seq: seq}
}

func taken(seq int64, messages ...int64) wire.Removed {
	return wire.Removed{Room: "lobby", Seqs: messages, Why: wire.WhyAuthor, Seq: seq}
}

func seqOf(n int64) *int64 { return &n }

// TestPollsCarryActs: each frame that belongs to a room brings the room with it, and gets its answer. What is news comes by
// the poll that waits: of an event that answers, the connection brings the answer without its seq.
func TestPollsCarryActs(t *testing.T) {
	react := wire.React{Room: "lobby", Seq: 3, Emoji: "👍"}
	repeat := reactedBy(me, 0, 3)
	repeat.Repeat = true
	takeAway := react
	takeAway.On = new(bool)
	takenAway := repeat
	takenAway.On = false
	removedBefore := taken(0, 3)
	removedBefore.Repeat = true
	off := new(bool)
	refused := func(re string, seq *int64) wire.Refused {
		return wire.Refused{Re: re, Room: "lobby", Seq: seq, Code: wire.CodeRate, Message: "Slow down.", RetryMS: 500}
	}
	people := wire.People{Room: "lobby", Total: 2, Users: []wire.User{me, ann}}
	ms := int64(60_000)
	mute := wire.Moderate{Room: "lobby", Act: wire.ActMute, User: "g-1", For: &ms}
	muted := wire.Moderated{Room: "lobby", Seq: 8, Act: wire.ActMute, User: &wire.SomeUser{ID: "g-1"}, By: me, Until: 5}
	mutedBefore := muted
	mutedBefore.Seq, mutedBefore.Repeat = 0, true
	another := muted
	another.User = &wire.SomeUser{ID: "g-2"}
	slow := wire.Moderate{Room: "lobby", Act: wire.ActSlow, For: &ms}
	slowed := wire.Moderated{Room: "lobby", Act: wire.ActSlow, By: me, For: &ms, Repeat: true}
	for _, tt := range []struct {
		name   string
		said   wire.Frame
		answer []wire.Frame
		want   []wire.Frame
	}{
		{"react, an event", react, []wire.Frame{posted(4, ann, "news", 1e9), reactedBy(ann, 5, 3), reactedBy(me, 6, 3)},
			[]wire.Frame{withRepeat(reactedBy(ann, 5, 3)), repeat}}, // whose it is, the client sees
		{"react, a repeat", react, []wire.Frame{repeat}, []wire.Frame{repeat}},
		{"react, another emoji", react, []wire.Frame{wire.Reacted{Room: "lobby", To: 3, User: me, Emoji: "🎉", On: true,
			Seq: 6}}, nil},
		{"react, another message", react, []wire.Frame{reactedBy(me, 6, 2)}, nil},
		{"react, the opposite", react, []wire.Frame{takenAway}, nil},
		{"react, taken away", takeAway, []wire.Frame{takenAway}, []wire.Frame{takenAway}},
		{"react, refused", react, []wire.Frame{refused("react", seqOf(3))}, []wire.Frame{refused("react", seqOf(3))}},
		{"remove, an event", wire.Remove{Room: "lobby", Seq: 3}, []wire.Frame{taken(7, 3)}, []wire.Frame{removedBefore}},
		{"remove, a repeat", wire.Remove{Room: "lobby", Seq: 3}, []wire.Frame{removedBefore}, []wire.Frame{removedBefore}},
		{"remove, another's", wire.Remove{Room: "lobby", Seq: 3}, []wire.Frame{taken(7, 2)}, nil},
		{"remove, while it expires", wire.Remove{Room: "lobby", Seq: 3},
			[]wire.Frame{wire.Removed{Room: "lobby", Seqs: []int64{3}, Why: wire.WhyExpired}}, nil},
		{"remove, refused", wire.Remove{Room: "lobby", Seq: 3}, []wire.Frame{refused("remove", seqOf(3))},
			[]wire.Frame{refused("remove", seqOf(3))}},
		{"typing", wire.Typing{Room: "lobby", On: off}, []wire.Frame{wire.Typing{Room: "lobby", User: &ann}}, nil},
		{"typing, refused", wire.Typing{Room: "lobby"}, []wire.Frame{refused("typing", nil)},
			[]wire.Frame{refused("typing", nil)}},
		{"who", wire.Who{Room: "lobby"}, []wire.Frame{wire.Presence{Room: "lobby", People: 3}, people},
			[]wire.Frame{people}},
		{"who, refused", wire.Who{Room: "lobby"}, []wire.Frame{refused("who", nil)}, []wire.Frame{refused("who", nil)}},
		{"moderate, an event", mute, []wire.Frame{muted}, []wire.Frame{mutedBefore}},
		{"moderate, another's", mute, []wire.Frame{another}, nil},
		{"moderate, another act", slow, []wire.Frame{muted}, nil},
		{"moderate, a repeat", slow, []wire.Frame{slowed}, []wire.Frame{slowed}},
		{"moderate, refused", mute, []wire.Frame{refused("moderate", nil)}, []wire.Frame{refused("moderate", nil)}},
		{"rename", wire.Rename{Name: "Egret"}, []wire.Frame{wire.Authed{User: me}}, []wire.Frame{wire.Authed{User: me}}},
		{"rename, refused", wire.Rename{Name: "Egret"}, []wire.Frame{refused("rename", nil)},
			[]wire.Frame{refused("rename", nil)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, waits := dialPolls(t)
				c.write(tt.said)
				cursor := "e1 3"
				if _, ok := tt.said.(wire.Rename); ok {
					cursor = "" // it belongs to no room
				}
				p := c.told(cursor)
				if !reflect.DeepEqual(p.frames, []wire.Frame{tt.said}) {
					t.Errorf("the poll carries %+v, want %+v", p.frames, tt.said)
				}
				p.answer(append([]wire.Frame{resumed(3)}, tt.answer...)...)
				if tt.want != nil {
					c.wantRead(tt.want...)
				}
				waits.answer(resumed(3)) // the cursor has not moved
				c.wantRead(beat(), resumed(3))
				c.asked(wire.PollWait, "e1 3")
			})
		})
	}
}

// withRepeat returns f as a repeat.
func withRepeat(f wire.Reacted) wire.Reacted {
	f.Seq, f.Repeat = 0, true
	return f
}

// TestPollsBringEvents: each frame of an answer to the poll that waits comes as it is, and an event moves the cursor.
func TestPollsBringEvents(t *testing.T) {
	whole := resumed(9)
	whole.Reacted = []wire.MessageReactions{{Seq: 3, Reactions: []wire.Reaction{{Emoji: "👍", By: []string{"u-ann"}}}}}
	whole.Removed = []int64{2}
	for _, tt := range []struct {
		name   string
		news   []wire.Frame
		cursor string
	}{
		{"a reaction", []wire.Frame{resumed(3), reactedBy(ann, 5, 3)}, "e1 5"},
		{"a removal", []wire.Frame{resumed(3), taken(6, 2)}, "e1 6"},
		{"an expiry", []wire.Frame{resumed(3), wire.Removed{Room: "lobby", Seqs: []int64{2}, Why: wire.WhyExpired}}, "e1 3"},
		{"an act of a moderator", []wire.Frame{resumed(3),
			wire.Moderated{Room: "lobby", Seq: 7, Act: wire.ActClear, By: ann}}, "e1 7"},
		{"a ban", []wire.Frame{resumed(3),
			wire.Refused{Re: "join", Room: "lobby", Code: wire.CodeForbidden, RetryMS: 60_000}}, ""},
		{"what was missed", []wire.Frame{whole}, "e1 9"},
		{"presence", []wire.Frame{resumed(3), wire.Presence{Room: "lobby", People: 2, Came: []wire.User{ann}}}, "e1 3"},
		{"typing", []wire.Frame{resumed(3), wire.Typing{Room: "lobby", User: &ann}}, "e1 3"},
		{"a refusal of something else", []wire.Frame{resumed(3),
			wire.Refused{Re: "react", Room: "lobby", Code: wire.CodeGone}}, "e1 3"},
		{"a reaction in a room that was left",
			[]wire.Frame{resumed(3), wire.Reacted{Room: "tea", To: 1, User: ann, Seq: 7}}, "e1 3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, waits := dialPolls(t)
				waits.answer(tt.news...)
				c.wantRead(append([]wire.Frame{beat()}, tt.news...)...)
				c.asked(wire.PollWait, tt.cursor)
			})
		})
	}
}

// TestPollsKeepTheName: each hello sets the name of a guest, so each has the newest one.
func TestPollsKeepTheName(t *testing.T) {
	egret := me
	egret.Name = "Egret"
	altered := me
	altered.Name = "Egret (2)"
	for _, tt := range []struct {
		name   string
		answer wire.Frame
		want   string
	}{
		{"as asked", wire.Authed{User: egret}, "Egret"},
		{"altered", wire.Authed{User: altered}, "Egret (2)"},
		{"refused", wire.Refused{Re: "rename", Code: wire.CodeRate, Message: "Slow down."}, "Heron"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, waits := dialPolls(t)
				if waits.hello.Name != "Heron" {
					t.Errorf("the first name is %q", waits.hello.Name)
				}
				c.write(wire.Rename{Name: "Egret"})
				carries := c.told("")
				waits.answer(resumed(3))
				c.wantRead(beat(), resumed(3))
				waits = c.asked(wire.PollWait, "e1 3")
				if waits.hello.Name != "Egret" {
					t.Errorf("before the answer a poll says %q, and so takes the new name back", waits.hello.Name)
				}
				carries.answer(tt.answer)
				c.wantRead(tt.answer)
				waits.answer(resumed(3))
				c.wantRead(beat(), resumed(3))
				waits = c.asked(wire.PollWait, "e1 3")
				if waits.hello.Name != tt.want {
					t.Errorf("then a poll says %q, want %q", waits.hello.Name, tt.want)
				}
				w := welcome() // somebody who signs in has that name now
				w.User.Name = "Anonymous Heron 7"
				waits.say(w, resumed(3))
				c.wantRead(wire.Beat{Now: w.Now}, wire.Authed{User: w.User, Now: w.Now}, resumed(3))
				if p := c.asked(wire.PollWait, "e1 3"); p.hello.Name != w.User.Name {
					t.Errorf("at last a poll says %q, want %q", p.hello.Name, w.User.Name)
				}
			})
		})
	}
}
