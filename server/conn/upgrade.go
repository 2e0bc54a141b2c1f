package conn

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/coder/websocket"

	"mayfly/shared/wire"
)

// Offers reports whether the client of r offers our subprotocol, by its exact name.
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

// Upgrade makes a WebSocket of the request r, which comes from the address from. The caller has checked the request's origin
// and must call Run. If the error is not nil, the request is answered.
func Upgrade(w http.ResponseWriter, r *http.Request, shared *Shared, lines *Lines, from netip.Addr,
	newHandler func(*Conn) Handler) (*Socket, error) {
	h := &hijacker{ResponseWriter: w, lines: lines}
	// InsecureSkipVerify: the library would compare the origin with Host, which proves nothing.
	ws, err := websocket.Accept(h, r, &websocket.AcceptOptions{InsecureSkipVerify: true,
		Subprotocols: []string{wire.Subprotocol}})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(wire.MaxMessage)
	return newSocket(newConn(shared, from, newHandler), ws, h.line), nil
}

// hijacker is a ResponseWriter that remembers the line that is taken from it.
type hijacker struct {
	http.ResponseWriter
	lines *Lines
	line  *line
}

// Hijack implements http.Hijacker.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	l, ok := conn.(*line)
	if !ok { // the HTTP server has a listener that is not ours
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
