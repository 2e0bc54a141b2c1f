package admission

import (
	"net/http"
	"net/netip"
)

const MaxFailing = maxFailing

func (p Proxies) Client(r *http.Request) netip.Addr { return p.client(r) }

// Len returns how many addresses are remembered.
func (f *Failures) Len() int { return len(f.by) }
