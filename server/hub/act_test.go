package hub_test

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

func react(seq int64, emoji string) wire.React {
	return wire.React{Room: "lobby", Seq: seq, Emoji: emoji}
}

func takeAway(seq int64, emoji string) wire.React {
	return wire.React{Room: "lobby", Seq: seq, Emoji: emoji, On: new(false)}
}

func remove(seq int64) wire.Remove { return wire.Remove{Room: "lobby", Seq: seq} }

func (r *recorder) reacted(to int64, emoji string, on bool, seq int64) wire.Reacted {
	return wire.Reacted{Room: "lobby", To: to, User: r.user, Emoji: emoji, On: on, Seq: seq}
}

func (r *recorder) reactedRepeat(to int64, emoji string, on bool) wire.Reacted {
	f := r.reacted(to, emoji, on, 0)
	f.Repeat = true
	return f
}

func takenBack(of, seq int64) wire.Removed {
	return wire.Removed{Room: "lobby", Seqs: []int64{of}, Why: wire.WhyAuthor, Seq: seq}
}

func takenBackRepeat(of int64) wire.Removed {
	return wire.Removed{Room: "lobby", Seqs: []int64{of}, Why: wire.WhyAuthor, Repeat: true}
}

// posts posts n messages of r and drops the answers.
func (r *recorder) posts(n int) {
	for i := range n {
		r.Post(post(100+i, "lobby", 0))
	}
	r.take()
}

// as returns another connection of r's user, with a role, that has joined the lobby.
func (w world) as(t *testing.T, r *recorder, role hub.Role) *recorder {
	t.Helper()
	other := &recorder{user: r.user}
	other.Client = w.NewClient(other, other.user, "192.0.2.1", role)
	other.join(t, "lobby", nil)
	return other
}

func TestReactionsReachEveryone(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann, ben := w.in(t, "ann", "lobby"), w.in(t, "ben", "lobby")
		ann.posts(1)
		ben.take()
		for n, tt := range []struct {
			by              *recorder
			act             wire.React
			everyone, alone wire.Frame
		}{
			{ann, react(1, "🎉"), ann.reacted(1, "🎉", true, 2), nil},
			{ben, react(1, "👍"), ben.reacted(1, "👍", true, 3), nil},
			{ann, wire.React{Room: "lobby", Seq: 1, Emoji: "👍", On: new(true)}, ann.reacted(1, "👍", true, 4), nil},
			{ben, react(1, "👍"), nil, ben.reactedRepeat(1, "👍", true)},
			{ben, takeAway(1, "🎉"), nil, ben.reactedRepeat(1, "🎉", false)}, // it is ann's
			{ann, takeAway(1, "🎉"), ann.reacted(1, "🎉", false, 5), nil},
			{ann, react(1, "🎉"), ann.reacted(1, "🎉", true, 6), nil}, // comes last now
			{ben, takeAway(1, "👍"), ben.reacted(1, "👍", false, 7), nil},
			{ben, react(1, "👍"), ben.reacted(1, "👍", true, 8), nil},
		} {
			tt.by.React(tt.act)
			for _, r := range []*recorder{ann, ben} {
				switch {
				case tt.everyone != nil:
					r.want(t, tt.everyone)
				case r == tt.by:
					r.want(t, tt.alone)
				default:
					r.want(t)
				}
			}
			if t.Failed() {
				t.Fatalf("at step %d", n)
			}
		}
		want := []wire.Reaction{{Emoji: "👍", By: []string{"u-ann", "u-ben"}}, {Emoji: "🎉", By: []string{"u-ann"}}}
		j := w.person("cleo").join(t, "lobby", nil)
		if j.Head != 8 || !reflect.DeepEqual(j.Messages[0].Reactions, want) {
			t.Errorf("joined = %+v, want head 8 and reactions %+v", j, want)
		}
	})
}

// TestActRefusals holds the order of the checks: each frame is wrong in all that is checked later, too.
func TestActRefusals(t *testing.T) {
	re := func(f wire.Frame) string { return wire.Kind(f) }
	for _, tt := range []struct {
		name string
		by   string
		act  wire.Frame
		code wire.Code
		says string
	}{
		{"not joined", "reader", wire.React{Room: "tea", Seq: 9, Emoji: "x"}, wire.CodeRoom, "join it first"},
		{"no room's name", "ben", wire.React{Room: "No", Seq: 1, Emoji: "👍"}, wire.CodeRoom, "join it first"},
		{"a reader", "reader", react(9, "x"), wire.CodeForbidden, "signed in"},
		{"no message", "ben", react(0, "x"), wire.CodeGone, "not there"},
		{"never known", "ben", react(99, "x"), wire.CodeGone, "not there"},
		{"a reaction's seq", "ben", react(4, "👍"), wire.CodeGone, "not there"},
		{"taken back", "ben", react(2, "x"), wire.CodeGone, "not there"},
		{"taken back, by its author", "ann", react(2, "👍"), wire.CodeGone, "not there"},
		{"expired", "ben", react(3, "👍"), wire.CodeGone, "not there"},
		{"another emoji", "ben", react(1, "💩"), wire.CodeEmoji, "reaction"},
		{"none", "ben", react(1, ""), wire.CodeEmoji, "reaction"},
		{"without its variation selector", "ben", react(1, "❤"), wire.CodeEmoji, "reaction"},
		{"with a skin tone", "ben", takeAway(1, "👍🏽"), wire.CodeEmoji, "reaction"},
		{"take back, not joined", "ben", wire.Remove{Room: "tea", Seq: 9}, wire.CodeRoom, "join it first"},
		{"take back no message", "ann", remove(0), wire.CodeGone, "not there"},
		{"take back what never was", "ann", remove(99), wire.CodeGone, "not there"},
		{"take back what has expired", "ann", remove(3), wire.CodeGone, "not there"},
		{"take back a reaction", "ben", remove(4), wire.CodeGone, "not there"},
		{"take back what another has taken back", "ben", remove(2), wire.CodeGone, "not there"},
		{"take back another's", "ben", remove(1), wire.CodeForbidden, "your own"},
		{"take back another's, a reader", "reader", remove(1), wire.CodeForbidden, "your own"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, testConfig, func(t *testing.T, w world) {
				ann, ben := w.in(t, "ann", "lobby"), w.in(t, "ben", "lobby")
				reader := w.as(t, w.person("cleo"), hub.Reader)
				ann.posts(2)                            // 1 and 2
				ann.Post(post(3, "lobby", time.Second)) // 3
				ben.React(react(1, "👍"))                // 4
				ann.Remove(remove(2))                   // 5
				time.Sleep(time.Second)
				for range 60 { // more than the rate allows; repeats cost nothing
					ben.React(react(1, "👍"))
				}
				by := map[string]*recorder{"ann": ann, "ben": ben, "reader": reader}[tt.by]
				for _, r := range []*recorder{ann, ben, reader} {
					r.take()
				}
				before := len(w.stream.Stored("lobby"))
				room, seq := "", int64(0)
				switch f := tt.act.(type) {
				case wire.React:
					by.React(f)
					room, seq = f.Room, f.Seq
				case wire.Remove:
					by.Remove(f)
					room, seq = f.Room, f.Seq
				}
				got := next[wire.Refused](t, by)
				if got.Re != re(tt.act) || got.Room != room || got.Seq == nil || *got.Seq != seq || got.ID != "" ||
					got.Code != tt.code || got.RetryMS != 0 || !strings.Contains(got.Message, tt.says) {
					t.Errorf("refused = %+v, want code %q that says %q", got, tt.code, tt.says)
				}
				ben.want(t)
				if n := len(w.stream.Stored("lobby")); n != before {
					t.Errorf("the stream holds %d events, want %d", n, before)
				}
			})
		})
	}
}

func TestTakingBack(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann, ben := w.in(t, "ann", "lobby"), w.in(t, "ben", "lobby")
		p := post(1, "lobby", 0)
		want := ann.posted(p, 1)
		ann.Post(p)
		ben.React(react(1, "👍"))
		ben.Post(wire.Post{ID: id(2), Room: "lobby", Text: "reply", ReplyTo: new(int64(1))})
		ann.take()
		ben.take()
		time.Sleep(time.Second)
		ann.Remove(remove(1))
		ann.want(t, takenBack(1, 4))
		ben.want(t, takenBack(1, 4))
		ann.Remove(remove(1))
		ann.Post(p) // a repeat, as long as the message would have lived
		ann.want(t, takenBackRepeat(1), accepted(want, true))
		j := w.person("cleo").join(t, "lobby", nil)
		if j.Head != 4 || len(j.Messages) != 1 || j.Messages[0].ReplyTo != 1 || len(j.Removed)+len(j.Reacted) != 0 {
			t.Errorf("joined = %+v, want head 4 and the reply alone", j)
		}
		for _, e := range w.stream.Stored("lobby") {
			if e.Seq == 1 || strings.Contains(string(e.Body), p.Text) {
				t.Errorf("the stream still holds %+v", e)
			}
		}
		ben.take()
		time.Sleep(5*time.Minute - time.Second)
		ann.want(t, expired("lobby", 3)) // the reply alone: 1 is removed already
		ann.Remove(remove(1))
		if got := next[wire.Refused](t, ann); got.Code != wire.CodeGone {
			t.Errorf("past its deadline: %+v, want gone", got)
		}
		time.Sleep(2 * time.Second)
		ann.take()
		ann.Post(p)
		if got := ann.take()[0].(wire.Accepted); got.Repeat {
			t.Errorf("past its deadline: %+v, want a new post", got)
		}
		if n := w.Deadlines(); n != 1 {
			t.Errorf("%d deadlines, want that of the new message", n)
		}
	})
}

// TestReaderMayTakeBack: a user who may not post any more takes back what the user has posted.
func TestReaderMayTakeBack(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		ann.posts(1)
		reader := w.as(t, ann, hub.Reader)
		reader.Remove(remove(1))
		reader.want(t, takenBack(1, 2))
		reader.Post(post(9, "lobby", 0))
		if got := next[wire.Refused](t, reader); got.Code != wire.CodeForbidden {
			t.Errorf("post of a reader: %+v, want forbidden", got)
		}
	})
}

func TestReplies(t *testing.T) {
	for _, tt := range []struct {
		name string
		to   *int64
		code wire.Code // "": it is posted
	}{
		{"a message", new(int64(1)), ""},
		{"none", nil, ""},
		{"no message", new(int64(0)), wire.CodeGone},
		{"never known", new(int64(99)), wire.CodeGone},
		{"taken back", new(int64(2)), wire.CodeGone},
		{"expired", new(int64(3)), wire.CodeGone},
		{"a removal", new(int64(4)), wire.CodeGone},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, testConfig, func(t *testing.T, w world) {
				ann := w.in(t, "ann", "lobby", "tea")
				ann.posts(2)
				ann.Post(post(3, "lobby", time.Second))
				ann.Remove(remove(2))
				time.Sleep(time.Second)
				ann.take()
				p := wire.Post{ID: id(5), Room: "lobby", Text: "x", ReplyTo: tt.to,
					Mentions: []string{"u-ben", "g-cleo", "u-ben"}}
				ann.Post(p)
				if tt.code != "" {
					if got := next[wire.Refused](t, ann); got.Code != tt.code || got.ID != p.ID || got.RetryMS != 0 {
						t.Errorf("got %+v, want %s", got, tt.code)
					}
					return
				}
				want := ann.posted(p, 5)
				want.Mentions = []string{"u-ben", "g-cleo"}
				if tt.to != nil {
					want.ReplyTo = *tt.to
				}
				ann.want(t, accepted(want, false), want)
				if j := w.person("ben").join(t, "lobby", nil); !reflect.DeepEqual(j.Messages[1], want.Message) {
					t.Errorf("joined with %+v, want %+v", j.Messages[1], want.Message)
				}
			})
		})
	}
}

// TestGoneBeforeRate: a reply to a message that is gone costs nothing and is refused as that, also beyond the rate.
func TestGoneBeforeRate(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		for n := range 30 {
			ann.Post(wire.Post{ID: id(n), Room: "lobby", Text: "x", ReplyTo: new(int64(9))})
		}
		ann.take()
		ann.posts(20)
		for _, tt := range []struct {
			post wire.Post
			code wire.Code
		}{
			{wire.Post{ID: id(50), Room: "lobby", Text: "x", ReplyTo: new(int64(99))}, wire.CodeGone},
			{wire.Post{ID: id(50), Room: "lobby", Text: "x", ReplyTo: new(int64(99)), TTL: 1}, wire.CodeTTL},
			{wire.Post{ID: id(50), Room: "lobby", Text: "x", ReplyTo: new(int64(20))}, wire.CodeRate},
		} {
			ann.Post(tt.post)
			if got := next[wire.Refused](t, ann); got.Code != tt.code {
				t.Errorf("%+v: %+v, want %s", tt.post, got, tt.code)
			}
		}
	})
}

// TestOwnMessageIsThereOnceItIsAccepted: the author may act on a message before the stream has brought it back.
func TestOwnMessageIsThereOnceItIsAccepted(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		bring := w.stream.HoldCopies()
		p, reply := post(1, "lobby", 0), wire.Post{ID: id(2), Room: "lobby", Text: "x", ReplyTo: new(int64(1))}
		want, wantReply := ann.posted(p, 1), ann.posted(reply, 2)
		wantReply.ReplyTo = 1
		ann.Post(p)
		ann.want(t, accepted(want, false))
		ann.Post(reply)
		ann.React(react(1, "👍"))
		ann.Remove(remove(1))
		ann.want(t, accepted(wantReply, false))
		bring()
		ann.want(t, want, wantReply, ann.reacted(1, "👍", true, 3), takenBack(1, 4))
	})
}

func TestActsHaveARateOfTheirOwn(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		ann.posts(20)
		for n := range 59 {
			f := react(1+int64(n/2), "👍")
			if n%2 == 1 {
				f = takeAway(1+int64(n/2)%20, "👍")
			}
			f.Seq = 1
			ann.React(f)
		}
		for range 100 { // repeats, and what is refused
			ann.React(react(1, "👍"))
			ann.React(react(99, "👍"))
			ann.Remove(remove(99))
		}
		ann.take()
		ann.Remove(remove(2))
		if got := next[wire.Removed](t, ann); got.Repeat {
			t.Errorf("the 60th act: %+v", got)
		}
		ann.React(react(3, "👍"))
		if got := next[wire.Refused](t, ann); got.Code != wire.CodeRate || got.RetryMS != 10_000 ||
			!strings.Contains(got.Message, "60") {
			t.Errorf("the 61st act: %+v, want rate for 10 s", got)
		}
		w.as(t, ann, hub.Writer).Remove(remove(3)) // another connection of the same user
		time.Sleep(10 * time.Second)
		ann.Remove(remove(3))
		if got := next[wire.Removed](t, ann); got.Repeat {
			t.Errorf("10 s later: %+v", got)
		}
	})
}

func TestManyGiveOneReaction(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		ann.posts(1)
		var last *recorder
		for n := range wire.MaxReactors {
			last = w.in(t, fmt.Sprint("fan ", n), "lobby")
			last.React(react(1, "👍"))
		}
		ann.take()
		ann.React(react(1, "👍"))
		if got := next[wire.Refused](t, ann); got.Code != wire.CodeFull || got.RetryMS != 0 ||
			!strings.Contains(got.Message, "100") {
			t.Errorf("the 101st: %+v, want full", got)
		}
		ann.React(react(1, "🎉"))
		ann.React(takeAway(1, "👍"))
		ann.want(t, ann.reacted(1, "🎉", true, 102), ann.reactedRepeat(1, "👍", false))
		last.React(takeAway(1, "👍"))
		ann.take()
		ann.React(react(1, "👍"))
		ann.want(t, ann.reacted(1, "👍", true, 104))
	})
}

// TestWhatChangesNothingCostsNothing: an act that turns out to change nothing does not count against the rate.
func TestWhatChangesNothingCostsNothing(t *testing.T) {
	config := testConfig
	config.Acts = 1
	bubble(t, config, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		ann.posts(1)
		other := w.secondNode(config).in(t, "ann", "lobby")
		release := w.stream.Hold()
		ann.React(react(1, "👍"))
		other.React(react(1, "👍"))
		release()
		ann.take()
		other.take()
		ann.React(react(1, "🎉"))
		if got := next[wire.Refused](t, ann); got.Code != wire.CodeRate {
			t.Errorf("after a reaction: %+v, want rate", got)
		}
		other.React(react(1, "🎉"))
		other.want(t, ann.reacted(1, "🎉", true, 4))
	})
}

// secondNode returns a second node over the stream of w.
func (w world) secondNode(config hub.Config) world {
	return world{Hub: hub.New(config, w.stream, w.stream, hub.NewClock(time.Now), slog.New(slog.DiscardHandler)),
		stream: w.stream}
}

// TestTwoNodesAtOnce: two nodes check an act before either knows the other's. The stream's order decides, and the sender of
// what changes nothing is told once that is known.
func TestTwoNodesAtOnce(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before func(w world, t *testing.T)
		here   func(ann *recorder)
		there  func(other *recorder)
		wants  func(ann *recorder) wire.Frame // what only the second one gets
		code   wire.Code                      // or is refused with
	}{
		{name: "the same reaction", here: func(c *recorder) { c.React(react(1, "👍")) },
			there: func(c *recorder) { c.React(react(1, "👍")) },
			wants: func(ann *recorder) wire.Frame { return ann.reactedRepeat(1, "👍", true) }},
		{name: "the same removal", here: func(c *recorder) { c.Remove(remove(1)) },
			there: func(c *recorder) { c.Remove(remove(1)) },
			wants: func(*recorder) wire.Frame { return takenBackRepeat(1) }},
		{name: "a removal, then a reaction", here: func(c *recorder) { c.Remove(remove(1)) },
			there: func(c *recorder) { c.React(react(1, "👍")) }, code: wire.CodeGone},
		{name: "the 100th and the 101st", before: func(w world, t *testing.T) {
			for n := range wire.MaxReactors - 1 {
				w.in(t, fmt.Sprint("fan ", n), "lobby").React(react(1, "👍"))
			}
			w.in(t, "ben", "lobby").posts(0)
		}, here: func(c *recorder) { c.React(react(1, "👍")) },
			there: nil, code: wire.CodeFull},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, testConfig, func(t *testing.T, w world) {
				ann := w.in(t, "ann", "lobby")
				ann.posts(1)
				if tt.before != nil {
					tt.before(w, t)
				}
				other := w.secondNode(testConfig).in(t, "ann", "lobby")
				if tt.there == nil { // another user, on the other node
					other = w.secondNode(testConfig).in(t, "dan", "lobby")
					tt.there = tt.here
				}
				ann.take()
				other.take()
				head := int64(len(w.stream.Stored("lobby")))
				release := w.stream.Hold()
				tt.here(ann)
				tt.there(other)
				ann.want(t)
				release()
				seen, got := ann.take(), other.take()
				if len(seen) != 1 || len(got) != 2 || !reflect.DeepEqual(got[0], seen[0]) {
					t.Fatalf("one node was told %+v, the other %+v; want one change, and an answer", seen, got)
				}
				refused, ok := got[1].(wire.Refused)
				if tt.code != "" && (!ok || refused.Code != tt.code) {
					t.Errorf("got %+v, want %s", got[1], tt.code)
				}
				if tt.code == "" && !reflect.DeepEqual(got[1], tt.wants(ann)) {
					t.Errorf("got %+v, want %+v", got[1], tt.wants(ann))
				}
				for _, node := range []world{w, w.secondNode(testConfig)} {
					if j := node.person("eve").join(t, "lobby", nil); j.Head != head+1 {
						t.Errorf("head = %d, want %d: an event that changes nothing does not count", j.Head, head+1)
					}
				}
			})
		})
	}
}

// TestActsWithoutAnAnswerYet: the same act again waits for the first one's answer, the opposite one is stored after it.
func TestActsWithoutAnAnswerYet(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		ann.posts(2)
		tab := w.as(t, ann, hub.Writer)
		release := w.stream.Hold()
		ann.React(react(1, "👍"))
		tab.React(react(1, "👍"))
		ann.React(takeAway(1, "👍"))
		ann.React(react(1, "👍"))
		ann.React(react(1, "👍"))
		ann.Remove(remove(2))
		tab.Remove(remove(2))
		ann.want(t)
		release()
		on, off := ann.reacted(1, "👍", true, 3), ann.reacted(1, "👍", false, 4)
		again := ann.reacted(1, "👍", true, 5)
		ann.want(t, on, off, again, ann.reactedRepeat(1, "👍", true), takenBack(2, 6))
		tab.want(t, on, ann.reactedRepeat(1, "👍", true), off, again, takenBack(2, 6), takenBackRepeat(2))
	})
}

func TestActsWhenTheStreamFails(t *testing.T) {
	for _, tt := range []struct {
		err             error
		react, takeBack wire.Code
	}{{errors.New("broken"), wire.CodeUnavailable, wire.CodeUnavailable},
		{hub.ErrFull, wire.CodeFull, wire.CodeUnavailable}} {
		bubble(t, testConfig, func(t *testing.T, w world) {
			ann := w.in(t, "ann", "lobby")
			ann.posts(1)
			w.stream.FailAppends(tt.err)
			for range 100 { // none of them counts against the rate
				ann.React(react(1, "👍"))
				if got := next[wire.Refused](t, ann); got.Code != tt.react || got.RetryMS == 0 || *got.Seq != 1 {
					t.Fatalf("reaction: %+v, want %s", got, tt.react)
				}
				ann.Remove(remove(1))
				if got := next[wire.Refused](t, ann); got.Code != tt.takeBack || got.RetryMS == 0 {
					t.Fatalf("removal: %+v, want %s", got, tt.takeBack)
				}
			}
			w.stream.FailAppends(nil)
			ann.React(react(1, "👍"))
			ann.want(t, ann.reacted(1, "👍", true, 2))
		})
	}
}

// TestActWhoseEventNeverComes: its sender is told to try again, and then learns that it was carried out.
func TestActWhoseEventNeverComes(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		ann.posts(2)
		w.stream.LoseCopies(true)
		ann.React(react(1, "👍"))
		ann.Remove(remove(2))
		w.stream.LoseCopies(false)
		drained := make(chan struct{})
		go func() { ann.Drain(t.Context()); close(drained) }()
		notYet(t, drained, "two acts have no answer")
		time.Sleep(7 * time.Second)
		for _, f := range ann.take() {
			if got, ok := f.(wire.Refused); !ok || got.Code != wire.CodeUnavailable || got.RetryMS == 0 {
				t.Errorf("got %+v, want unavailable", f)
			}
		}
		<-drained
		for _, e := range w.stream.Stored("lobby") {
			if e.Seq == 2 {
				t.Error("the message that was taken back is not erased")
			}
		}
	})
}

// TestQueuedFramesForgetTheText: frames that wait in a queue when a message is taken back don't bring its text any more. Its
// author is sent what the author has posted, and everybody is sent the removal.
func TestQueuedFramesForgetTheText(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann, ben := w.in(t, "ann", "lobby"), w.in(t, "ben", "lobby")
		ann.Post(post(1, "lobby", 0))
		ann.Post(post(2, "lobby", 0))
		cleo := w.in(t, "cleo", "lobby")
		ben.React(react(1, "👍"))
		dan := w.person("dan")
		dan.join(t, "lobby", &wire.Cursor{Epoch: "memory", Seq: 2}) // with what was reacted
		ann.Remove(remove(1))
		synctest.Wait()
		now := time.Now().UnixMilli()
		written := func(r *recorder) (all string) {
			for _, f := range r.kept {
				all += string(f.AppendTo(nil, now)) + "\n"
			}
			return all
		}
		for _, r := range []*recorder{ben, cleo, dan} {
			got := written(r)
			if strings.Contains(got, "message 1") || strings.Contains(got, `"to":1`) != (r == ben) ||
				strings.Contains(got, `"reactions"`) || !strings.Contains(got, `"seqs":[1],"why":"author"`) {
				t.Errorf("written late to %s:\n%s", r.user.Name, got)
			}
		}
		if !strings.Contains(written(cleo), "message 2") || !strings.Contains(written(ann), "message 1") {
			t.Errorf("written late:\n%s\n%s", written(cleo), written(ann))
		}
		late := time.Now().Add(time.Hour).UnixMilli()
		for _, r := range []*recorder{ann, ben} {
			for _, f := range r.kept {
				if got := string(f.AppendTo(nil, late)); strings.Contains(got, `"text"`) {
					t.Errorf("written past the deadline: %s", got)
				}
			}
		}
	})
}

func TestResumeAfterActs(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann, ben := w.in(t, "ann", "lobby"), w.in(t, "ben", "lobby")
		ann.posts(4)                            // 1 to 4
		ann.React(react(1, "👍"))                // 5
		ann.React(react(2, "👍"))                // 6
		ann.Post(post(7, "lobby", time.Second)) // 7
		ann.React(react(7, "👍"))                // 8
		ann.Post(post(9, "lobby", 0))           // 9
		ann.Remove(remove(3))                   // 10
		ann.Remove(remove(9))                   // 11
		ann.React(takeAway(2, "👍"))             // 12
		ben.React(react(4, "🎉"))                // 13
		ann.Remove(remove(4))                   // 14
		reacted := func(seq int64, reactions ...wire.Reaction) wire.MessageReactions {
			return wire.MessageReactions{Seq: seq, Reactions: append([]wire.Reaction{}, reactions...)}
		}
		thumb := wire.Reaction{Emoji: "👍", By: []string{"u-ann"}}
		time.Sleep(time.Second) // 7 has expired
		ann.take()
		for _, tt := range []struct {
			cursor   int64
			messages []int64
			removed  []int64
			reacted  []wire.MessageReactions
		}{
			{0, []int64{1, 2}, []int64{3, 4, 9}, nil},
			{2, nil, []int64{3, 4, 9}, []wire.MessageReactions{reacted(1, thumb), reacted(2)}},
			{8, nil, []int64{3, 4, 9}, []wire.MessageReactions{reacted(2)}},
			{10, nil, []int64{4, 9}, []wire.MessageReactions{reacted(2)}},
			{12, nil, []int64{4}, nil},
			{14, nil, []int64{}, nil},
		} {
			j := w.person("cleo").join(t, "lobby", &wire.Cursor{Epoch: "memory", Seq: tt.cursor})
			var seqs []int64
			for _, m := range j.Messages {
				seqs = append(seqs, m.Seq)
			}
			if !j.Resumed || j.Head != 14 || !reflect.DeepEqual(seqs, tt.messages) ||
				!reflect.DeepEqual(j.Removed, tt.removed) ||
				len(j.Reacted) != len(tt.reacted) || len(j.Reacted) > 0 && !reflect.DeepEqual(j.Reacted, tt.reacted) {
				t.Errorf("from %d: %+v, want messages %v, removed %v, reacted %+v", tt.cursor, j, tt.messages,
					tt.removed, tt.reacted)
			}
			if f := w.quietJoin(t, tt.cursor); f != (tt.cursor == 14) {
				t.Errorf("from %d: quiet is %v", tt.cursor, f)
			}
		}
		j := w.person("cleo").join(t, "lobby", &wire.Cursor{Epoch: "memory", Seq: 15})
		if j.Resumed || len(j.Messages) != 2 || len(j.Removed)+len(j.Reacted) != 0 {
			t.Errorf("beyond the head: %+v", j)
		}
	})
}

// quietJoin reports whether the answer to a join with that cursor is quiet.
func (w world) quietJoin(t *testing.T, cursor int64) bool {
	r := w.person("dan")
	r.join(t, "lobby", &wire.Cursor{Epoch: "memory", Seq: cursor})
	return r.kept[0].Quiet()
}

// TestRoomThatIsReadAgain: once everybody has left and the room is read again, everything is as it was, and a message that
// should have been erased is erased.
func TestRoomThatIsReadAgain(t *testing.T) {
	config := testConfig
	config.TTL.Default = time.Hour.Milliseconds()
	bubble(t, config, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		ann.posts(3)
		ann.React(react(1, "👍"))
		ann.React(react(3, "👍"))
		ann.Remove(remove(2))
		w.stream.KeepErased(true)
		ann.Remove(remove(3))
		ann.take()
		ben := w.person("ben")
		before := ben.join(t, "lobby", nil)
		ben.Close()
		ann.Close()
		time.Sleep(longerThanEmpty)
		w.stream.KeepErased(false)
		cleo := w.in(t, "ann", "lobby")
		if after := w.person("ben").join(t, "lobby", nil); !reflect.DeepEqual(after.Messages, before.Messages) ||
			after.Head != before.Head {
			t.Errorf("joined %+v, before %+v", after, before)
		}
		for _, e := range w.stream.Stored("lobby") {
			if e.Kind == hub.KindMessage && e.Seq != 1 {
				t.Errorf("the stream still holds %+v", e)
			}
		}
		cleo.Post(post(101, "lobby", 0)) // of the message that was erased before the room was read
		if got := next[wire.Accepted](t, cleo); !got.Repeat || got.Seq != 2 {
			t.Errorf("a post again: %+v, want a repeat of 2", got)
		}
		cleo.Remove(remove(2))
		cleo.want(t, takenBackRepeat(2))
		if n := w.Deadlines(); n != 3 {
			t.Errorf("%d deadlines, want 3", n)
		}
	})
}

// TestWhatIsTakenBackTakesUpPlace: until its deadline, a message that was taken back still counts toward RoomMessages.
// Otherwise a user could fill the memory by posting messages and taking them back.
func TestWhatIsTakenBackTakesUpPlace(t *testing.T) {
	config := testConfig
	config.RoomMessages = 2
	bubble(t, config, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		ann.posts(2)
		ann.Remove(remove(1))
		ann.Remove(remove(2))
		ann.want(t, takenBack(1, 3), takenBack(2, 4))
		ann.Post(post(3, "lobby", 0))
		if got := next[wire.Refused](t, ann); got.Code != wire.CodeFull || got.RetryMS != 300_000 {
			t.Errorf("got %+v, want full for 5 min", got)
		}
	})
}

// TestReactionsTakeUpPlace: a room takes so many reactions, and every reaction can be taken away.
func TestReactionsTakeUpPlace(t *testing.T) {
	few, small := testConfig, testConfig
	few.RoomMessages, few.Acts = 2, 1000
	small.RoomBytes = 400
	for name, config := range map[string]hub.Config{"events": few, "bytes": small} {
		t.Run(name, func(t *testing.T) {
			bubble(t, config, func(t *testing.T, w world) {
				ann := w.in(t, "ann", "lobby")
				ann.posts(1)
				given := 0
				for ; given < 1000; given++ {
					c := w.in(t, fmt.Sprint("fan ", given), "lobby")
					c.React(react(1, hub.Emoji[given%6]))
					if got, ok := c.take()[0].(wire.Refused); ok {
						if got.Code != wire.CodeFull || got.RetryMS != 300_000 {
							t.Errorf("got %+v, want full for 5 min", got)
						}
						break
					}
					c.Close()
				}
				if name == "events" && given != hub.EventsFor(2) || name == "bytes" && (given < 3 || given > 10) {
					t.Errorf("%d reactions fit", given)
				}
				first := w.in(t, "fan 0", "lobby")
				first.React(takeAway(1, "👍"))
				if got := next[wire.Reacted](t, first); got.On || got.Repeat {
					t.Errorf("got %+v, want the reaction taken away", got)
				}
			})
		})
	}
}

func TestDrainWaitsForActs(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		ann.posts(2)
		answer, bring := w.stream.Hold(), w.stream.HoldCopies()
		ann.React(react(1, "👍"))
		ann.Remove(remove(2))
		drained := w.draining(t)
		notYet(t, drained, "two acts have no answer")
		ann.React(react(2, "👍")) // the hub rejects it: draining has begun
		answer()
		notYet(t, drained, "no member was told")
		bring()
		<-drained
		ann.want(t, ann.reacted(1, "👍", true, 3), takenBack(2, 4))
	})
}

// TestBeatTellsOfChanges: the head in a beat is the seq of the last event that has changed anything. A reaction that is
// there already takes a seq, but does not move the head.
func TestBeatTellsOfChanges(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		ann.posts(1)
		other := w.secondNode(testConfig).in(t, "ann", "lobby")
		release := w.stream.Hold()
		ann.React(react(1, "👍"))
		other.React(react(1, "👍")) // takes a seq and changes nothing
		release()
		ann.take()
		ann.Beat()
		if got := next[wire.Beat](t, ann); got.Heads["lobby"] != 2 {
			t.Errorf("beat = %+v, want head 2", got)
		}
	})
}
