package app

import "time"

// holdTime is how long a finger stays on a message until the message's actions open.
const holdTime = 500 * time.Millisecond

// A hold is a finger that stays on a message. The browser's own event for it, contextmenu, is not enough: Safari does not
// send it on a phone.
type hold struct {
	timer  *time.Timer // nil: no finger waits on a message
	opened bool        // the last touch has opened actions, so it does nothing else
}

// begin runs when a finger goes down on a message. If the finger stays for holdTime, due runs in a goroutine of its own. due
// must make the UI goroutine call take.
func (h *hold) begin(due func()) {
	h.end()
	h.opened = false
	h.timer = time.AfterFunc(holdTime, due)
}

// end runs when the finger goes up, or when the browser begins to scroll: then the finger no longer waits.
func (h *hold) end() {
	if h.timer != nil {
		h.timer.Stop()
		h.timer = nil
	}
}

// take reports whether the finger is still waiting on the message, and ends the wait.
func (h *hold) take() bool {
	waits := h.timer != nil
	h.end()
	return waits
}
