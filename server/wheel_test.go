package server_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"mayfly/server"
)

// TestWheelTakesWhatIsDue adds entries at random times, and removes some. Each of the others is taken once: never before it is
// due, and less than a tick late, or at the end of a turn.
func TestWheelTakesWhatIsDue(t *testing.T) {
	const entries, ticks, oneTurn = 500, 3 * server.WheelSlots, server.WheelSlots * server.TickEvery
	random := rand.New(rand.NewPCG(1, 2))
	now := time.Now()
	w := server.NewWheel(now)
	type expected struct{ from, to time.Time }
	due, added := map[int]expected{}, 0
	for range ticks {
		if added < entries {
			in := time.Duration(random.Int64N(int64(2 * oneTurn)))
			w.Add(added, now, in)
			due[added] = expected{now.Add(min(in, oneTurn-server.TickEvery)), now.Add(min(in, oneTurn) + server.TickEvery)}
			if added%5 == 0 {
				w.Remove(added)
				w.Add(added, now, 0) // an entry that was removed never comes back
				delete(due, added)
			}
			added++
		}
		now = now.Add(server.TickEvery)
		for _, n := range w.Take(now) {
			e, ok := due[n]
			if !ok || now.Before(e.from) || !now.Before(e.to) {
				t.Fatalf("entry %d was taken at %s, want %+v, %v", n, now, e, ok)
			}
			delete(due, n)
		}
	}
	if left := w.TakeAll(); len(left) != len(due) {
		t.Errorf("%d entries are left, want %d", len(left), len(due))
	}
}

// TestWheelAfterAPause: the process stood still for longer than a turn. Then every entry is taken at the next tick.
func TestWheelAfterAPause(t *testing.T) {
	now := time.Now()
	w := server.NewWheel(now)
	for n, in := range []time.Duration{0, time.Second, time.Minute, math.MaxInt64} {
		w.Add(n, now, in)
	}
	now = now.Add(10 * time.Minute)
	taken := w.Take(now)
	if slices.Sort(taken); !slices.Equal(taken, []int{0, 1, 2, 3}) {
		t.Errorf("took %v, want all", taken)
	}
	w.Add(0, now, 0)
	if again := w.Take(now.Add(server.TickEvery)); !slices.Equal(again, []int{0}) {
		t.Errorf("took %v at the next tick, want entry 0", again)
	}
}
