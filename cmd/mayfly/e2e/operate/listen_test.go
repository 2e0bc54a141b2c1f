package operate_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/server/certs/certstest"
	"mayfly/shared/wire"
)

// upgrade asks for a WebSocket over conn, and returns the status of the answer.
func upgrade(t *testing.T, conn net.Conn, headers string) int {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(rig.Timeout)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: %s\r\n%s\r\n", wire.Subprotocol, headers)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

// TestUnixSocketIsForProxies: the clients of a proxy on a Unix socket count by their own addresses.
func TestUnixSocketIsForProxies(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "mayfly") // the path of a Unix socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "sock")
	var open []net.Conn
	s := rig.ServeAt(t, "unix:"+path, "-public-url", "https://chat.example.com", "-conns-per-ip", "1")
	for i, want := range []int{101, 101, 429} {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		from := []string{"192.0.2.1", "192.0.2.2", "192.0.2.1"}[i]
		if got := upgrade(t, conn, "X-Forwarded-For: "+from+"\r\n"); got != want {
			t.Errorf("client %d, from %s: status %d, want %d", i, from, got, want)
		}
		open = append(open, conn)
	}
	for _, conn := range open {
		conn.Close()
	}
	s.Stop()
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket is left behind")
	}
}

// TestProxyProtocolOverTLS: a proxy that passes on TCP tells the addresses of the clients, who speak TLS with Mayfly.
func TestProxyProtocolOverTLS(t *testing.T) {
	t.Parallel()
	a := certstest.New(t)
	s, _ := serveTLS(t, a, "-proxy-protocol", "-trusted-proxies", "127.0.0.1", "-conns-per-ip", "1")
	for i, want := range []int{101, 101, 429} {
		conn, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		from := []string{"192.0.2.1", "192.0.2.2", "192.0.2.1"}[i]
		if _, err := io.WriteString(conn, "PROXY TCP4 "+from+" 198.51.100.1 5000 443\r\n"); err != nil {
			t.Fatal(err)
		}
		if got := upgrade(t, clientOver(a, conn), ""); got != want {
			t.Errorf("client %d, from %s: status %d, want %d", i, from, got, want)
		}
	}
}

// TestPlainHTTPIsNotForStrangers starts servers where strangers could reach them.
func TestPlainHTTPIsNotForStrangers(t *testing.T) {
	t.Parallel()
	for _, listen := range []string{":0", "0.0.0.0:0", "[::]:0"} {
		if out, code := rig.Run(t, "serve", "-listen", listen); code != 2 || !strings.Contains(out, "-insecure-http") {
			t.Errorf("-listen %s: exit code %d, %s", listen, code, out)
		}
	}
	rig.ServeAt(t, ":0", "-insecure-http").Stop()
	rig.ServeAt(t, ":0", "-trusted-proxies", "10.0.0.1").Stop()
}
