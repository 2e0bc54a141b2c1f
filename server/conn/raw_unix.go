//go:build unix

package conn

import (
	"errors"
	"net"
	"syscall"
)

// rawOf returns the system's socket under c. It returns nil if c is not a socket of the system, for example because c
// is a connection in memory.
func rawOf(c net.Conn) syscall.RawConn {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// rawWriter writes to sockets without waiting. One goroutine uses it, for one socket after the other, so that a write
// allocates nothing.
type rawWriter struct {
	p     []byte
	n     int
	err   error
	write func(fd uintptr) // writes p, and sets n and err
}

func newRawWriter() *rawWriter {
	w := &rawWriter{}
	w.write = func(fd uintptr) {
		for {
			w.n, w.err = syscall.Write(int(fd), w.p)
			if !errors.Is(w.err, syscall.EINTR) {
				return
			}
		}
	}
	return w
}

// now writes to raw as many bytes of p as the kernel takes at once, and returns how many these are. The caller makes sure
// that no other goroutine writes to raw. A write deadline of the connection does not count.
func (w *rawWriter) now(raw syscall.RawConn, p []byte) (n int, err error) {
	w.p = p
	// Control only keeps the socket open during the call. The method Write of raw would fail after a write deadline that
	// was set for an earlier write.
	err = raw.Control(w.write)
	w.p = nil
	switch {
	case err != nil:
		return 0, err
	case errors.Is(w.err, syscall.EAGAIN):
		return 0, nil
	case w.err != nil:
		return 0, w.err
	}
	return w.n, nil
}

// readRaw waits until raw has bytes to read, and reads some of them into p. It needs little stack. At the end of the stream
// it returns 0 and nil.
func readRaw(raw syscall.RawConn, p []byte) (n int, err error) {
	waited := raw.Read(func(fd uintptr) bool {
		for {
			n, err = syscall.Read(int(fd), p)
			if err != syscall.EINTR {
				return err != syscall.EAGAIN
			}
		}
	})
	if waited != nil {
		return 0, waited
	}
	return max(n, 0), err
}
