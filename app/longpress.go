package app

import "time"

// holdTime is how long the user must hold a finger on a message until the message's actions open.
const holdTime = 500 * time.Millisecond

// A hold waits until the user has held a finger on a message for holdTime. The browser's own event for that, contextmenu,
// is not enough: Safari does not send this event on a phone.
type hold struct {
	timer  *time.Timer // runs while a finger is on a message and the actions are not open yet; otherwise nil
	touch  int         // the number of the last touch
	opened bool        // the last touch has opened the actions: ignore the click that some browsers then send for the touch
}

// begin runs when a finger goes down on a message. If the finger stays there for holdTime, a timer calls due on another
// goroutine with the number of the touch. due must then let the UI goroutine call take: the finger may have gone up in
// between.
func (h *hold) begin(due func(touch int)) {
	h.end()
	h.opened = false
	h.touch++
	touch := h.touch
	h.timer = time.AfterFunc(holdTime, func() { due(touch) })
}

// end ends the wait that begin has started, if it still runs. When the finger goes up, or when the browser begins to
// scroll, the page calls end, so that the message's actions do not open.
func (h *hold) end() {
	if h.timer != nil {
		h.timer.Stop()
		h.timer = nil
	}
}

// take ends the wait of that touch. It reports whether the finger was still on the message until now: then the actions must
// open.
func (h *hold) take(touch int) bool {
	if h.timer == nil || h.touch != touch {
		return false
	}
	h.end()
	return true
}
