package hub

import (
	"fmt"
	"slices"
	"time"
)

// charge counts one post of c against the rate of its user and, for a guest, of its address. If a limit is reached, charge
// counts nothing and returns how long to wait and the sentence that says why.
func (h *Hub) charge(c *Client, now time.Time) (wait time.Duration, problem string) {
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
		return wait, fmt.Sprintf("Slow down: all guests from your network together may send %d messages in %s.",
			all.n, human(all.per))
	}
	return 0, ""
}

// chargeAct counts an act of c against the rate of its user: something but a post that others are told. At the limit it
// counts nothing and returns how long to wait.
func (h *Hub) chargeAct(c *Client, now time.Time) (wait time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rateLocked("acts "+c.userID, h.config.Acts, h.config.Per).take(now) // user ids have no space
}

// chargeRename counts a change of the name by the user of c. At the limit it counts nothing and returns how long to wait.
func (h *Hub) chargeRename(c *Client, now time.Time) (wait time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rateLocked("renames "+c.userID, maxRenames, renamesPer).take(now)
}

// refund takes back the post that charge counted at that time. It runs for a post that stored no new message.
func (h *Hub) refund(c *Client, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, key := range []string{c.userID, c.address} {
		if w := h.rates[key]; w != nil {
			w.giveBack(at)
		}
	}
}

func (h *Hub) rateLocked(key string, n int, per time.Duration) *rateWindow {
	w := h.rates[key]
	if w == nil {
		w = newRateWindow(n, per)
		h.rates[key] = w
	}
	return w
}

// rateWindow is a sliding window: it allows at most n events in any span of per.
type rateWindow struct {
	n     int
	per   time.Duration
	times []time.Time // when the events that still count happened, oldest first
}

func newRateWindow(n int, per time.Duration) *rateWindow { return &rateWindow{n: n, per: per} }

// take counts an event at now and returns 0. At the limit it counts nothing and returns how long until the next event
// is allowed.
func (w *rateWindow) take(now time.Time) (wait time.Duration) {
	w.dropOld(now)
	if len(w.times) >= w.n {
		return w.per - now.Sub(w.times[0])
	}
	w.times = append(w.times, now)
	return 0
}

// giveBack removes the event that take counted at the time at.
func (w *rateWindow) giveBack(at time.Time) {
	for i := len(w.times) - 1; i >= 0; i-- {
		if w.times[i].Equal(at) {
			w.times = slices.Delete(w.times, i, i+1)
			return
		}
	}
}

// idle reports whether every event is so old that it does not count any more.
func (w *rateWindow) idle(now time.Time) bool {
	w.dropOld(now)
	return len(w.times) == 0
}

func (w *rateWindow) dropOld(now time.Time) {
	for len(w.times) > 0 && now.Sub(w.times[0]) >= w.per {
		w.times = w.times[1:]
	}
}
