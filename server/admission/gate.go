// Package admission decides which requests may become a connection. For such a request it returns a Slot, for every other
// request a Rejection. It checks the origin of the page that sent the request, and finds out the client's address behind
// trusted proxies. The number of slots is limited, for the whole server and for each address. Package server counts the
// rejections and writes them as answers. Package admission also counts the failed sign-ins of each address, and finds
// proxies that are set up wrong.
package admission

import (
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
)

// Config says which requests a Gate admits.
type Config struct {
	Origins  *Origins
	Proxies  Proxies
	Conns    int // the most slots that are taken at the same time
	ConnsPer int // the most slots that one address may take at the same time
	Log      *slog.Logger
}

// Gate admits requests that want to become a connection. Any goroutine may call its methods.
type Gate struct {
	Check *ProxyCheck // static; finds proxies that are set up wrong; Admit passes requests to it

	origins *Origins    // static
	proxies Proxies     // static
	slots   *slots      // static
	closed  atomic.Bool // set by Close when the server stops; true: Admit rejects every request
}

// NewGate returns a gate that admits requests until Close is called.
func NewGate(c Config) *Gate {
	return &Gate{Check: newProxyCheck(c.Origins, c.Proxies, c.Log), origins: c.Origins, proxies: c.Proxies,
		slots: newSlots(c.Conns, c.ConnsPer)}
}

// Admit takes a slot for the address that r comes from, or rejects r. If the returned Rejection is nil, r is admitted, and
// the caller must later free the slot. If there was no slot, only Slot.From is set.
func (g *Gate) Admit(r *http.Request) (Slot, *Rejection) {
	if !g.origins.Allow(r) {
		return Slot{}, Foreign
	}
	g.Check.connects(r)
	if g.closed.Load() {
		return Slot{}, Stopping
	}
	from := g.proxies.client(r)
	if rejection := g.slots.take(from); rejection != nil {
		return Slot{From: from}, rejection
	}
	return Slot{from, g.slots}, nil
}

// Close makes the gate reject every later request with Stopping.
func (g *Gate) Close() { g.closed.Store(true) }

// Taken returns how many slots are taken.
func (g *Gate) Taken() int { return g.slots.now() }

// Slot is the permission for one connection.
type Slot struct {
	From  netip.Addr // the client's address; for IPv6, the first address of the client's /64 network
	slots *slots
}

// Free gives the slot back. Call it once.
func (s Slot) Free() { s.slots.free(s.From) }
