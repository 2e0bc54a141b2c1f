package server

import "time"

const (
	TickEvery  = tickEvery
	WheelSlots = wheelSlots
)

// Wheel is a wheel whose entries have numbers.
type Wheel struct {
	wheel
	entries map[int]*entry
}

func NewWheel(start time.Time) *Wheel {
	return &Wheel{wheel: wheel{start: start}, entries: map[int]*entry{}}
}

func (w *Wheel) Add(n int, now time.Time, in time.Duration) {
	if w.entries[n] == nil {
		w.entries[n] = &entry{}
	}
	w.add(w.entries[n], now, in)
}

func (w *Wheel) Remove(n int)             { w.remove(w.entries[n]) }
func (w *Wheel) Take(now time.Time) []int { return w.numbers(w.take(nil, now)) }
func (w *Wheel) TakeAll() []int           { return w.numbers(w.takeAll(nil)) }
func (w *Wheel) numbers(due []*entry) []int {
	var numbers []int
	for _, e := range due {
		for n, other := range w.entries {
			if e == other {
				numbers = append(numbers, n)
			}
		}
	}
	return numbers
}
