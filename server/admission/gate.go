// Package admission decides which requests may become a connection: it checks the page's origin, finds out the client's
// address behind trusted proxies, and gives out slots, of which an address and the whole server have so many. It also counts
// the failed sign-ins of an address. It answers with a Slot or a Rejection, and leaves it to package server to count
// rejections and to write them.
package admission

import (
	"net/http"
	"net/netip"
	"sync/atomic"
)

// Config says which requests a Gate admits.
type Config struct {
	Origins  *Origins
	Proxies  Proxies
	Conns    int // slots
	ConnsPer int // slots of one address
}

// Gate admits requests that want to become a connection. Any goroutine may call its methods.
type Gate struct {
	origins *Origins // static
	proxies Proxies  // static
	slots   *slots   // static
	closed  atomic.Bool
}

// NewGate returns an open gate.
func NewGate(c Config) *Gate {
	return &Gate{origins: c.Origins, proxies: c.Proxies, slots: newSlots(c.Conns, c.ConnsPer)}
}

// Admit takes a slot for the address that r comes from, or rejects r. The caller must free the slot.
func (g *Gate) Admit(r *http.Request) (Slot, *Rejection) {
	if !g.origins.Allow(r) {
		return Slot{}, Foreign
	}
	if g.closed.Load() {
		return Slot{}, Stopping
	}
	from := g.proxies.client(r)
	if rejection := g.slots.take(from); rejection != nil {
		return Slot{}, rejection
	}
	return Slot{from, g.slots}, nil
}

// Close rejects every later request: the server is stopping.
func (g *Gate) Close() { g.closed.Store(true) }

// Taken returns how many slots are taken.
func (g *Gate) Taken() int { return g.slots.now() }

// Slot is the permission for one connection.
type Slot struct {
	From  netip.Addr // where the client comes from; for IPv6, the first address of its network of 64 bits
	slots *slots
}

// Free gives the slot back. Call it once.
func (s Slot) Free() { s.slots.free(s.From) }
