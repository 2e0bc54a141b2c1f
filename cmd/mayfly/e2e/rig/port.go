package rig

import (
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
)

// FreeAddr counts through these ports. The kernel gives none of them to an outgoing connection or to a listener on port 0,
// and Chromium forbids none of them.
const (
	firstPort = 20_000
	ports     = 12_000
	portsEach = 499 // the distance between the first ports of two test processes whose process ids follow each other
)

var portsGiven atomic.Int64

// FreeAddr returns an address of this machine on which no program listens. It returns each address only once, so that no
// other test gets the address before this test's server listens on it, or after that server has stopped.
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
