package network

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// proxyTimeout is the longest time for a PROXY header to arrive. Proxies send it together with the first bytes.
	proxyTimeout = 5 * time.Second
	// maxV1 is the most bytes of a header of version 1, with the line end. maxV2 is the most bytes that Mayfly accepts
	// behind the first 16 bytes of a header of version 2: addresses, and more that proxies may add, such as what TLS
	// has agreed on.
	maxV1 = 107
	maxV2 = 4 << 10
)

// Proxied returns a listener whose connections have the address that their proxy has told by the PROXY protocol, version 1
// or 2: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt. A connection from an address for which trusted returns
// true, or over a Unix socket, must begin with such a header. Other connections are passed on as they are: so a stranger
// cannot claim an address, but may come without the proxy.
//
// The parser is Mayfly's own, because server/conn writes to the system's socket: libraries hide that behind a reader with a
// buffer. This one reads not one byte too many.
func Proxied(inner net.Listener, trusted func(netip.Addr) bool, log *slog.Logger) net.Listener {
	p := &proxied{Listener: inner, trusted: trusted, log: log, ready: make(chan net.Conn), closed: make(chan struct{})}
	p.running.Go(p.accept)
	return p
}

type proxied struct {
	net.Listener                       // static
	trusted      func(netip.Addr) bool // static
	log          *slog.Logger          // static
	ready        chan net.Conn         // the connections for Accept
	closed       chan struct{}         // closed by Close, or when accepting has failed
	closing      sync.Once
	failed       error       // why Accept fails; read it only after closed is closed
	warned       atomic.Bool // the log has told of a proxy without a header
	running      sync.WaitGroup
}

// Accept implements net.Listener.
func (p *proxied) Accept() (net.Conn, error) {
	select {
	case conn := <-p.ready:
		return conn, nil
	case <-p.closed:
		return nil, p.failed
	}
}

// Close implements net.Listener. It returns when accept and all calls of read have ended.
func (p *proxied) Close() error {
	p.end(net.ErrClosed)
	err := p.Listener.Close()
	p.running.Wait()
	return err
}

func (p *proxied) end(err error) {
	p.closing.Do(func() {
		p.failed = err
		close(p.closed)
	})
}

// accept accepts connections until the listener fails. It reads headers on goroutines of their own, so that a slow
// proxy delays no other connection.
func (p *proxied) accept() {
	for {
		conn, err := p.Listener.Accept()
		if isPassing(err) {
			p.log.Warn("accept a connection", "err", err)
			time.Sleep(acceptPause)
			continue
		}
		if err != nil {
			p.end(err)
			return
		}
		if addr, ok := addressOf(conn); ok && !p.trusted(addr) {
			p.pass(conn)
			continue
		}
		p.running.Go(func() { p.read(conn) })
	}
}

// acceptPause is how long accept waits after an error that may pass, such as that no file descriptor is free.
const acceptPause = 100 * time.Millisecond

func isPassing(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ECONNABORTED)
}

func (p *proxied) pass(conn net.Conn) {
	select {
	case p.ready <- conn:
	case <-p.closed:
		conn.Close()
	}
}

// read reads the header of conn, and passes the connection on.
func (p *proxied) read(conn net.Conn) {
	stop := make(chan struct{})
	defer close(stop)
	go func() { // ends the read when the listener is closed
		select {
		case <-p.closed:
			conn.Close()
		case <-stop:
		}
	}()
	from, err := netip.AddrPort{}, conn.SetReadDeadline(time.Now().Add(proxyTimeout))
	if err == nil {
		from, err = ReadHeader(conn)
	}
	if err == nil {
		err = conn.SetReadDeadline(time.Time{})
	}
	if err != nil {
		conn.Close()
		if !errors.Is(err, io.EOF) && !p.warned.Swap(true) { // the health check of a proxy sends nothing
			p.log.Warn("a proxy sends no PROXY header: let it send one, or leave out -proxy-protocol",
				"proxy", conn.RemoteAddr().String(), "err", err)
		}
		return
	}
	s, ok := conn.(stream)
	if from.IsValid() && ok {
		conn = &told{s, net.TCPAddrFromAddrPort(from)}
	}
	p.pass(conn)
}

// stream is what connections over TCP and over Unix sockets have in common.
type stream interface {
	net.Conn
	syscall.Conn
	CloseWrite() error
}

// told is a connection with the client's address that a proxy has told.
type told struct {
	stream
	remote net.Addr
}

// RemoteAddr implements net.Conn.
func (t *told) RemoteAddr() net.Addr { return t.remote }

const (
	v1Begins = "PROXY "
	v2Begins = "\r\n\r\n\x00\r\nQUIT\n"
)

var errNoHeader = errors.New("the connection does not begin with a PROXY header")

// ReadHeader reads a PROXY header from r, and not a byte more. It returns the address of the client. The address is invalid
// if the header tells none, because the proxy itself is the client, or because it does not know.
func ReadHeader(r io.Reader) (netip.AddrPort, error) {
	var begin [len(v2Begins)]byte
	if _, err := io.ReadFull(r, begin[:1]); err != nil {
		return netip.AddrPort{}, err
	}
	if begin[0] != v1Begins[0] && begin[0] != v2Begins[0] {
		return netip.AddrPort{}, errNoHeader
	}
	if _, err := io.ReadFull(r, begin[1:]); err != nil {
		return netip.AddrPort{}, fmt.Errorf("%w: %w", errNoHeader, err)
	}
	switch {
	case string(begin[:]) == v2Begins:
		return readV2(r)
	case strings.HasPrefix(string(begin[:]), v1Begins):
		return readV1(r, begin[:])
	}
	return netip.AddrPort{}, errNoHeader
}

// readV1 reads the rest of a line such as "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n".
func readV1(r io.Reader, line []byte) (netip.AddrPort, error) {
	var next [1]byte
	for line[len(line)-1] != '\n' {
		if len(line) == maxV1 {
			return netip.AddrPort{}, errors.New("a PROXY header of version 1 is too long")
		}
		if _, err := io.ReadFull(r, next[:]); err != nil {
			return netip.AddrPort{}, err
		}
		line = append(line, next[0])
	}
	bad := fmt.Errorf("a PROXY header of version 1 is malformed: %q", line)
	text, ok := strings.CutSuffix(string(line), "\r\n")
	words := strings.Split(text, " ")
	if !ok || len(words) < 2 {
		return netip.AddrPort{}, bad
	}
	if words[1] == "UNKNOWN" {
		return netip.AddrPort{}, nil
	}
	if len(words) != 6 {
		return netip.AddrPort{}, bad
	}
	from, err := netip.ParseAddr(words[2])
	at, portErr := netip.ParseAddrPort("0.0.0.0:" + words[4])
	family := map[bool]string{true: "TCP4", false: "TCP6"}[from.Is4()]
	if err != nil || portErr != nil || from.Zone() != "" || words[1] != family {
		return netip.AddrPort{}, bad
	}
	return netip.AddrPortFrom(from.Unmap(), at.Port()), nil
}

// readV2 reads the rest of a binary header.
func readV2(r io.Reader) (netip.AddrPort, error) {
	var fixed [4]byte // version and command, family and transport, the length of the rest
	if _, err := io.ReadFull(r, fixed[:]); err != nil {
		return netip.AddrPort{}, err
	}
	length := int(binary.BigEndian.Uint16(fixed[2:]))
	if fixed[0]>>4 != 2 || length > maxV2 {
		return netip.AddrPort{}, fmt.Errorf("a PROXY header has the version %d and %d bytes", fixed[0]>>4, length)
	}
	rest := make([]byte, length)
	if _, err := io.ReadFull(r, rest); err != nil {
		return netip.AddrPort{}, err
	}
	const local, proxy, tcp4, tcp6 = 0, 1, 0x11, 0x21
	switch command := fixed[0] & 0xf; {
	case command == local:
		return netip.AddrPort{}, nil
	case command != proxy:
		return netip.AddrPort{}, fmt.Errorf("a PROXY header has the command %d", command)
	case fixed[1] == tcp4 && length >= 12:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(rest)), binary.BigEndian.Uint16(rest[8:])), nil
	case fixed[1] == tcp6 && length >= 36:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(rest)).Unmap(), binary.BigEndian.Uint16(rest[32:])), nil
	case fixed[1] == tcp4 || fixed[1] == tcp6:
		return netip.AddrPort{}, errors.New("a PROXY header lacks addresses")
	}
	return netip.AddrPort{}, nil // the client of a Unix socket, or of another transport
}
