// Package network opens the listeners of the public server: on a TCP address, on a Unix socket, or on a socket that systemd
// has opened. It finds out the address of a client behind a proxy that speaks the PROXY protocol, and limits the connections
// on which no request is under way (Waiting). It knows nothing of requests: package admission decides on these.
package network

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// UnixPrefix begins the address of a Unix socket, such as unix:/run/mayfly/sock. Systemd is the address of a socket that
// systemd has opened; a colon and the socket's name may follow.
const (
	UnixPrefix = "unix:"
	Systemd    = "systemd"
)

// socketMode are the permissions of a Unix socket. The user and the group of this process may write to it, and so may
// connect. The proxy must run as this user or in this group.
const socketMode = 0o660

// Inherited are the sockets that systemd has opened for this process, in the variables LISTEN_PID, LISTEN_FDS and
// LISTEN_FDNAMES: https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html. The zero value has none.
type Inherited struct {
	count int
	names []string // the name of each socket; there may be fewer names than sockets
}

// firstInherited is the file descriptor of the first socket.
const firstInherited = 3

// InheritedBy returns the sockets for the process pid. get returns the value of a variable.
func InheritedBy(pid int, get func(name string) string) Inherited {
	count, err := strconv.Atoi(get("LISTEN_FDS"))
	if err != nil || count < 0 || get("LISTEN_PID") != strconv.Itoa(pid) {
		return Inherited{}
	}
	return Inherited{count, strings.Split(get("LISTEN_FDNAMES"), ":")}
}

// Check returns an error if addr is not an address for Listen.
func Check(addr string) error {
	if path, ok := strings.CutPrefix(addr, UnixPrefix); ok {
		if !strings.HasPrefix(path, "/") {
			return errors.New("want the whole path of a Unix socket, such as unix:/run/mayfly/sock")
		}
		return nil
	}
	if _, ok := systemdName(addr); ok {
		return nil
	}
	_, port, err := net.SplitHostPort(addr)
	if n, convErr := strconv.Atoi(port); err != nil || convErr != nil || n < 0 || n > 65535 {
		return errors.New("want host:port, such as 127.0.0.1:8080 or :8080, or unix:/PATH, or systemd")
	}
	return nil
}

// systemdName returns the name in the address systemd:NAME, or "" for systemd. ok is false for other addresses, also if
// NAME is a number: then it is a port.
func systemdName(addr string) (name string, ok bool) {
	system, name, _ := strings.Cut(addr, ":")
	return name, system == Systemd && (name == "" || strings.Trim(name, "0123456789") != "")
}

// Listen listens on addr: host:port, unix:/PATH, systemd, or systemd:NAME.
func Listen(addr string, inherited Inherited) (net.Listener, error) {
	if path, ok := strings.CutPrefix(addr, UnixPrefix); ok {
		return listenUnix(path)
	}
	if name, ok := systemdName(addr); ok {
		return inherited.listen(name)
	}
	return net.Listen("tcp", addr)
}

// listenUnix makes a Unix socket. A socket that a killed process has left is replaced. The listener removes the socket when
// it is closed.
func listenUnix(path string) (net.Listener, error) {
	l, err := net.Listen("unix", path)
	if errors.Is(err, syscall.EADDRINUSE) && isLeft(path) {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
		l, err = net.Listen("unix", path)
	}
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, socketMode); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// isLeft reports whether path is a socket on which no process listens.
func isLeft(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != os.ModeSocket {
		return false
	}
	conn, err := net.Dial("unix", path)
	if err == nil {
		conn.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// listen returns a listener on the socket with this name; if name is empty, on the only socket.
func (in Inherited) listen(name string) (net.Listener, error) {
	if in.count == 0 {
		return nil, errors.New("systemd has opened no socket for this process: start mayfly.socket, or choose another " +
			"address")
	}
	at := -1
	for i := range in.count {
		if name == "" || i < len(in.names) && in.names[i] == name {
			if at >= 0 {
				return nil, fmt.Errorf("systemd has opened %d sockets that fit: say which by FileDescriptorName=, "+
					"and here by %s:NAME; their names are %q", in.count, Systemd, in.names)
			}
			at = i
		}
	}
	if at < 0 {
		return nil, fmt.Errorf("systemd has opened no socket with the name %q: their names are %q", name, in.names)
	}
	file := os.NewFile(uintptr(firstInherited+at), "systemd socket")
	l, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("the socket of systemd: %w: want ListenStream= in its unit", err)
	}
	return l, file.Close() // the listener has a descriptor of its own
}

// shared has the addresses that providers of internet access use inside their own networks (RFC 6598). Nobody outside such a
// network can reach them.
var shared = netip.MustParsePrefix("100.64.0.0/10")

// Public reports whether strangers on the internet may reach a listener at host. It returns false only for localhost
// and for an address of this machine, of a private or local network, or in shared. "" stands for every address, so
// Public returns true for it.
func Public(host string) bool {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host != "localhost"
	}
	addr = addr.Unmap()
	return !addr.IsLoopback() && !addr.IsPrivate() && !addr.IsLinkLocalUnicast() && !shared.Contains(addr)
}

// addressOf returns the address of the client of conn. ok is false if it has none, because it came over a Unix socket.
func addressOf(conn net.Conn) (addr netip.Addr, ok bool) {
	at, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	return at.Addr().Unmap().WithZone(""), err == nil
}
