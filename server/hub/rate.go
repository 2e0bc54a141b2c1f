package hub

import (
	"fmt"
	"slices"
	"time"
)

// admit counts one more post of c, or says how long to wait, and why.
func (h *Hub) admit(c *Client, now time.Time) (wait time.Duration, problem string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	own := h.rateLocked(c.userID, h.config.Posts, h.config.Per)
	if wait := own.take(now); wait > 0 {
		return wait, fmt.Sprintf("Slow down: %d messages in %s.", own.n, human(own.per))
	}
	if c.address == "" {
		return 0, ""
	}
	all := h.rateLocked(c.address, h.config.GuestPosts, h.config.Per)
	if wait := all.take(now); wait > 0 {
		own.giveBack(now)
		return wait, fmt.Sprintf("Slow down: all guests from your network together may send %d messages in %s.", all.n, human(all.per))
	}
	return 0, ""
}

// readmit gives back what admit counted at that time, for a post that was not accepted after all.
func (h *Hub) readmit(c *Client, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, of := range []string{c.userID, c.address} {
		if w := h.rates[of]; w != nil {
			w.giveBack(at)
		}
	}
}

func (h *Hub) rateLocked(of string, n int, per time.Duration) *window {
	w := h.rates[of]
	if w == nil {
		w = newWindow(n, per)
		h.rates[of] = w
	}
	return w
}

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

// giveBack forgets an event that take counted at that time.
func (w *window) giveBack(at time.Time) {
	for i := len(w.times) - 1; i >= 0; i-- {
		if w.times[i].Equal(at) {
			w.times = slices.Delete(w.times, i, i+1)
			return
		}
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
