package bench

import (
	"bufio"
	"context"
	"crypto/sha1" //nolint:gosec // RFC 6455 wants it; it protects nothing
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	cryptorand "crypto/rand"

	"mayfly/shared/wire"
)

// Target is a server to measure.
type Target struct {
	url       *url.URL // scheme and host
	addresses []netip.AddrPort
	roots     *x509.CertPool // whose certificates are good; nil: the system's
	network   func(ctx context.Context, network, address string) (net.Conn, error)
}

// String returns the server's URL, as http or https.
func (t *Target) String() string { return t.url.String() }

// Reach says which servers may be measured.
type Reach int

const (
	Loopback Reach = iota // only servers on this machine
	AnyHost               // any server: the user has said that the server is the user's own
)

// ErrForeign is the error of Find if reach is Loopback and the server is not on this machine.
var ErrForeign = errors.New("refused: for everybody but its operator, a load test is an attack on a server")

// ParseURL returns the URL of a server: http or https, and a host, without a path. s may also begin with ws or wss, and may
// end with the path of the WebSocket.
func ParseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Hostname() == "" {
		return nil, fmt.Errorf("%q is no URL of a server: want such as http://localhost:8080 or https://chat.example.com", s)
	}
	scheme, ok := map[string]string{"http": "http", "https": "https", "ws": "http", "wss": "https"}[u.Scheme]
	if !ok {
		return nil, fmt.Errorf("%q begins with %s: want http, https, ws or wss, such as http://%s", s, u.Scheme, u.Host)
	}
	server := &url.URL{Scheme: scheme, Host: u.Host}
	if path := strings.TrimSuffix(u.Path, "/"); path != "" && path != "/ws" || u.User != nil || u.RawQuery != "" ||
		u.Fragment != "" {
		return nil, fmt.Errorf("%q has more than a host: want %s, because Mayfly is served at the root of a host", s, server)
	}
	return server, nil
}

// Lookup returns the addresses of a host, as net.Resolver.LookupNetIP does. network is "ip".
type Lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)

// Find finds the addresses of the server at u, which comes from ParseURL. If reach is Loopback, Find returns ErrForeign
// unless every address belongs to this machine alone. The Target connects only to the addresses that Find has found, so the
// host's name cannot lead to another machine later.
func Find(ctx context.Context, u *url.URL, reach Reach, lookup Lookup) (Target, error) {
	host, service := u.Hostname(), u.Port()
	if service == "" {
		service = u.Scheme
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "tcp", service)
	if err != nil {
		return Target{}, fmt.Errorf("the port in %s is wrong: want a number from 1 to 65535", u)
	}
	found := []netip.Addr{}
	if literal, err := netip.ParseAddr(host); err == nil {
		found = append(found, literal)
	} else if found, err = lookup(ctx, "ip", host); err != nil || len(found) == 0 {
		return Target{}, fmt.Errorf("no address of the host %s was found: check the name, and this machine's network: %w",
			host, err)
	}
	t := Target{url: u, network: new(net.Dialer).DialContext}
	for _, a := range found {
		a = a.Unmap()
		if reach == Loopback && !a.IsLoopback() {
			return Target{}, fmt.Errorf("%s is %s, which is not this machine alone: %w. "+
				"If you run that server, say so with -i-run-this-server", host, a, ErrForeign)
		}
		t.addresses = append(t.addresses, netip.AddrPortFrom(a, uint16(port)))
	}
	return t, nil
}

// rejectedError is the error of open if the server refuses to open a WebSocket.
type rejectedError struct {
	status  int
	message string // the answer's first line, "" if there is none
}

func (e *rejectedError) Error() string {
	return clause(fmt.Sprintf("the server answered %d %s: %s", e.status, http.StatusText(e.status), e.message))
}

// open opens a WebSocket. It tries the server's addresses in their order.
func (t *Target) open(ctx context.Context) (*socket, error) {
	var conn net.Conn
	var err error
	for _, a := range t.addresses {
		if conn, err = t.network(ctx, "tcp", a.String()); err == nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	interrupt := context.AfterFunc(ctx, func() { conn.Close() })
	defer interrupt()
	if t.url.Scheme == "https" {
		secure := tls.Client(conn, &tls.Config{ServerName: t.url.Hostname(), RootCAs: t.roots,
			NextProtos: []string{"http/1.1"}})
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		conn = secure
	}
	s := newSocket(conn)
	if err := t.upgrade(s); err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

const (
	maxAnswer = 1 << 10 // bytes of a rejection that are read
	// acceptSuffix is what a server adds to the key of the handshake (RFC 6455, section 1.3).
	acceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
)

// upgrade asks the server for a WebSocket. It sends no Origin header, because the generator is a native client and no page.
func (t *Target) upgrade(s *socket) error {
	var nonce [16]byte
	_, _ = cryptorand.Read(nonce[:]) // never fails
	key := base64.StdEncoding.EncodeToString(nonce[:])
	if _, err := fmt.Fprintf(s.conn, "GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: %s\r\n"+
		"User-Agent: mayfly-bench/%s\r\n\r\n",
		t.url.Host, key, wire.Subprotocol, wire.Version); err != nil {
		return err
	}
	answer, err := http.ReadResponse(s.r, nil)
	if err != nil {
		return fmt.Errorf("the answer is no HTTP: %w", err)
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		line, _ := bufio.NewReader(io.LimitReader(answer.Body, maxAnswer)).ReadString('\n')
		return &rejectedError{answer.StatusCode, strings.TrimSpace(line)}
	}
	sum := sha1.Sum([]byte(key + acceptSuffix)) //nolint:gosec // see the import
	if answer.Header.Get("Sec-WebSocket-Accept") != base64.StdEncoding.EncodeToString(sum[:]) ||
		answer.Header.Get("Sec-WebSocket-Protocol") != wire.Subprotocol {
		return errOther
	}
	return nil
}
