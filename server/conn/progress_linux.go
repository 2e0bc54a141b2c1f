package conn

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// progress asks the kernel how far the bytes that were written to conn have come. taken is how many bytes the client's
// kernel has acknowledged since the connection was opened. more is true if some written bytes are not acknowledged yet.
// If conn is not a TCP socket, progress returns 0 and false.
func progress(conn net.Conn) (taken uint64, more bool) {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return 0, false
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, false
	}
	_ = raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			taken, more = info.Bytes_acked, info.Unacked > 0 || info.Notsent_bytes > 0
		}
	})
	return taken, more
}
