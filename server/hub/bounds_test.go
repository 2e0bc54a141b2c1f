package hub_test

import (
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

func TestSettleWaitsForTheStream(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		w.Settle(t.Context()) // nothing is under way
		release := w.stream.Hold()
		ann.Post(post(1, "lobby", 0))
		settled := make(chan struct{})
		go func() {
			w.Settle(t.Context())
			close(settled)
		}()
		synctest.Wait()
		select {
		case <-settled:
			t.Fatal("settled although a post has no answer")
		default:
		}
		release()
		<-settled
		if got := ann.take(); len(got) != 2 || wire.Kind(got[0]) != "accepted" {
			t.Errorf("after the stream's answer: %+v", got)
		}
	})
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
