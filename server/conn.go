package server

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

const (
	byeTimeout   = time.Second      // to write the last word
	stuckTimeout = 10 * time.Second // to write anything else
	pingEvery    = 25 * time.Second
	pongTimeout  = 10 * time.Second
	faultRetry   = 5 * time.Second
)

// conn is one client's WebSocket. It is the hub's Member: what the hub sends waits in its queue for writeLoop.
type conn struct {
	server *Server                 // static
	ws     *websocket.Conn         // static
	from   netip.Addr              // static; where it comes from: it holds a place for that address
	id     string                  // static
	opened time.Time               // static
	queue  *queue                  // static
	ctx    context.Context         // static; done when the connection is to end, for the cause that leave gave
	leave  context.CancelCauseFunc // static

	sent    atomic.Int64 // when something was queued last, Unix nanoseconds
	writing atomic.Int64 // when the write under way began, 0 if none is
	client  atomic.Pointer[hub.Client]

	nextPing time.Time // owned by pulse

	session session // owned by readLoop
}

func newConn(s *Server, ws *websocket.Conn, from netip.Addr) *conn {
	now := time.Now()
	c := &conn{server: s, ws: ws, from: from, id: "c-" + rand.Text(), opened: now, queue: newQueue(s.metrics.expired), nextPing: now.Add(pingEvery)}
	c.ctx, c.leave = context.WithCancelCause(context.Background())
	c.sent.Store(now.UnixNano())
	c.session.conn = c
	return c
}

// errSlow ends a connection whose queue overflowed.
var errSlow = bye(wire.Bye{Code: wire.CodeSlow, Message: "You read too slowly, so messages piled up. Come back to go on."})

// Send implements hub.Member.
func (c *conn) Send(f *hub.Frame) bool {
	if !c.queue.push(f) {
		c.server.metrics.slow.Inc()
		c.leave(errSlow)
		return false
	}
	c.sent.Store(time.Now().UnixNano())
	return true
}

func (c *conn) send(f wire.Frame) { c.Send(hub.NewFrame(f)) }

// run owns the socket: when it returns, both loops have ended and the socket is closed.
func (c *conn) run() {
	defer c.server.remove(c)
	read := make(chan struct{})
	go func() {
		defer close(read)
		c.leave(c.readLoop())
	}()
	c.writeLoop()
	c.farewell()
	<-read
	if client := c.client.Load(); client != nil {
		client.Close()
	}
	c.server.log.Debug("connection ended", "conn_id", c.id, "after", time.Since(c.opened).Round(time.Millisecond), "err", context.Cause(c.ctx))
}

// readLoop handles what the client sends until it stops or misbehaves. Reads have no deadline: pulse ends a client that
// is silent for too long, by closing the socket.
func (c *conn) readLoop() (err error) {
	defer func() { // a fault met by one client must not end the others' connections
		if fault := recover(); fault != nil {
			c.server.log.Error("panic in a connection", "conn_id", c.id, "panic", fault, "stack", string(debug.Stack()))
			err = bye(wire.Bye{Code: wire.CodeBusy, Message: "Something went wrong here. Come back to go on.", RetryMS: faultRetry.Milliseconds()})
		}
	}()
	for {
		kind, message, err := c.ws.Read(context.Background())
		if err != nil {
			return err
		}
		if kind != websocket.MessageText {
			return bye(wire.Bye{Code: wire.CodeProtocol, Message: "Send text messages, not binary ones."})
		}
		for frame := range wire.Split(message) {
			if err := c.session.handle(frame); err != nil {
				return err
			}
			if c.ctx.Err() != nil {
				return context.Cause(c.ctx)
			}
		}
	}
}

// writeLoop writes what waits in the queue, in batches, until the connection is to end.
func (c *conn) writeLoop() {
	var batch []byte
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-c.queue.filled:
		}
		if batch = c.queue.take(batch[:0], nowMS()); len(batch) == 0 {
			continue
		}
		if err := c.write(batch); err != nil {
			c.leave(err)
			return
		}
		if cap(batch) > 2*maxBatch {
			batch = nil // a large joined is rare: don't keep its buffer for the connection's life
		}
	}
}

// write has no deadline of its own, which would cost an allocation each time: pulse closes a socket that is stuck.
func (c *conn) write(message []byte) error {
	c.writing.Store(time.Now().UnixNano())
	defer c.writing.Store(0)
	return c.ws.Write(context.Background(), websocket.MessageText, message)
}

// farewell writes what still waits, says why the connection ends, if there is a bye to say, and closes the socket.
func (c *conn) farewell() {
	var b byeError
	if !errors.As(context.Cause(c.ctx), &b) {
		_ = c.ws.CloseNow()
		return
	}
	c.server.metrics.bye(b.Code)
	ctx, cancel := context.WithTimeout(context.Background(), byeTimeout)
	defer cancel()
	if b.Code != wire.CodeSlow { // a slow reader would not read it now either
		for batch := c.queue.take(nil, nowMS()); len(batch) > 0; batch = c.queue.take(batch[:0], nowMS()) {
			if c.ws.Write(ctx, websocket.MessageText, batch) != nil {
				break
			}
		}
	}
	if err := c.ws.Write(ctx, websocket.MessageText, wire.Encode(b.Bye)); err != nil {
		_ = c.ws.CloseNow()
		return
	}
	_ = c.ws.Close(websocket.StatusCode(wire.CloseFor(b.Code)), string(b.Code))
}

func nowMS() int64 { return time.Now().UnixMilli() }
