package server

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

const (
	byeTimeout   = 5 * time.Second  // to write what waits, and the last word
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

	sent     atomic.Int64 // the connection's age when something was queued last
	writing  atomic.Int64 // and when the write under way began, 0 if none is
	handling atomic.Bool  // readLoop is busy with a frame, so it reads no pong
	greeted  atomic.Bool  // hello has come; the answer may take a while
	client   atomic.Pointer[hub.Client]
	signIn   atomic.Pointer[signIn]
	ends     atomic.Int64 // when its sign-in does, Unix milliseconds: nothing is delivered any more; 0: never

	key   key               // its sign-in's session; guarded by the mu of signouts, as is
	shown map[key]time.Time // the tokens that it has shown, each until it ends

	nextPing time.Time // owned by pulse

	session session // owned by readLoop
}

func newConn(s *Server, ws *websocket.Conn, from netip.Addr) *conn {
	now := time.Now()
	c := &conn{server: s, ws: ws, from: from, id: "c-" + rand.Text(), opened: now, queue: newQueue(s.metrics.expired), nextPing: now.Add(pingEvery), shown: map[key]time.Time{}}
	c.ctx, c.leave = context.WithCancelCause(context.Background())
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
	c.sent.Store(int64(c.age()))
	return true
}

// age is the connection's own clock: it goes on evenly whatever the time of day does.
func (c *conn) age() time.Duration { return time.Since(c.opened) }

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
	c.session.close()
	c.server.log.Debug("connection ended", "conn_id", c.id, "after", c.age().Round(time.Millisecond), "err", context.Cause(c.ctx))
}

// over reports whether the sign-in has ended at now (Unix milliseconds).
func (c *conn) over(now int64) bool {
	ends := c.ends.Load()
	return ends != 0 && now >= ends
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
			if c.server.closing.Load() { // what is not handled now comes again, from a client that was told to
				<-c.ctx.Done()
			}
			if c.ctx.Err() != nil {
				return context.Cause(c.ctx)
			}
			c.handling.Store(true)
			err := c.session.handle(frame)
			c.handling.Store(false)
			if err != nil {
				return err
			}
		}
	}
}

// writeLoop writes what waits in the queue, in batches, until the connection is to end.
func (c *conn) writeLoop() {
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-c.queue.filled:
		}
		if c.ctx.Err() != nil { // both: farewell knows what is to be written still
			return
		}
		if err := c.writeBatch(context.Background()); err != nil {
			c.leave(err)
			return
		}
	}
}

// batches lends buffers for the time of one write. An idle connection has none, and none keeps a text that was sent.
var batches = sync.Pool{New: func() any { return new([]byte) }}

// writeBatch writes what waits, as much as one message should hold. Its write has no deadline of its own, which would cost
// an allocation each time: pulse closes a socket that is stuck.
func (c *conn) writeBatch(ctx context.Context) error {
	if c.over(nowMS()) {
		return errExpired
	}
	buf := batches.Get().(*[]byte)
	batch := c.queue.take((*buf)[:0], nowMS())
	defer func() {
		clear(batch)
		if *buf = batch; cap(batch) <= 2*maxBatch { // a large joined is rare: don't keep its buffer
			batches.Put(buf)
		}
	}()
	if len(batch) == 0 {
		return nil
	}
	c.writing.Store(int64(c.age()))
	defer c.writing.Store(0)
	return c.ws.Write(ctx, websocket.MessageText, batch)
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
	switch b.Code {
	case wire.CodeSlow: // it would not read now either
	case wire.CodeAuth, wire.CodeForbidden: // nothing is for them any more
	default:
		for c.queue.waiting() > 0 && c.writeBatch(ctx) == nil {
		}
	}
	if err := c.ws.Write(ctx, websocket.MessageText, wire.Encode(b.Bye)); err != nil {
		_ = c.ws.CloseNow()
		return
	}
	_ = c.ws.Close(websocket.StatusCode(wire.CloseFor(b.Code)), string(b.Code))
}

func nowMS() int64 { return time.Now().UnixMilli() }
