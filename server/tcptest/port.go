package tcptest

import (
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
)

// FreePort counts through these ports. The kernel gives none of them to an outgoing connection or to a listener on port 0,
// and Chromium forbids none of them.
const (
	firstPort = 12_000
	ports     = 20_000
	portsEach = 499 // the distance between the first ports of two test processes whose process ids follow each other
)

var portsGiven atomic.Int64

// FreePort returns a port of 127.0.0.1 on which no program listens. In one process it returns each port only once, so that
// no other test of the process gets the port before this test's server listens on it, or after that server has stopped.
func FreePort(t testing.TB) int {
	t.Helper()
	for range ports {
		n := int64(os.Getpid())*portsEach + portsGiven.Add(1)
		port := firstPort + int(n%ports)
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}
