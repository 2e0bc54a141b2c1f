package rig

import (
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
)

// FreeAddr counts through these ports. The kernel gives none of them to a connection or to a listener that asks for any
// port, and Chromium forbids none of them.
const (
	firstPort = 20_000
	ports     = 12_000
	portsEach = 499 // processes that test two packages side by side begin that far apart
)

var portsGiven atomic.Int64

// FreeAddr returns an address of this machine on which nobody listens. It returns each address once: no other test gets it
// before this test's server listens there, or after that server has stopped.
func FreeAddr(t testing.TB) string {
	t.Helper()
	for range ports {
		n := int64(os.Getpid())*portsEach + portsGiven.Add(1)
		addr := net.JoinHostPort("127.0.0.1", strconv.FormatInt(firstPort+n%ports, 10))
		if l, err := net.Listen("tcp", addr); err == nil {
			l.Close()
			return addr
		}
	}
	t.Fatal("no port is free")
	return ""
}
