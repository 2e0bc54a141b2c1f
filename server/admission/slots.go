package admission

import (
	"net/netip"
	"sync"
)

// slots counts the connections that are open or being opened, in total and for each address.
type slots struct {
	most, mostPer int // static; the limits in total and for each address

	mu    sync.Mutex // guards what follows
	taken int
	by    map[netip.Addr]int // how many slots each address has taken; an address with 0 slots has no entry
}

func newSlots(most, mostPer int) *slots {
	return &slots{most: most, mostPer: mostPer, by: map[netip.Addr]int{}}
}

// take takes a slot for address. The caller must give the slot back with free. If no slot is free, take returns a
// rejection.
func (s *slots) take(address netip.Addr) *Rejection {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.taken >= s.most:
		return noSlot
	case s.by[address] >= s.mostPer:
		return noSlotForAddress
	}
	s.taken++
	s.by[address]++
	return nil
}

// free gives back one slot of address.
func (s *slots) free(address netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken--
	if s.by[address]--; s.by[address] == 0 {
		delete(s.by, address)
	}
}

// now returns how many slots are taken.
func (s *slots) now() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken
}
