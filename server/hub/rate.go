package hub

import (
	"fmt"
	"slices"
	"time"
)

// charge counts one post of c towards the limit of c's user. If the user is a guest, it also counts the post towards the
// limit that all guests of one address share. If a limit is reached, charge counts nothing, and returns how long the
// client must wait and a sentence that says why. If the post is allowed, delay is 0.
func (h *Hub) charge(c *Client, now time.Time) (delay time.Duration, problem string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	own := h.rateLocked(c.userID, h.config.Posts, h.config.Per)
	if delay := own.take(now); delay > 0 {
		return delay, fmt.Sprintf("Slow down: %d messages in %s.", own.n, human(own.per))
	}
	if c.address == "" {
		return 0, ""
	}
	all := h.rateLocked(c.address, h.config.GuestPosts, h.config.Per)
	if delay := all.take(now); delay > 0 {
		own.giveBack(now)
		return delay, fmt.Sprintf("Slow down: all guests from your network together may send %d messages in %s.",
			all.n, human(all.per))
	}
	return 0, ""
}

// chargeRename counts one change of the user's name against the rate of renames. If the limit is reached, it counts nothing
// and returns how long the client must wait.
func (h *Hub) chargeRename(c *Client, now time.Time) (wait time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rateLocked("renames "+c.userID, maxRenames, renamesPer).take(now)
}

// refund undoes charge for a post that stored no new message, for example a repeat. chargedAt is the time that charge was
// called with.
func (h *Hub) refund(c *Client, chargedAt time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, key := range []string{c.userID, c.address} {
		if w := h.rates[key]; w != nil {
			w.giveBack(chargedAt)
		}
	}
}

// chargeAct counts one act of c, or one typing frame, against the rate of acts of c's user. If the limit is reached,
// chargeAct counts nothing and returns how long the client must wait.
func (h *Hub) chargeAct(c *Client, now time.Time) (wait time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rateLocked(actsOf(c), h.config.Acts, h.config.Per).take(now)
}

// refundAct undoes chargeAct for an act that changed nothing. at is the time that chargeAct was called with.
func (h *Hub) refundAct(c *Client, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if w := h.rates[actsOf(c)]; w != nil {
		w.giveBack(at)
	}
}

// actsOf returns the key in Hub.rates for the acts of c's user. The key has spaces, so it cannot be a user id, which is the
// key for posts.
func actsOf(c *Client) string { return "acts of " + c.userID }

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

// take counts an event at the time now and returns 0. If the limit is reached, it counts nothing and returns how long it
// takes until the next event is allowed.
func (w *rateWindow) take(now time.Time) (delay time.Duration) {
	w.dropOld(now)
	if len(w.times) >= w.n {
		return w.per - now.Sub(w.times[0])
	}
	w.times = append(w.times, now)
	return 0
}

// giveBack undoes the call take(moment): it removes the event that this call counted.
func (w *rateWindow) giveBack(moment time.Time) {
	for i := len(w.times) - 1; i >= 0; i-- {
		if w.times[i].Equal(moment) {
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
