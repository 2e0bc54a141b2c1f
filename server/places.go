package server

import (
	"errors"
	"net/netip"
	"sync"
)

// places counts the connections that are there, and those on their way: all of them, and each address's.
type places struct {
	most, mostEach int // static

	mu    sync.Mutex // guards what follows
	taken int
	by    map[netip.Addr]int // never 0
}

func newPlaces(most, mostEach int) *places {
	return &places{most: most, mostEach: mostEach, by: map[netip.Addr]int{}}
}

var (
	errNoPlace        = errors.New("every place is taken")
	errNoPlaceForThem = errors.New("this address has all the places that it may have")
)

// take takes a place for a, which free must give back, or returns errNoPlace or errNoPlaceForThem.
func (p *places) take(a netip.Addr) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.taken >= p.most:
		return errNoPlace
	case p.by[a] >= p.mostEach:
		return errNoPlaceForThem
	}
	p.taken++
	p.by[a]++
	return nil
}

// free gives back a place that was taken for a.
func (p *places) free(a netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	if p.by[a]--; p.by[a] == 0 {
		delete(p.by, a)
	}
}

// now returns how many places are taken.
func (p *places) now() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}
