package hub_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/shared/wire"
)

// TestVisitsLeaveNothingBehind looks into a room again and again, each time after it was closed.
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
			time.Sleep(lingering)
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

// lingering is longer than a room stays open that everyone left.
const lingering = 62 * time.Second

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

// settling begins to settle w, and returns what is closed once that is done.
func (w world) settling(t *testing.T) (settled chan struct{}) {
	settled = make(chan struct{})
	go func() {
		w.Settle(t.Context())
		close(settled)
	}()
	return settled
}

func notYet(t *testing.T, settled <-chan struct{}, what string) {
	t.Helper()
	synctest.Wait()
	select {
	case <-settled:
		t.Fatalf("settled although %s", what)
	default:
	}
}

func TestSettleWaitsForTheStream(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann, ben := w.in(t, "ann", "lobby"), w.in(t, "ben", "lobby")
		answer, bring := w.stream.Hold(), w.stream.HoldCopies()
		p := post(1, "lobby", 0)
		want := ann.posted(p, 1)
		ann.Post(p)
		settled := w.settling(t)
		notYet(t, settled, "a post has no answer")
		ben.Post(post(2, "lobby", 0)) // too late
		answer()
		notYet(t, settled, "nobody has what was accepted")
		ann.want(t, accepted(want, false))
		bring()
		<-settled
		for _, r := range []*recorder{ann, ben} {
			r.want(t, want)
		}
	})
}

// TestSettleWaitsForNobody: what is stored for a room that everyone left comes to nobody, and what expires need not come.
func TestSettleWaitsForNobody(t *testing.T) {
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
				if w.Settle(ctx); ctx.Err() != nil {
					t.Error("it never settles")
				}
			})
		})
	}
}

// TestStoredButNeverDelivered loses the copy that the stream should bring back.
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
