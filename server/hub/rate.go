package hub

import "time"

// window admits at most n events in any span of its length.
type window struct {
	n     int
	per   time.Duration
	times []time.Time // of the events that still count, oldest first
}

func newWindow(n int, per time.Duration) *window { return &window{n: n, per: per} }

// take counts an event at now and returns 0, or counts nothing and returns how long until one will be admitted.
func (w *window) take(now time.Time) (wait time.Duration) {
	w.forget(now)
	if len(w.times) >= w.n {
		return w.per - now.Sub(w.times[0])
	}
	w.times = append(w.times, now)
	return 0
}

// giveBack forgets the last event that take counted.
func (w *window) giveBack() {
	if len(w.times) > 0 {
		w.times = w.times[:len(w.times)-1]
	}
}

// idle reports whether nothing that was counted matters any more.
func (w *window) idle(now time.Time) bool {
	w.forget(now)
	return len(w.times) == 0
}

func (w *window) forget(now time.Time) {
	for len(w.times) > 0 && now.Sub(w.times[0]) >= w.per {
		w.times = w.times[1:]
	}
}
