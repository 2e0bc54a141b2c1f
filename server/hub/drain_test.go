package hub_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server/stream/streamtest"
	"mayfly/shared/wire"
)

// TestDrainWaitsAsLongAsTheStreamGoesOn: Drain waits for a slow stream as long as it makes progress, and every accepted
// message reaches every member.
func TestDrainWaitsAsLongAsTheStreamGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := streamtest.NewMemory()
		slow := &streamtest.Slow{Memory: memory, Every: 3 * time.Second}
		w := worldOn(slow, memory)
		ann, ben := w.in(t, "ann", "lobby"), w.in(t, "ben", "lobby")
		const posts = 8 // 24 s
		for i := range posts {
			ann.Post(post(i, "lobby", 0))
		}
		began := time.Now()
		if err := w.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != posts*slow.Every {
			t.Errorf("it took %s, want %s", took, posts*slow.Every)
		}
		if got := len(ben.take()); got != posts {
			t.Errorf("the other got %d messages, want %d", got, posts)
		}
		if got := len(ann.take()); got != 2*posts {
			t.Errorf("the author got %d frames, want %d", got, 2*posts)
		}
	})
}

// TestDrainGivesUpAStreamThatStandsStill: Drain fails if the stream makes no progress. After that no post is accepted,
// because only some members would get it.
func TestDrainGivesUpAStreamThatStandsStill(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		answer := w.stream.Hold()
		ann.Post(post(1, "lobby", 0))
		ann.Post(post(1, "lobby", 0)) // a repeat waits for the same answer
		began := time.Now()
		err := w.Drain(t.Context())
		if took := time.Since(began); err == nil || !strings.Contains(err.Error(), "the stream") || took < 5*time.Second || took > 10*time.Second {
			t.Errorf("Drain = %v after %s, want an error that names the stream after 5 s", err, took)
		}
		answer()
		for _, f := range ann.take() {
			if _, ok := f.(wire.Accepted); ok {
				t.Errorf("got %+v after the hub had given up", f)
			}
		}
		if err := w.Drain(t.Context()); err != nil {
			t.Errorf("once the stream has answered: %v", err)
		}
	})
}
