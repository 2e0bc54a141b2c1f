package hub_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server/hub"
	"mayfly/server/stream/streamtest"
	"mayfly/shared/wire"
)

// slowFor turns on slow mode in the lobby.
func (r *recorder) slowFor(every time.Duration) {
	r.Moderate(wire.Moderate{Room: "lobby", Act: wire.ActSlow, For: new(every.Milliseconds())})
}

// paces returns how many events of KindPace the stream stores.
func (w world) paces() (n int) {
	for _, e := range w.stream.Stored("lobby") {
		if e.Kind == hub.KindPace {
			n++
		}
	}
	return n
}

// TestSlowModeOutlivesTheMessage: nothing is left of a user's last post, and the room is read again, as after a restart.
// Slow mode still counts from that post. Nobody is told of what the stream stores for this, and the head stays where it is.
func TestSlowModeOutlivesTheMessage(t *testing.T) {
	const life = 5 * time.Minute // of the messages
	for name, test := range map[string]struct {
		do     func(mod, ann *recorder)
		every  time.Duration // of slow mode, after do
		stored int           // how many events of KindPace do needs
	}{
		"a post in slow mode": {func(mod, ann *recorder) {
			mod.slowFor(time.Hour)
			ann.Post(post(1, "lobby", 0))
		}, time.Hour, 1},
		"a post that slow mode follows": {func(mod, ann *recorder) {
			ann.Post(post(1, "lobby", 0))
			mod.slowFor(time.Hour)
		}, time.Hour, 1},
		"a post in a slow mode that becomes longer once the message has expired": {func(mod, ann *recorder) {
			mod.slowFor(10 * time.Minute)
			ann.Post(post(1, "lobby", 0))
			time.Sleep(life + time.Minute)
			mod.slowFor(time.Hour)
		}, time.Hour, 1},
		"a second post": {func(mod, ann *recorder) {
			mod.slowFor(10 * time.Minute)
			ann.Post(post(1, "lobby", 0))
			time.Sleep(10 * time.Minute)
			ann.Post(post(2, "lobby", 0))
		}, 10 * time.Minute, 1},
		"a post that is taken back": {func(mod, ann *recorder) {
			mod.slowFor(4 * time.Minute)
			ann.Post(post(1, "lobby", 0))
			ann.Remove(remove(2))
		}, 4 * time.Minute, 0}, // the removal says when the message was posted
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, testConfig, func(t *testing.T, w world) {
				mod, ann := w.moderator(t, "mod", "lobby"), w.in(t, "ann", "lobby")
				test.do(mod, ann)
				synctest.Wait()
				if n := w.paces(); n != test.stored {
					t.Errorf("the stream stores %d times of posts, want %d", n, test.stored)
				}
				var head, at int64 // at is when ann has posted last
				for _, f := range ann.take() {
					switch f := f.(type) {
					case wire.Posted:
						head, at = f.Message.Seq, f.Message.At
					case wire.Moderated:
						head = f.Seq
					case wire.Removed:
						head = max(head, f.Seq)
					}
				}
				eve := w.person("eve")
				if got := eve.join(t, "lobby", nil).Head; got != head {
					t.Errorf("the head is %d, but the last frame had the seq %d", got, head)
				}
				for _, each := range []*recorder{mod, ann, eve} {
					each.Close()
				}
				ends := time.UnixMilli(at).Add(test.every)
				time.Sleep(time.Until(ends) / 2)
				if n := w.Stats().Rooms; n != 0 {
					t.Fatalf("%d rooms are open, want none", n)
				}
				ann = w.in(t, "ann", "lobby")
				ann.Post(post(9, "lobby", 0))
				got, wait := next[wire.Refused](t, ann), time.Until(ends)
				if got.Code != wire.CodeRate || got.RetryMS != wait.Milliseconds() {
					t.Errorf("after %s: %+v, want a wait of %s", time.Since(time.UnixMilli(at)), got, wait)
				}
				time.Sleep(time.Until(ends))
				ann.Post(post(9, "lobby", 0))
				if _, ok := ann.take()[0].(wire.Accepted); !ok {
					t.Error("the post is not accepted once slow mode allows it")
				}
			})
		})
	}
}

// TestStreamStoresSoManyPaces: the stream stores the last posts of MaxPaces users of a room and no more. It stores new ones
// when these have expired.
func TestStreamStoresSoManyPaces(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		mod := w.moderator(t, "mod", "lobby")
		for n := range hub.MaxPaces + 10 {
			user := w.in(t, fmt.Sprint(n), "lobby")
			user.Post(post(1, "lobby", time.Second))
			user.Close()
			time.Sleep(2 * time.Second) // so that the next user is not sent the message
		}
		mod.slowFor(time.Hour)
		synctest.Wait()
		if n := w.paces(); n != hub.MaxPaces {
			t.Errorf("the stream stores %d times of posts, want %d", n, hub.MaxPaces)
		}
		mod.Post(post(2, "lobby", 0))
		synctest.Wait()
		if n := w.paces(); n != hub.MaxPaces {
			t.Errorf("after one more post the stream stores %d times of posts, want %d", n, hub.MaxPaces)
		}
		time.Sleep(time.Hour + 2*time.Second) // until the room has forgotten the others, too
		mod.Post(post(3, "lobby", 0))
		synctest.Wait()
		if n := w.paces(); n != 1 {
			t.Errorf("after an hour the stream stores %d times of posts, want the new one", n)
		}
	})
}

// heldPosts is a stream that answers no post until the test calls answer.
type heldPosts struct {
	*streamtest.Memory
	posts []func(error)
}

func (s *heldPosts) Append(room string, e hub.Event, done func(hub.Receipt, error)) {
	if e.Kind != hub.KindMessage {
		s.Memory.Append(room, e, done)
		return
	}
	s.posts = append(s.posts, func(err error) {
		if err != nil {
			done(hub.Receipt{}, err)
			return
		}
		s.Memory.Append(room, e, done)
	})
}

func (s *heldPosts) answer(err error) {
	s.posts[0](err)
	s.posts = s.posts[1:]
}

// TestSlowModeBesideAnUnansweredPost: slow mode begins while the stream has not answered a post. It counts from that post
// only if the stream stores it.
func TestSlowModeBesideAnUnansweredPost(t *testing.T) {
	for _, failure := range []error{nil, errors.New("no leader")} {
		t.Run(fmt.Sprint(failure), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				memory := streamtest.NewMemory()
				stream := &heldPosts{Memory: memory}
				w := worldOn(stream, memory)
				mod, ann := w.moderator(t, "mod", "lobby"), w.in(t, "ann", "lobby")
				ann.Post(post(1, "lobby", 0))
				mod.slowFor(time.Hour)
				synctest.Wait()
				if n := w.paces(); n != 0 {
					t.Errorf("the stream stores %d times of posts before it has stored a post", n)
				}
				stream.answer(failure)
				synctest.Wait()
				stored, wantStored := w.paces(), 1
				ann.take()
				ann.Post(post(2, "lobby", 0))
				waits := len(stream.posts) == 0
				if failure != nil {
					wantStored = 0
					stream.answer(nil)
				}
				if stored != wantStored || waits != (failure == nil) {
					t.Errorf("the stream stores %d times of posts, and the next post must wait: %t", stored, waits)
				}
				if err := w.Drain(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestLaterPostCounts: two nodes store times of a user's posts, and the older time comes last. The stream keeps the later
// one.
func TestLaterPostCounts(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		w.moderator(t, "mod", "lobby").slowFor(time.Hour)
		now := time.Now().UnixMilli()
		for n, at := range []int64{now - 1000, now - 60_000} {
			w.stream.Append("lobby", hub.Event{Kind: hub.KindPace, User: "u-ann", ID: fmt.Sprint(n), At: now,
				Expires: at + time.Hour.Milliseconds(), Body: fmt.Append(nil, at)}, func(hub.Receipt, error) {})
		}
		if n := w.paces(); n != 1 {
			t.Errorf("the stream stores %d times of posts, want one", n)
		}
		other, stop := w.node(t)
		defer stop()
		ann := other.in(t, "ann", "lobby")
		ann.Post(post(1, "lobby", 0))
		if got := next[wire.Refused](t, ann); got.RetryMS != (time.Hour - time.Second).Milliseconds() {
			t.Errorf("the post is answered with %+v, want a wait since the later one", got)
		}
	})
}
