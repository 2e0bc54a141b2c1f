package rig

import (
	"net"
	"strconv"
	"testing"

	"mayfly/server/tcptest"
)

// FreeAddr returns an address of this machine on which no program listens, at a port of tcptest.FreePort.
func FreeAddr(t testing.TB) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcptest.FreePort(t)))
}
