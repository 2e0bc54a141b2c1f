package hub

import "time"

// window admits at most n events in any span of its length: a ring of the last n times.
type window struct {
	times []time.Time
	next  int // the oldest, overwritten by the next event
	per   time.Duration
}

func newWindow(n int, per time.Duration) *window {
	return &window{times: make([]time.Time, n), per: per}
}

// take counts an event at now and returns 0, or counts nothing and returns how long until one will be admitted.
func (w *window) take(now time.Time) (wait time.Duration) {
	if oldest := w.times[w.next]; !oldest.IsZero() && now.Sub(oldest) < w.per {
		return w.per - now.Sub(oldest)
	}
	w.times[w.next] = now
	w.next = (w.next + 1) % len(w.times)
	return 0
}

// giveBack forgets the last event that take counted.
func (w *window) giveBack() {
	w.next = (w.next + len(w.times) - 1) % len(w.times)
	w.times[w.next] = time.Time{}
}

// idle reports whether nothing that was counted matters any more.
func (w *window) idle(now time.Time) bool {
	last := w.times[(w.next+len(w.times)-1)%len(w.times)]
	return now.Sub(last) >= w.per
}
