package conn

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// progress returns how many of the bytes written to conn the client's kernel has acknowledged, and whether other
// written bytes are still on their way. It returns 0 and false if conn is not a socket that can tell this.
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
