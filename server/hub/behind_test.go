package hub_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server/hub"
	"mayfly/server/stream/streamtest"
	"mayfly/shared/wire"
)

// A node is behind if another node has got an event of a room earlier, and a client of that node comes to this node.

// behind returns a room with a message of Ann's on this node, which is seq 1, and a message of Cleo's, which is seq 2 and
// does not come to this node before the test calls release.
func behind(t *testing.T, w world) (ann *recorder, release func()) {
	ann = w.in(t, "ann", "lobby")
	ann.Post(post(1, "lobby", time.Minute))
	synctest.Wait()
	ann.take()
	release = w.stream.HoldCopies()
	now := time.Now().UnixMilli()
	cleo := wire.User{ID: "u-cleo", Name: "cleo"} // on another node
	w.stream.AppendMessage("lobby", wire.Message{ID: id(2), User: cleo, Text: "x", At: now, Expires: now + 60_000})
	return ann, release
}

// TestClientFromANodeThatIsAhead: a client has a cursor beyond what this node has. Its join waits, and then it gets what
// follows. If that takes long, it is told to try again; a snapshot would make it forget what it has.
func TestClientFromANodeThatIsAhead(t *testing.T) {
	ahead := wire.Join{Room: "lobby", Cursor: &wire.Cursor{Epoch: "memory", Seq: 2}}
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann, release := behind(t, w)
		ben := w.person("ben")
		go ben.Join(t.Context(), "join", ahead)
		synctest.Wait()
		if frames := ben.take(); len(frames) > 0 {
			t.Errorf("while the node is behind, the join is answered with %+v", frames)
		}
		release()
		synctest.Wait()
		ann.Post(post(3, "lobby", time.Minute))
		frames := ben.take()
		if j, ok := frames[0].(wire.Joined); !ok || !j.Resumed || len(j.Messages) > 0 {
			t.Errorf("the join is answered with %+v, want nothing that the client has", frames[0])
		}
		if p, ok := frames[1].(wire.Posted); !ok || p.Seq != 3 {
			t.Errorf("then came %+v, want the message 3", frames[1])
		}
	})
	for _, tt := range []struct {
		name string
		err  error // of asking the stream for its head
	}{{"the event is late", nil}, {"nobody knows whether there is one", errors.New("no leader")}} {
		bubble(t, testConfig, func(t *testing.T, w world) {
			_, release := behind(t, w)
			w.stream.FailHeads(tt.err)
			ben := w.person("ben")
			ben.Join(t.Context(), "join", ahead)
			if f := next[wire.Refused](t, ben); f.Re != "join" || f.Code != wire.CodeUnavailable || f.RetryMS == 0 {
				t.Errorf("%s: the join is answered with %+v, want a time to try again", tt.name, f)
			}
			release()
			ben.Join(t.Context(), "join", ahead)
			if j := next[wire.Joined](t, ben); !j.Resumed {
				t.Errorf("%s: then the join is answered with %+v, want a resumed room", tt.name, j)
			}
		})
	}
	bubble(t, testConfig, func(t *testing.T, w world) {
		w.in(t, "ann", "lobby").Post(post(1, "lobby", time.Minute))
		ben := w.person("ben")
		began := time.Now()
		ben.Join(t.Context(), "join", ahead)
		if j := next[wire.Joined](t, ben); j.Resumed || len(j.Messages) != 1 || time.Since(began) > 0 {
			t.Errorf("a cursor that never was is answered with %+v after %s, want a list at once", j, time.Since(began))
		}
	})
}

// TestActsOnWhatThisNodeLacks: a user acts on a message that another node has, and this node not yet. The act waits. If that
// takes long, the user is told to try again, never that the message is gone.
func TestActsOnWhatThisNodeLacks(t *testing.T) {
	acts := map[string]func(c *recorder){
		"react":  func(c *recorder) { c.React(wire.React{Room: "lobby", Seq: 2, Emoji: hub.Emoji[0]}) },
		"remove": func(c *recorder) { c.Remove(wire.Remove{Room: "lobby", Seq: 2}) },
		"post": func(c *recorder) {
			p := post(9, "lobby", time.Minute)
			p.ReplyTo = new(int64(2))
			c.Post(p)
		},
	}
	for re, act := range acts {
		bubble(t, testConfig, func(t *testing.T, w world) {
			_, release := behind(t, w)
			cleo := w.in(t, "cleo", "lobby")
			time.AfterFunc(time.Second, release)
			act(cleo)
			synctest.Wait()
			done := slices.ContainsFunc(cleo.take(), func(f wire.Frame) bool {
				switch f := f.(type) {
				case wire.Reacted:
					return f.To == 2
				case wire.Removed:
					return f.Seqs[0] == 2
				case wire.Posted:
					return f.ReplyTo == 2
				}
				return false
			})
			if !done {
				t.Errorf("%s on a message that came late was not carried out", re)
			}
		})
		bubble(t, testConfig, func(t *testing.T, w world) {
			_, release := behind(t, w)
			defer release()
			cleo := w.in(t, "cleo", "lobby")
			act(cleo)
			if f := next[wire.Refused](t, cleo); f.Re != re || f.Code != wire.CodeUnavailable || f.RetryMS == 0 {
				t.Errorf("%s on a message that does not come is answered with %+v, want a time to try again", re, f)
			}
		})
	}
}

// askedStream counts how often it is asked for a head.
type askedStream struct {
	*streamtest.Memory
	asked atomic.Int64
}

func (s *askedStream) Head(ctx context.Context, room string) (head, last int64, err error) {
	s.asked.Add(1)
	return s.Memory.Head(ctx, room)
}

// TestStreamIsNotAskedOften: the stream is not asked each time if a user names many messages that are not there.
func TestStreamIsNotAskedOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := streamtest.NewMemory()
		asked := &askedStream{Memory: memory}
		w := worldOn(asked, memory)
		ann := w.in(t, "ann", "lobby")
		const many, most = 1000, 64
		for range many {
			ann.Remove(wire.Remove{Room: "lobby", Seq: 99})
		}
		for _, f := range ann.take() {
			if r, ok := f.(wire.Refused); !ok || r.Code != wire.CodeGone {
				t.Fatalf("got %+v, want that the message is gone", f)
			}
		}
		if n := asked.asked.Load(); n == 0 || n > most {
			t.Errorf("for %d removals the stream was asked %d times, want some, and at most %d", many, n, most)
		}
	})
}

// TestCursorOutlivesTheEvents: the last events of a room have expired, or have undone each other and were erased. A client
// that was told of them comes to a node that opens the room later. Nothing is new for it, and its cursor stays.
func TestCursorOutlivesTheEvents(t *testing.T) {
	for name, do := range map[string]func(mod *recorder){
		"a message": func(mod *recorder) {
			mod.Post(post(1, "lobby", time.Second))
		},
		"slow mode on and off": func(mod *recorder) {
			mod.slowFor(time.Minute)
			mod.slowFor(0)
		},
		"a message behind a longer one": func(mod *recorder) {
			mod.Post(post(1, "lobby", time.Minute))
			mod.Post(post(2, "lobby", time.Second))
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, testConfig, func(t *testing.T, w world) {
				mod := w.moderator(t, "mod", "lobby")
				do(mod)
				time.Sleep(2 * time.Second)
				mod.take()
				cursor := mod.join(t, "lobby", nil).Head
				other, stop := w.node(t)
				defer stop()
				ben := other.person("ben")
				for range 2 {
					j := ben.join(t, "lobby", &wire.Cursor{Epoch: "memory", Seq: cursor})
					if !j.Resumed || j.Head != cursor || len(j.Messages)+len(j.Removed)+len(j.Reacted) > 0 {
						t.Errorf("the join is answered with %+v, want a resumed room, the head %d, nothing new", j, cursor)
					}
				}
				mod.Post(post(3, "lobby", time.Minute))
				synctest.Wait()
				if got := ben.take(); len(got) != 1 || got[0].(wire.Posted).Message.Seq != cursor+1 {
					t.Errorf("then came %+v, want the next message", got)
				}
				if j := ben.join(t, "lobby", &wire.Cursor{Epoch: "memory", Seq: cursor + 2}); j.Resumed {
					t.Errorf("a cursor that never was is answered with %+v", j)
				}
			})
		})
	}
}

// TestCursorWaitsForWhatIsOnItsWay: the client's cursor is beyond the head because of an event that has expired, and an
// earlier message of the room is still on its way to this node. Nobody may miss it.
func TestCursorWaitsForWhatIsOnItsWay(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		other, stop := w.node(t)
		defer stop()
		cleo := other.in(t, "cleo", "lobby")
		release := w.stream.HoldCopies()
		ann := w.in(t, "ann", "lobby")
		ann.Post(post(1, "lobby", time.Minute))
		ann.Post(post(2, "lobby", time.Second))
		time.Sleep(1500 * time.Millisecond) // the second message has expired
		time.AfterFunc(time.Second, release)
		ben := other.person("ben")
		ben.Join(t.Context(), "join", wire.Join{Room: "lobby", Cursor: &wire.Cursor{Epoch: "memory", Seq: 2}})
		if j := next[wire.Joined](t, ben); !j.Resumed || j.Head != 2 {
			t.Errorf("the join is answered with %+v, want a resumed room", j)
		}
		if got := cleo.take(); len(got) != 1 || got[0].(wire.Posted).Message.Seq != 1 {
			t.Errorf("the other member got %+v, want the first message", got)
		}
	})
}

// TestErasedEventThatIsOnItsWay: a moderator turns slow mode off. On another node it is off already, so that node erases the
// event from the stream. The copy of the event has not reached this node yet when a client joins that has seen the event.
// When the copy arrives, this node must still apply it.
func TestErasedEventThatIsOnItsWay(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		mod := w.moderator(t, "mod", "lobby")
		mod.slowFor(time.Minute)
		release := w.stream.HoldCopies()
		mod.slowFor(0)
		w.stream.Erase("lobby", 2)
		ben := w.person("ben")
		if j := ben.join(t, "lobby", &wire.Cursor{Epoch: "memory", Seq: 2}); !j.Resumed {
			t.Errorf("the join is answered with %+v, want a resumed room", j)
		}
		release()
		ben.take()
		if j := ben.join(t, "lobby", nil); j.Slow != 0 || j.Head != 2 {
			t.Errorf("later the join is answered with %+v, want no slow mode", j)
		}
	})
}
