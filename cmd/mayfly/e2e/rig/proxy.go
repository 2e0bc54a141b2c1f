package rig

import (
	"net"
	"testing"

	"mayfly/server/tcptest"
)

// Proxy forwards TCP connections, and breaks them when the test asks for it.
type Proxy = tcptest.Proxy

// NewProxy starts a proxy that listens on addr and forwards to target. If addr is "", the proxy takes a free port. It ends
// with the test.
func NewProxy(t testing.TB, addr, target string) *Proxy {
	t.Helper()
	return tcptest.NewProxy(t, addr, target)
}

// ServeBehindProxy starts a server and a proxy in front of it. url is the URL at which users open Mayfly through the proxy.
func ServeBehindProxy(t *testing.T, args ...string) (server *Server, proxy *Proxy, url string) {
	t.Helper()
	addr := FreeAddr(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	url = "http://localhost:" + port
	server = Serve(t, append(args, "-public-url", url)...)
	return server, NewProxy(t, addr, server.Addr()), url
}
