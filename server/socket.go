package server

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"mayfly/server/admission"
	"mayfly/shared/wire"
)

const (
	pingEvery   = 25 * time.Second
	pongTimeout = 10 * time.Second
)

// noSubprotocol rejects a client that does not speak our protocol.
var noSubprotocol = &admission.Rejection{Reason: admission.ReasonSubprotocol, Status: http.StatusBadRequest,
	Message: "Open a WebSocket that offers the subprotocol " + wire.Subprotocol + "."}

// serveSocket upgrades a request to a connection and returns: the connection runs on, without the handler's stack.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	slot, ok := s.admit(w, r, s.metrics.upgradesRefused)
	if !ok {
		return
	}
	upgraded := false
	defer func() { // however the upgrade ends: a slot that is not freed is lost for good
		if !upgraded {
			s.giveUp(slot)
		}
	}()
	if !offers(r, wire.Subprotocol) {
		reject(w, noSubprotocol, s.metrics.upgradesRefused)
		return
	}
	// The origin was checked above: the library would compare it with Host, which proves nothing.
	taken := &hijacker{ResponseWriter: w, lines: s.lines}
	ws, err := websocket.Accept(taken, r, &websocket.AcceptOptions{InsecureSkipVerify: true, Subprotocols: []string{wire.Subprotocol}})
	if err != nil {
		s.metrics.upgradesRefused.WithLabelValues(string(admission.ReasonHandshake)).Inc()
		s.log.Debug("no upgrade", "err", err)
		return
	}
	ws.SetReadLimit(wire.MaxMessage)
	c := newSocket(newConn(s, slot), ws, taken.line)
	s.add(c.conn)
	upgraded = true
	s.metrics.opened.Inc()
	go c.run()
}

// hijacker is a ResponseWriter that remembers the line that is taken from it.
type hijacker struct {
	http.ResponseWriter
	lines *lines
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

// offers reports whether the client named the subprotocol, exactly.
func offers(r *http.Request, subprotocol string) bool {
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		if slices.ContainsFunc(strings.Split(line, ","), func(p string) bool { return strings.TrimSpace(p) == subprotocol }) {
			return true
		}
	}
	return false
}

// socket carries a conn on a WebSocket, for as long as that lives: what the hub sends is for writeLoop.
type socket struct {
	*conn
	ws   *websocket.Conn // static
	line *line           // static; what ws runs on

	writing  atomic.Bool // a write is under way
	handling atomic.Bool // readLoop is busy with a message, so it reads no pong

	nextPing time.Time // owned by pulse
	lastTime time.Time // owned by pulse; when it is cut, if it is to end and has not
}

func newSocket(c *conn, ws *websocket.Conn, l *line) *socket {
	s := &socket{conn: c, ws: ws, line: l, nextPing: c.opened.Add(pingEvery)}
	c.carrier = s
	return s
}

// run owns the socket: when it returns, both loops have ended and the socket is closed. Until then it holds its slot.
func (s *socket) run() {
	defer s.server.remove(s.conn)
	read := make(chan struct{})
	go func() {
		defer close(read)
		s.leave(s.readLoop())
	}()
	s.writeLoop()
	s.close()
	<-read
	s.session.close()
	<-s.line.ended
	s.ended()
}

// readLoop handles what the client sends until it stops or misbehaves. Reads have no deadline: pulse ends a client that
// is silent for too long, by closing the socket.
func (s *socket) readLoop() error {
	for {
		kind, message, err := s.ws.Read(context.Background())
		if err != nil {
			return err
		}
		if kind != websocket.MessageText {
			return bye(wire.Bye{Code: wire.CodeProtocol, Message: "Send text messages, not binary ones."})
		}
		s.handling.Store(true)
		err = s.handle(message)
		s.handling.Store(false)
		if err != nil {
			return err
		}
	}
}

// writeLoop writes what waits in the queue, in batches, until the connection is to end.
func (s *socket) writeLoop() {
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.queue.filled:
		}
		if s.ctx.Err() != nil { // both: close knows what is to be written still
			return
		}
		if err := s.writeBatch(); err != nil {
			s.leave(err)
			return
		}
	}
}

// write implements carrier. It fails when the client takes nothing any more: the line sees to that.
func (s *socket) write(frames []byte) error {
	s.writing.Store(true)
	defer s.writing.Store(false)
	return s.ws.Write(context.Background(), websocket.MessageText, frames)
}

// relieve implements carrier.
func (s *socket) relieve() {
	select {
	case <-s.queue.drained:
	case <-s.ctx.Done():
	}
}

// cut implements carrier.
func (s *socket) cut() { s.line.cut() }

// close says goodbye, if there is one to say, and closes the socket. What is on its way then still arrives: the line
// lingers.
func (s *socket) close() {
	var b byeError
	if cause := context.Cause(s.ctx); !errors.As(cause, &b) {
		if errors.Is(cause, os.ErrDeadlineExceeded) { // the client takes nothing any more
			s.cut()
		}
		_ = s.ws.CloseNow()
		return
	}
	if s.farewell(b.Bye) != nil {
		s.cut()
		_ = s.ws.CloseNow()
		return
	}
	_ = s.ws.Close(websocket.StatusCode(wire.CloseFor(b.Code)), string(b.Code))
}

var (
	errNoHello = bye(wire.Bye{Code: wire.CodeTimeout, Message: "No hello came in time."})
	errNoPong  = bye(wire.Bye{Code: wire.CodeTimeout, Message: "The connection did not answer."})
)

// pulse implements carrier.
func (s *socket) pulse(now time.Time, pulses *sync.WaitGroup) {
	if s.ctx.Err() != nil {
		switch {
		case s.lastTime.IsZero():
			s.lastTime = now.Add(endTimeout)
		case now.After(s.lastTime):
			s.cut()
		}
		return
	}
	client := s.client.Load()
	if client == nil {
		if now.Sub(s.opened) >= wire.HelloTimeout && !s.greeted.Load() {
			s.leave(errNoHello)
		}
		return
	}
	if s.age()-time.Duration(s.sent.Load()) >= wire.BeatEvery {
		client.Beat()
	}
	if !now.Before(s.nextPing) && !s.writing.Load() { // a write that the client takes no byte of ends by itself
		s.nextPing = now.Add(pingEvery)
		pulses.Go(s.ping)
	}
}

// ping ends the connection if the client does not answer, unless it is still busy taking what was written before the ping.
func (s *socket) ping() {
	before, _ := progress(s.line.Conn)
	// Not s.ctx: cancelling it while the ping is being written would drop the socket without a bye.
	ctx, cancel := context.WithTimeout(context.Background(), pongTimeout)
	defer cancel()
	if s.ws.Ping(ctx) == nil || s.handling.Load() || s.writing.Load() {
		return
	}
	if now, more := progress(s.line.Conn); more && now != before {
		return
	}
	s.leave(errNoPong)
}
