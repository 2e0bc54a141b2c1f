package conn

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/coder/websocket"
	"golang.org/x/net/http/httpguts"

	"mayfly/shared/wire"
)

// Offers reports whether r offers the WebSocket subprotocol wire.Subprotocol, by its exact name.
func Offers(r *http.Request) bool {
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for protocol := range strings.SplitSeq(line, ",") {
			if strings.TrimSpace(protocol) == wire.Subprotocol {
				return true
			}
		}
	}
	return false
}

// Missing returns the parts of a WebSocket handshake (RFC 6455) that r lacks. It returns nil if r lacks nothing, or if
// no header of r shows that the client wanted a WebSocket.
func Missing(r *http.Request) (missing []string) {
	lacks := func(part string, lacking bool) {
		if lacking {
			missing = append(missing, part)
		}
	}
	browser := r.Header.Get("Sec-Fetch-Mode") == "websocket"
	if !browser && !Offers(r) && r.Header.Get("Sec-WebSocket-Key") == "" {
		return nil
	}
	lacks("Upgrade", !httpguts.HeaderValuesContainsToken(r.Header.Values("Upgrade"), "websocket"))
	lacks("Connection", !httpguts.HeaderValuesContainsToken(r.Header.Values("Connection"), "upgrade"))
	lacks("Sec-WebSocket-Key", r.Header.Get("Sec-WebSocket-Key") == "")
	lacks("Sec-WebSocket-Version", r.Header.Get("Sec-WebSocket-Version") == "")
	lacks("Sec-WebSocket-Protocol", browser && !Offers(r)) // a client that is no browser may not know our subprotocol
	lacks("HTTP/1.1", !r.ProtoAtLeast(1, 1))
	return missing
}

// Upgrade turns the request r into a WebSocket. address is the address of the client that has sent r. The caller must first
// check the origin of r with admission.Gate, and afterwards call Run of the returned Socket. If Upgrade returns an error, it
// has already answered the request.
func Upgrade(w http.ResponseWriter, r *http.Request, shared *Shared, lines *Lines, address netip.Addr,
	newHandler func(*Conn) Handler) (*Socket, error) {
	h := &hijacker{ResponseWriter: w, lines: lines}
	// InsecureSkipVerify turns off the library's check of the origin, which only compares the origin with the Host
	// header. The caller has made a stricter check (admission.Gate).
	ws, err := websocket.Accept(h, r, &websocket.AcceptOptions{InsecureSkipVerify: true,
		Subprotocols: []string{wire.Subprotocol}})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(wire.MaxMessage)
	return newSocket(newConn(shared, address, newHandler), ws, h.line), nil
}

// hijacker is a ResponseWriter for the WebSocket library. Its method Hijack returns the network connection as a line, and
// also stores that line in h.line, because Upgrade needs it.
type hijacker struct {
	http.ResponseWriter
	lines *Lines
	line  *line
}

// Hijack implements http.Hijacker. The returned connection is a line that holds a slot.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	l, ok := conn.(*line)
	if !ok { // the HTTP server's listener is not from Lines.Listener
		l = h.lines.wrap(conn)
		if err := rw.Flush(); err != nil {
			return nil, nil, errors.Join(err, conn.Close())
		}
		rw.Writer.Reset(l)
	}
	l.holdSlot()
	h.line = l
	return l, rw, nil
}
