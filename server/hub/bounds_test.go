package hub_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/shared/wire"
)

// TestVisitsLeaveNothingBehind joins a room again and again, each time after the hub has closed it.
func TestVisitsLeaveNothingBehind(t *testing.T) {
	config := testConfig
	config.TTL.Default = (24 * time.Hour).Milliseconds()
	bubble(t, config, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		for n := range 20 {
			ann.Post(post(n, "lobby", 0))
		}
		ann.Close()
		for range 5 {
			time.Sleep(longerThanEmpty)
			synctest.Wait()
			if n := w.Deadlines(); n != 0 {
				t.Fatalf("%d deadlines of a room that is closed", n)
			}
			visitor := w.in(t, "ben", "lobby")
			if n := w.Deadlines(); n != 20 {
				t.Fatalf("%d deadlines, want 20", n)
			}
			visitor.Close()
		}
	})
}

// longerThanEmpty is longer than an empty room stays in memory.
const longerThanEmpty = 62 * time.Second

func TestRoomsThatLingerKeepNobodyOut(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) { // 3 rooms
		for n := range 10 {
			w.in(t, fmt.Sprintf("flood %d", n), fmt.Sprintf("made-up-%d", n)).Close()
			time.Sleep(time.Millisecond)
		}
		ann := w.in(t, "ann", "lobby", "tea", "talk")
		ann.Join(t.Context(), "join", wire.Join{Room: "one-more"})
		if got := next[wire.Refused](t, ann); got.Code != wire.CodeRoom || got.RetryMS == 0 {
			t.Errorf("a fourth room with people in all three: %+v, want room with a retry_ms", got)
		}
	})
}

func TestManyExpireInSmallFrames(t *testing.T) {
	config := testConfig
	config.Posts, config.RoomMessages = 5000, 5000
	bubble(t, config, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		for n := range 2500 {
			ann.Post(post(n, "lobby", time.Second))
		}
		ann.take()
		time.Sleep(time.Second)
		gone := 0
		for _, f := range ann.take() {
			r, ok := f.(wire.Removed)
			if !ok || len(r.Seqs) > 1000 {
				t.Fatalf("got %T with %d, want removed with 1000 at most", f, len(r.Seqs))
			}
			gone += len(r.Seqs)
		}
		if gone != 2500 {
			t.Errorf("%d removed, want 2500", gone)
		}
	})
}

// draining starts Drain in a goroutine and returns a channel that is closed when Drain has returned.
func (w world) draining(t *testing.T) (drained chan struct{}) {
	drained = make(chan struct{})
	go func() {
		w.Drain(t.Context())
		close(drained)
	}()
	return drained
}

func notYet(t *testing.T, drained <-chan struct{}, why string) {
	t.Helper()
	synctest.Wait()
	select {
	case <-drained:
		t.Fatalf("drained although %s", why)
	default:
	}
}

func TestDrainWaitsForTheStream(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann, ben := w.in(t, "ann", "lobby"), w.in(t, "ben", "lobby")
		answer, bring := w.stream.Hold(), w.stream.HoldCopies()
		p := post(1, "lobby", 0)
		want := ann.posted(p, 1)
		ann.Post(p)
		drained := w.draining(t)
		notYet(t, drained, "a post has no answer")
		ben.Post(post(2, "lobby", 0)) // the hub rejects it: draining has begun
		answer()
		notYet(t, drained, "no member has the accepted message")
		ann.want(t, accepted(want, false))
		bring()
		<-drained
		for _, r := range []*recorder{ann, ben} {
			r.want(t, want)
		}
	})
}

// TestDrainWaitsForNobody: Drain does not wait for a message of a closed room, nor for one that has expired: neither is
// delivered to anybody.
func TestDrainWaitsForNobody(t *testing.T) {
	for name, meanwhile := range map[string]func(ann *recorder, answer func()){
		"nothing was posted":        func(ann *recorder, answer func()) {},
		"everyone left":             func(ann *recorder, answer func()) { answer(); ann.Close(); time.Sleep(62 * time.Second) },
		"everyone left before that": func(ann *recorder, answer func()) { ann.Close(); time.Sleep(62 * time.Second); answer() },
		"it expired":                func(ann *recorder, answer func()) { answer(); time.Sleep(6 * time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, testConfig, func(t *testing.T, w world) {
				ann := w.in(t, "ann", "lobby")
				answer := w.stream.Hold()
				w.stream.LoseCopies(true)
				if name != "nothing was posted" {
					ann.Post(post(1, "lobby", 0))
				}
				meanwhile(ann, answer)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if w.Drain(ctx); ctx.Err() != nil {
					t.Error("Drain waits for ever")
				}
			})
		})
	}
}

// TestStoredButNeverDelivered: the stream stores a message, and its copy never comes back. The message takes up room until
// it expires.
func TestStoredButNeverDelivered(t *testing.T) {
	config := testConfig
	config.RoomMessages = 1
	bubble(t, config, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		w.stream.LoseCopies(true)
		ann.Post(post(1, "lobby", time.Second))
		next[wire.Accepted](t, ann)
		ann.Post(post(2, "lobby", time.Second))
		if got := next[wire.Refused](t, ann); got.Code != wire.CodeFull {
			t.Errorf("while it lives: %+v, want full", got)
		}
		w.stream.LoseCopies(false)
		time.Sleep(3 * time.Second)
		ann.Post(post(2, "lobby", time.Second))
		if got := ann.take(); len(got) != 2 {
			t.Errorf("once it has expired: %+v, want accepted and posted", got)
		}
	})
}
