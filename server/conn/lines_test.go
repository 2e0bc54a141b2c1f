package conn_test

import (
	"context"
	"net"
	"runtime"
	"testing"

	"go.uber.org/goleak"

	"mayfly/server/conn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestReadDoesNotWaitForALineThatLingers: a read of a line ends at once when the line is closed, although the line
// lingers.
func TestReadDoesNotWaitForALineThatLingers(t *testing.T) {
	lines := conn.NewLines()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	defer func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // by now every client has closed its end; others are cut
		_ = lines.Drain(ctx)
	}()
	listener := lines.Listener(l)
	for i := range 50 { // a read may come before the goroutine that lingers
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		accepted, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		accepted.Close()
		runtime.Gosched()
		if _, err := accepted.Read(make([]byte, 1)); err != net.ErrClosed {
			t.Fatalf("read: %v, want %v", err, net.ErrClosed)
		}
		if open := lines.Lingering(); open <= i {
			t.Fatalf("%d connections linger, want %d: the read has waited until one of them ended", open, i+1)
		}
	}
}
