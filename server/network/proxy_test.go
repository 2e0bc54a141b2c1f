package network_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mayfly/server/network"
)

const v2Begins = "\r\n\r\n\x00\r\nQUIT\n"

// v2 returns a header of version 2 with these addresses, or others, behind its fixed bytes.
func v2(command, family byte, rest ...byte) string {
	return v2Begins + string([]byte{0x20 | command, family}) +
		string(binary.BigEndian.AppendUint16(nil, uint16(len(rest)))) +
		string(rest)
}

var (
	tcp4 = []byte{192, 0, 2, 1, 198, 51, 100, 1, 0xdc, 0x04, 1, 187}
	tcp6 = append(append(netip.MustParseAddr("2001:db8::1").AsSlice(), make([]byte, 16)...), 0xdc, 0x04, 1, 187)
)

var headers = []struct{ name, header, from string }{
	{"version 1", "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", "192.0.2.1:56324"},
	{"version 1, IPv6", "PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n", "[2001:db8::1]:56324"},
	{"version 1, IPv4 in IPv6", "PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.1 1 443\r\n", "192.0.2.1:1"},
	{"version 1, unknown", "PROXY UNKNOWN\r\n", ""},
	{"version 1, unknown with more", "PROXY UNKNOWN ffff:f... ffff 65535 65535\r\n", ""},
	{"version 2", v2(1, 0x11, tcp4...), "192.0.2.1:56324"},
	{"version 2, IPv6", v2(1, 0x21, tcp6...), "[2001:db8::1]:56324"},
	{"version 2 with more", v2(1, 0x11, append(bytes.Clone(tcp4), 4, 0, 1, 0)...), "192.0.2.1:56324"},
	{"version 2, the proxy itself", v2(0, 0x11, tcp4...), ""},
	{"version 2, no addresses", v2(0, 0), ""},
	{"version 2, a Unix socket", v2(1, 0x31, make([]byte, 216)...), ""},
}

func TestReadHeader(t *testing.T) {
	for _, tt := range headers {
		t.Run(tt.name, func(t *testing.T) {
			r := strings.NewReader(tt.header + "GET / HTTP/1.1")
			from, err := network.ReadHeader(r)
			rest, _ := io.ReadAll(r)
			if err != nil || from.IsValid() != (tt.from != "") || from.IsValid() && from.String() != tt.from ||
				string(rest) != "GET / HTTP/1.1" {
				t.Errorf("ReadHeader = %v, %v, with %q behind it, want %q", from, err, rest, tt.from)
			}
			for n := range len(tt.header) {
				if from, err := network.ReadHeader(strings.NewReader(tt.header[:n])); err == nil {
					t.Errorf("the first %d bytes are taken as a header of %v", n, from)
				}
			}
		})
	}
}

func TestReadHeaderRefuses(t *testing.T) {
	for name, header := range map[string]string{
		"a request":         "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"a TLS handshake":   "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03aaaaaaa",
		"no address":        "PROXY TCP4 x 198.51.100.1 1 443\r\n",
		"another family":    "PROXY TCP4 2001:db8::1 2001:db8::2 1 443\r\n",
		"a zone":            "PROXY TCP6 fe80::1%eth0 fe80::2 1 443\r\n",
		"no port":           "PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n",
		"a word too few":    "PROXY TCP4 192.0.2.1 198.51.100.1 1\r\n",
		"a space too many":  "PROXY TCP4  192.0.2.1 198.51.100.1 1 443\r\n",
		"no carriage":       "PROXY TCP4 192.0.2.1 198.51.100.1 1 443\n",
		"a line too long":   "PROXY UNKNOWN " + strings.Repeat("x", 200) + "\r\n",
		"version 3":         v2Begins + "\x31\x11\x00\x0c" + string(tcp4),
		"another command":   v2(2, 0x11, tcp4...),
		"addresses too few": v2(1, 0x21, tcp4...),
		"too many bytes":    v2(1, 0x11, make([]byte, 5000)...),
	} {
		if from, err := network.ReadHeader(strings.NewReader(header)); err == nil {
			t.Errorf("%s: taken as a header of %v", name, from)
		}
	}
}

func FuzzReadHeader(f *testing.F) {
	for _, tt := range headers {
		f.Add([]byte(tt.header))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		const behind = "behind"
		r := bytes.NewReader(append(bytes.Clone(b), behind...))
		from, err := network.ReadHeader(r)
		if err != nil {
			return
		}
		if from.IsValid() && (from.Addr().Zone() != "" || from.Addr().Is4In6()) {
			t.Errorf("the address %s is not bare", from)
		}
		if read := len(b) + len(behind) - r.Len(); read > 16+4096 {
			t.Errorf("the header had %d bytes", read)
		}
	})
}

// serveProxied returns a listener on a TCP socket for connections from trusted proxies, and what it logs.
func serveProxied(t *testing.T, trusted bool) (net.Listener, *strings.Builder) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	l := network.Proxied(inner, func(a netip.Addr) bool { return trusted && a.IsLoopback() },
		slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { l.Close() })
	return l, &log
}

// dial opens a connection and writes text to it.
func dial(t *testing.T, l net.Listener, text string) net.Conn {
	t.Helper()
	conn, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn
}

// accepted accepts a connection, and returns its address and its first bytes.
func accepted(t *testing.T, l net.Listener, n int) (addr, begins string) {
	t.Helper()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	b := make([]byte, n)
	if _, err := io.ReadFull(conn, b); err != nil {
		t.Fatal(err)
	}
	return conn.RemoteAddr().String(), string(b)
}

func TestProxyTellsTheAddress(t *testing.T) {
	l, _ := serveProxied(t, true)
	dial(t, l, "PR") // a proxy that is slow holds up nobody else
	dial(t, l, v2(1, 0x11, tcp4...)+"hello")
	if addr, begins := accepted(t, l, 5); addr != "192.0.2.1:56324" || begins != "hello" {
		t.Errorf("accepted %s with %q", addr, begins)
	}
	own := dial(t, l, v2(0, 0)+"check")
	if addr, begins := accepted(t, l, 5); addr != own.LocalAddr().String() || begins != "check" {
		t.Errorf("accepted %s with %q", addr, begins)
	}
}

func TestStrangerClaimsNoAddress(t *testing.T) {
	l, _ := serveProxied(t, false)
	own := dial(t, l, "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n")
	if addr, begins := accepted(t, l, 5); addr != own.LocalAddr().String() || begins != "PROXY" {
		t.Errorf("accepted %s with %q", addr, begins)
	}
}

func TestProxyWithoutAHeaderIsNamed(t *testing.T) {
	l, log := serveProxied(t, true)
	for range 2 {
		conn := dial(t, l, "GET / HTTP/1.1\r\n\r\n")
		if n, err := conn.Read(make([]byte, 1)); err == nil {
			t.Errorf("read %d bytes from a connection that should be closed", n)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if said := log.String(); strings.Count(said, "leave out -proxy-protocol") != 1 {
		t.Errorf("the log says %q", said)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("a closed listener accepts")
	}
}
