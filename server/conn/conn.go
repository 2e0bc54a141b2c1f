// Package conn carries one client's frames, on a WebSocket or on a poll. A connection has a queue of frames to write, a
// deadline, and a context. When the connection begins to end, the context is cancelled with the cause. The package does not
// interpret frames: a Handler does (server/session).
//
// Files, from the top down. A file refers only to files below it:
//   - poll, upgrade, socket: the two transports, which embed a Conn
//   - writers: writes the queues of many sockets
//   - inlet: what a socket reads from
//   - conn, bye: what both transports share
//   - lines, wait, line: network connections that close without destroying bytes that are on their way
//   - progress, raw: what the kernel says of a connection, how to write without waiting, and how to wait with little stack
//   - queue, message, metrics: the frames to write, as WebSocket messages, and what is counted
//
// Exceptions:
//   - writers refers to socket: a socket hands itself over, so that its queue is written
//   - conn refers to writers: all sockets share one Writers, which is in Shared
//   - line refers to lines: a line that is closed asks whether it may linger
//
// Locks: line.mu is taken before Lines.mu. A queue's lock is taken last: no other lock is taken while it is held.
package conn

import (
	"context"
	"crypto/rand"
	"log/slog"
	"math"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

const (
	// endTimeout is how long an ending WebSocket may write its queue and the frame bye. Then the server cuts the connection,
	// even if the client still reads. endTimeout is also the longest time for one write of a poll.
	endTimeout = 30 * time.Second
	// Never is a result of Tick: the connection need not be looked at any more.
	Never = time.Duration(math.MaxInt64)

	faultRetry = 5 * time.Second // how long a client waits before it connects again after a panic ended its connection
)

// Handler carries out the frames of one connection. session.Session implements it.
type Handler interface {
	// Handle carries out one frame. If it returns an error, the connection ends. If the function Bye made that error, the
	// client gets the frame bye before the connection is closed. Only one goroutine at a time calls Handle, in the order of
	// the frames.
	Handle(frame []byte) error
	// Close runs once, after the connection has ended, but not for a poll whose request was rejected. Handle is not called
	// after Close.
	Close()
	// Greeted reports whether the client has sent hello, even if the server has not answered the hello yet. Any
	// goroutine may call Greeted.
	Greeted() bool
	// Client returns the client of this connection in the hub. It returns nil until the server has answered the hello. Any
	// goroutine may call Client.
	Client() *hub.Client
	// MustAnswer reports whether the client has sent, after hello, a frame that always gets an answer, such as join. A
	// poll with such a frame does not wait for news. The goroutine that calls Handle also calls MustAnswer.
	MustAnswer() bool
	// Patience returns the longest time that a poll may wait for news. The goroutine that calls Handle also calls Patience.
	Patience() time.Duration
}

// Shared is what all connections of a node share. Its fields are static.
type Shared struct {
	Clock    *hub.Clock
	Log      *slog.Logger
	Metrics  *Metrics
	Writers  *Writers
	Stopping func() bool // reports whether the server is stopping: then no connection handles another frame
	Expired  error       // the error that ends a connection whose deadline has passed
}

// nowMS returns the time of the hub's clock in Unix milliseconds. Compare deadlines with this time.
func (s *Shared) nowMS() int64 { return s.Clock.Now().UnixMilli() }

// transport carries the frames of a connection: a socket or a poll.
type transport interface {
	// wake makes the transport write the queue. The caller has the claim of the queue, and loses it. wake does not block.
	wake()
	// write writes the frames in batch[headroom:], which are separated by \n. It may change the bytes before them. It may
	// block while the client reads slowly. abort ends a blocked write.
	write(batch []byte) error
	// makeRoom waits until the queue has more room, or until the connection begins to end. A frame makes room when it is
	// taken out of the queue and written. For a socket, another goroutine writes the frames. For a poll, makeRoom itself
	// writes them.
	makeRoom()
	// tick does the work that is due at the time now, such as a ping. It does not block. It returns after which time it must
	// be called again, at the latest.
	tick(now time.Time) time.Duration
	// ending runs after the context of the connection was cancelled, perhaps more than once. It does not block.
	ending()
	// abort cuts the connection at once, so bytes that are on their way may be lost. It does not wait.
	abort()
}

// Conn is one client's connection, on any transport. It implements hub.Member: the hub calls Send, and the frame waits
// in the queue until the transport writes it.
type Conn struct {
	// Static once Upgrade or NewPoll has returned.
	ID        string
	From      netip.Addr // the client's address, from admission.Slot.From
	shared    *Shared
	transport transport
	handler   Handler
	opened    time.Time
	queue     *queue
	ctx       context.Context // cancelled when the connection begins to end; its cause is the error that End got
	cancel    context.CancelCauseFunc

	lastSent atomic.Int64 // how old the connection was when the last frame was queued, as a time.Duration
	deadline atomic.Int64 // Unix milliseconds; from this time on the client gets no frame but bye; 0: no deadline
}

// newConn returns a connection without a transport; the caller must set the field transport. newConn passes the connection
// to newHandler, which returns the handler.
func newConn(shared *Shared, from netip.Addr, newHandler func(*Conn) Handler) *Conn {
	c := &Conn{ID: "c-" + rand.Text(), From: from, shared: shared, opened: time.Now(),
		queue: newQueue(shared.Metrics.expired)}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	c.handler = newHandler(c)
	return c
}

// errSlow ends a connection whose queue overflowed.
var errSlow = Bye(wire.Bye{Code: wire.CodeSlow, Message: "You read too slowly, so messages piled up. Come back to go on."})

// Send implements hub.Member. It queues f. If the queue is full, Send ends the connection and returns false.
func (c *Conn) Send(f *hub.Frame) bool {
	ok, claimed := c.queue.push(f)
	if !ok {
		c.shared.Metrics.slow.Inc()
		c.End(errSlow)
		return false
	}
	c.lastSent.Store(int64(c.age()))
	if claimed {
		c.transport.wake()
	}
	return true
}

// SendFrame encodes f and queues it as a frame that doesn't expire.
func (c *Conn) SendFrame(f wire.Frame) { c.Send(hub.NewFrame(f)) }

// age returns the time since the connection was opened, by the monotonic clock.
func (c *Conn) age() time.Duration { return time.Since(c.opened) }

// Context returns a context that is cancelled when the connection begins to end.
func (c *Conn) Context() context.Context { return c.ctx }

// End makes the connection end because of cause. It does not block, and does nothing if the connection is ending already. If
// the function Bye made cause, the last frame that the client gets is that bye.
func (c *Conn) End(cause error) {
	c.cancel(cause)
	c.transport.ending()
}

// ExpireAt sets the deadline of the connection to t. From t on the connection ends because of Shared.Expired, and the client
// gets no frame of the queue any more.
func (c *Conn) ExpireAt(t time.Time) { c.deadline.Store(t.UnixMilli()) }

// Expired reports whether the connection's deadline has passed at the time now, in Unix milliseconds.
func (c *Conn) Expired(now int64) bool {
	deadline := c.deadline.Load()
	return deadline != 0 && now >= deadline
}

// MakeRoom waits until the queue has room for the answer to a join. It returns false if the connection begins to end
// while MakeRoom waits. Only the goroutine that calls Handle may call MakeRoom.
func (c *Conn) MakeRoom() bool {
	for c.queue.waiting() > roomForJoin {
		if c.transport.makeRoom(); c.ctx.Err() != nil {
			return false
		}
	}
	return true
}

// Tick does the work that is due at the time now. For a socket, it sends beats and pings, and ends the connection if the
// client sends no hello in time or does not answer pings. For a poll, there is no work. Tick does not block. It returns
// after which time it must be called again, at the latest; 0 means soon. Only one goroutine calls Tick.
func (c *Conn) Tick(now time.Time) time.Duration { return c.transport.tick(now) }

// Abort cuts the connection at once, so bytes that are on their way may be lost. It does not wait.
func (c *Conn) Abort() { c.transport.abort() }

// handle carries out the frames in message, which is one message of the WebSocket, or the body of the poll. If handle
// returns an error, the connection must end because of that error.
func (c *Conn) handle(message []byte) (err error) {
	defer func() { // a panic in one client's connection must not end the process, and with it all connections
		if fault := recover(); fault != nil {
			c.shared.Log.Error("panic in a connection", "conn_id", c.ID, "panic", fault, "stack", string(debug.Stack()))
			err = Bye(wire.Bye{Code: wire.CodeBusy, Message: "Something went wrong here. Come back to go on.",
				RetryMS: faultRetry.Milliseconds()})
		}
	}()
	for frame := range wire.Split(message) {
		if c.shared.Stopping() { // handle no more frames: the client gets a bye, reconnects and sends them again
			<-c.ctx.Done()
		}
		if c.ctx.Err() != nil {
			return context.Cause(c.ctx)
		}
		if err := c.handler.Handle(frame); err != nil {
			return err
		}
	}
	return nil
}

// batches is a pool of buffers. A connection has a buffer only during a write, so an idle connection needs none.
var batches = sync.Pool{New: func() any { return new([]byte) }}

// putBatch puts buf back into batches. It clears the buffer, because it contains texts of users.
func putBatch(buf *[]byte) {
	// Only the answer to a join makes a buffer larger than 2*maxBatch. Such a large buffer is rarely needed, so it does
	// not go into the pool.
	if cap(*buf) > 2*maxBatch {
		*buf = nil
	}
	clear((*buf)[:cap(*buf)])
	batches.Put(buf)
}

// writeBatch takes the next batch of frames from the queue, about maxBatch bytes, and writes it. It returns
// Shared.Expired if the deadline has passed.
func (c *Conn) writeBatch() error {
	now := c.shared.nowMS()
	if c.Expired(now) {
		return c.shared.Expired
	}
	buf := batches.Get().(*[]byte)
	defer putBatch(buf)
	var room [headroom]byte
	*buf = c.queue.take(append((*buf)[:0], room[:]...), now)
	if len(*buf) == headroom {
		return nil
	}
	return c.transport.write(*buf)
}

// farewell writes the rest of the queue, and then the frame b, which says why the connection ends. If b's code is slow, auth
// or forbidden, farewell writes only b.
func (c *Conn) farewell(b wire.Bye) error {
	c.shared.Metrics.countBye(b.Code)
	switch b.Code {
	case wire.CodeSlow: // the client reads too slowly to take the rest of the queue
	case wire.CodeAuth, wire.CodeForbidden: // the user may not read the rest of the queue
	default:
		for c.queue.waiting() > 0 && c.writeBatch() == nil {
		}
	}
	return c.transport.write(append(make([]byte, headroom), wire.Encode(b)...))
}

// logEnd logs why the connection ended.
func (c *Conn) logEnd() {
	c.shared.Log.Debug("connection ended", "conn_id", c.ID, "after", c.age().Round(time.Millisecond),
		"err", context.Cause(c.ctx))
}
