package server

import (
	"net/http"
	"net/netip"
)

func (p Proxies) Client(r *http.Request) netip.Addr { return p.client(r) }
