package server

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"mayfly/shared/wire"
)

const (
	byeTimeout  = 5 * time.Second // to write what waits, and the last word
	pingEvery   = 25 * time.Second
	pongTimeout = 10 * time.Second
)

// serveSocket upgrades a request to a connection and returns: the connection runs on, without the handler's stack.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	from, ok := s.admit(w, r, s.metrics.upgradesRefused)
	if !ok {
		return
	}
	seated := false
	defer func() { // whatever becomes of the upgrade: a place that were lost would be lost for good
		if !seated {
			s.places.free(from)
		}
	}()
	if !offers(r, wire.Subprotocol) {
		turnAway(w, s.metrics.upgradesRefused, turnedSubprotocol, http.StatusBadRequest, "Open a WebSocket that offers the subprotocol "+wire.Subprotocol+".")
		return
	}
	// The origin was checked above: the library would compare it with Host, which proves nothing.
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, Subprotocols: []string{wire.Subprotocol}})
	if err != nil {
		s.metrics.upgradesRefused.WithLabelValues(turnedHandshake).Inc()
		s.log.Debug("no upgrade", "err", err)
		return
	}
	ws.SetReadLimit(wire.MaxMessage)
	c := newSocket(newConn(s, from), ws)
	if seated = s.add(c.conn); !seated {
		s.metrics.upgradesRefused.WithLabelValues(turnedStopping).Inc()
		go c.cut() // it can wait, and nobody cares
		return
	}
	s.metrics.opened.Inc()
	go c.run()
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
	ws *websocket.Conn // static

	writing  atomic.Int64 // the connection's age when the write under way began, 0 if none is
	handling atomic.Bool  // readLoop is busy with a message, so it reads no pong

	nextPing time.Time // owned by pulse
}

func newSocket(c *conn, ws *websocket.Conn) *socket {
	s := &socket{conn: c, ws: ws, nextPing: c.opened.Add(pingEvery)}
	c.carrier = s
	return s
}

// run owns the socket: when it returns, both loops have ended and the socket is closed.
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
		if err := s.writeBatch(context.Background()); err != nil {
			s.leave(err)
			return
		}
	}
}

// write implements carrier. It has no deadline of its own, which would cost an allocation each time: pulse closes a socket that
// is stuck.
func (s *socket) write(ctx context.Context, frames []byte) error {
	s.writing.Store(int64(s.age()))
	defer s.writing.Store(0)
	return s.ws.Write(ctx, websocket.MessageText, frames)
}

// relieve implements carrier.
func (s *socket) relieve() {
	select {
	case <-s.queue.drained:
	case <-s.ctx.Done():
	}
}

// cut implements carrier.
func (s *socket) cut() { _ = s.ws.CloseNow() }

// close says goodbye, if there is one to say, and closes the socket.
func (s *socket) close() {
	var b byeError
	if !errors.As(context.Cause(s.ctx), &b) {
		s.cut()
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), byeTimeout)
	defer cancel()
	if s.farewell(ctx, b.Bye) != nil {
		s.cut()
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
	if began := s.writing.Load(); began != 0 && s.age()-time.Duration(began) > stuckTimeout {
		pulses.Go(s.cut) // unblocks the write
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
	if !now.Before(s.nextPing) {
		s.nextPing = now.Add(pingEvery)
		pulses.Go(func() {
			// Not s.ctx: cancelling it while the ping is being written would drop the socket without a bye.
			ctx, cancel := context.WithTimeout(context.Background(), pongTimeout)
			defer cancel()
			if s.ws.Ping(ctx) != nil && !s.handling.Load() {
				s.leave(errNoPong)
			}
		})
	}
}
