package conn

import (
	"bufio"
	"crypto/tls"
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

// Missing returns the parts of a WebSocket handshake (RFC 6455) that r lacks. It returns nil if r lacks nothing. It also
// returns nil if r seems to want no WebSocket: it has no Sec-WebSocket-Key, does not offer our subprotocol, and has no
// Sec-Fetch-Mode from which a browser's WebSocket is known.
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
// check the origin of r with admission.Gate, and afterwards call Start of the returned Socket. If Upgrade returns an error,
// it has already answered the request.
func Upgrade(w http.ResponseWriter, r *http.Request, shared *Shared, lines *Lines, address netip.Addr,
	newHandler func(*Conn) Handler) (*Socket, error) {
	in := &inlet{}
	h := &hijacker{ResponseWriter: w, lines: lines, inlet: in}
	// InsecureSkipVerify turns off the WebSocket library's check of the origin, which only compares the origin with the Host
	// header. The caller has made a stricter check (admission.Gate).
	ws, err := websocket.Accept(h, r, &websocket.AcceptOptions{InsecureSkipVerify: true,
		Subprotocols:   []string{wire.Subprotocol},
		OnPingReceived: in.onPing, OnPongReceived: in.onPong})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(wire.MaxMessage)
	return newSocket(newConn(shared, address, newHandler), ws, in), nil
}

// hijacker is a ResponseWriter for the WebSocket library. Its method Hijack returns an inlet in place of the network
// connection. What lives as long as the WebSocket must not refer to the hijacker, which refers to the request and to buffers
// of net/http.
type hijacker struct {
	http.ResponseWriter
	lines *Lines
	inlet *inlet
}

// controlFrame is the most bytes of a control frame that the server sends. The library's buffer for writes has this size: it
// writes only control frames, each in one call of line.Write, so nothing comes between the parts of a frame.
const controlFrame = 2 + 125

// Hijack implements http.Hijacker. The returned connection has a line that holds a slot. The returned buffers are small, and
// replace those of net/http, because the WebSocket library keeps them as long as the connection lives.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	l, secure := h.lineUnder(conn)
	if err := rw.Flush(); err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	l.holdSlot()
	early, err := rw.Reader.Peek(rw.Reader.Buffered())
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	h.inlet.open(l, secure, early)
	return h.inlet, bufio.NewReadWriter(h.inlet.below, bufio.NewWriterSize(h.inlet, controlFrame)), nil
}

// lineUnder returns the line of a connection of the HTTP server, and what encrypts over that line; nil: nothing does.
func (h *hijacker) lineUnder(conn net.Conn) (*line, *tls.Conn) {
	if secure, ok := conn.(*tls.Conn); ok {
		if l, ok := secure.NetConn().(*line); ok {
			return l, secure
		}
	}
	if l, ok := conn.(*line); ok {
		return l, nil
	}
	return h.lines.wrap(conn), nil // the HTTP server's listener is not from Lines.Listener
}
