package server

import (
	"sync"
	"time"
)

const (
	// tickEvery is how far the wheel turns at once, and so how late Run may look at a connection.
	tickEvery = 250 * time.Millisecond

	// wheelSlots is how many slots a wheel has. One turn takes 64 s, longer than the time between two looks at a
	// connection.
	wheelSlots = 256
)

// wheel knows when Run must look at which connection (timing wheel). Each connection is in the slot of the tick at which
// it is due. So a tick touches only the connections that are due, and no connection needs a timer.
type wheel struct {
	start time.Time // static

	mu    sync.Mutex // guards what follows, and entry.place
	turn  int64      // the number of the next slot that take takes; slot n is due n*tickEvery after start
	slots [wheelSlots]*entry
}

// add makes e due when the duration in has passed since now, but after one turn of the wheel at the latest. It does
// nothing if e is in the wheel already, or after a call of remove(e).
func (w *wheel) add(e *entry, now time.Time, in time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.place.gone || e.place.slot != nil {
		return
	}
	in = min(in, wheelSlots*tickEvery)
	due := int64((now.Sub(w.start) + in + tickEvery - 1) / tickEvery)
	due = min(max(due, w.turn), w.turn+wheelSlots-1)
	head := &w.slots[due%wheelSlots]
	e.place.slot, e.place.next, e.place.prev = head, *head, nil
	if *head != nil {
		(*head).place.prev = e
	}
	*head = e
}

// remove takes e out of the wheel for good.
func (w *wheel) remove(e *entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e.place.gone = true
	if e.place.slot != nil {
		w.unlinkLocked(e)
	}
}

func (w *wheel) unlinkLocked(e *entry) {
	p := &e.place
	if p.prev != nil {
		p.prev.place.next = p.next
	} else {
		*p.slot = p.next
	}
	if p.next != nil {
		p.next.place.prev = p.prev
	}
	p.slot, p.next, p.prev = nil, nil, nil
}

// take takes the entries that are due at the time now out of the wheel, and appends them to due.
func (w *wheel) take(due []*entry, now time.Time) []*entry {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := int64(now.Sub(w.start) / tickEvery)
	for ; w.turn <= last; w.turn++ {
		due = w.takeSlotLocked(due, w.turn)
	}
	return due
}

// takeAll takes all entries out of the wheel, and appends them to due.
func (w *wheel) takeAll(due []*entry) []*entry {
	w.mu.Lock()
	defer w.mu.Unlock()
	for n := range int64(wheelSlots) {
		due = w.takeSlotLocked(due, n)
	}
	return due
}

func (w *wheel) takeSlotLocked(due []*entry, n int64) []*entry {
	head := &w.slots[n%wheelSlots]
	for *head != nil {
		e := *head
		w.unlinkLocked(e)
		due = append(due, e)
	}
	return due
}
