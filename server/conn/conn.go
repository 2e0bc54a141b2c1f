// Package conn carries one client's frames, on a WebSocket or on a poll. A connection has a queue of frames to write, an end
// with a cause, and a deadline. What the frames mean is not its business: a Handler says that.
//
// Files in order: conn.go (what every connection has), queue.go, bye.go, metrics.go; socket.go, upgrade.go and poll.go (the
// two transports, which embed a Conn and refer up to it); lines.go and line.go (network connections that are closed without
// destroying what is on its way; a line refers up to its Lines).
//
// Locks: line.mu is taken before Lines.mu. The lock of a queue is taken last.
package conn

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

const (
	// endTimeout is how long a connection that is to end may take to write its queue and the goodbye, and a poll to write a
	// part of its answer, although the client takes bytes all the time.
	endTimeout = 30 * time.Second
	faultRetry = 5 * time.Second
)

// Handler says what the frames of one connection mean.
type Handler interface {
	// Handle carries out one frame. An error ends the connection; a Bye says goodbye first. The calls come from one
	// goroutine, in the order of the frames.
	Handle(frame []byte) error
	// Close runs once, when the connection has ended and Handle is called no more.
	Close()
	// Greeted reports whether a hello has come. The answer may take a while. Any goroutine may call it.
	Greeted() bool
	// Client returns the client in the hub, nil until the hello is answered. Any goroutine may call it.
	Client() *hub.Client
	// MustAnswer reports whether a frame came, after hello, that is always answered: a poll then waits for no news. The
	// goroutine that calls Handle calls it.
	MustAnswer() bool
	// Patience returns how long a poll waits for news at most. The goroutine that calls Handle calls it.
	Patience() time.Duration
}

// Shared is what all connections of a node share. Its fields are static.
type Shared struct {
	Clock    *hub.Clock
	Log      *slog.Logger
	Metrics  *Metrics
	Stopping func() bool // the server is stopping: no further frame is handled
	Expired  error       // ends a connection whose deadline has passed
}

// nowMS returns the time by which deadlines count, in Unix milliseconds.
func (s *Shared) nowMS() int64 { return s.Clock.Now().UnixMilli() }

// transport carries the frames of a connection: a socket or a poll.
type transport interface {
	// write writes frames, separated by \n. It blocks as long as the client takes them, or until cut is called.
	write(frames []byte) error
	// drain waits until some of the queue was written, or the connection is to end.
	drain()
	// tick does what is due at now. Work that may block runs in slow.
	tick(now time.Time, slow *sync.WaitGroup)
	// abort ends the connection without regard for what is on its way. It does not wait.
	abort()
}

// Conn is one client's connection, on any transport. It is the hub's Member: frames from the hub wait in its queue for the
// transport.
type Conn struct {
	// Static once Upgrade or NewPoll has returned.
	ID        string
	From      netip.Addr
	shared    *Shared
	transport transport
	handler   Handler
	opened    time.Time
	queue     *queue
	ctx       context.Context // done when the connection is to end, with the cause that End gave
	end       context.CancelCauseFunc

	lastSent atomic.Int64 // the connection's age when a frame was queued last
	deadline atomic.Int64 // Unix milliseconds: from then on nothing is delivered; 0: never
}

// newConn returns a connection without a transport. It asks newHandler for its handler.
func newConn(shared *Shared, from netip.Addr, newHandler func(*Conn) Handler) *Conn {
	c := &Conn{ID: "c-" + rand.Text(), From: from, shared: shared, opened: time.Now(),
		queue: newQueue(shared.Metrics.expired)}
	c.ctx, c.end = context.WithCancelCause(context.Background())
	c.handler = newHandler(c)
	return c
}

// errSlow ends a connection whose queue overflowed.
var errSlow = Bye(wire.Bye{Code: wire.CodeSlow, Message: "You read too slowly, so messages piled up. Come back to go on."})

// Send implements hub.Member. If the queue is full, it ends the connection.
func (c *Conn) Send(f *hub.Frame) bool {
	if !c.queue.push(f) {
		c.shared.Metrics.slow.Inc()
		c.end(errSlow)
		return false
	}
	c.lastSent.Store(int64(c.age()))
	return true
}

// SendFrame queues a frame that doesn't expire.
func (c *Conn) SendFrame(f wire.Frame) { c.Send(hub.NewFrame(f)) }

// age returns how long the connection is open, by the monotonic clock.
func (c *Conn) age() time.Duration { return time.Since(c.opened) }

// Context returns a context that is done when the connection is to end.
func (c *Conn) Context() context.Context { return c.ctx }

// End ends the connection because of cause, unless it ends already. It does not block. The client is told a cause that is a
// Bye.
func (c *Conn) End(cause error) { c.end(cause) }

// ExpireAt sets the deadline of the connection. From then on nothing is delivered, and the connection ends with
// Shared.Expired.
func (c *Conn) ExpireAt(t time.Time) { c.deadline.Store(t.UnixMilli()) }

// Expired reports whether the deadline has passed at now (Unix milliseconds).
func (c *Conn) Expired(now int64) bool {
	deadline := c.deadline.Load()
	return deadline != 0 && now >= deadline
}

// MakeRoom waits until the queue has room for the answer to a join. It returns false if the connection ends meanwhile. The
// goroutine that calls Handle may call it.
func (c *Conn) MakeRoom() bool {
	for c.queue.waiting() > roomForJoin {
		if c.transport.drain(); c.ctx.Err() != nil {
			return false
		}
	}
	return true
}

// Tick does what is due at now: it sends beats and pings, and ends a connection that has said no hello, does not answer, or
// does not end. Work that may block runs in slow. One goroutine calls it.
func (c *Conn) Tick(now time.Time, slow *sync.WaitGroup) { c.transport.tick(now, slow) }

// Abort ends the connection at once, without regard for what is on its way. It does not wait.
func (c *Conn) Abort() { c.transport.abort() }

// handle carries out the frames of one message. Its error is why the connection ends.
func (c *Conn) handle(message []byte) (err error) {
	defer func() { // a fault that one client meets must not end the connections of others
		if fault := recover(); fault != nil {
			c.shared.Log.Error("panic in a connection", "conn_id", c.ID, "panic", fault, "stack", string(debug.Stack()))
			err = Bye(wire.Bye{Code: wire.CodeBusy, Message: "Something went wrong here. Come back to go on.",
				RetryMS: faultRetry.Milliseconds()})
		}
	}()
	for frame := range wire.Split(message) {
		if c.shared.Stopping() { // the client is told to come back; it then sends again the frames not handled here
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

// batches lends buffers for the time of one write. An idle connection has none, and no buffer keeps a text that was sent.
var batches = sync.Pool{New: func() any { return new([]byte) }}

// writeBatch writes frames of the queue, as much as one message should hold.
func (c *Conn) writeBatch() error {
	now := c.shared.nowMS()
	if c.Expired(now) {
		return c.shared.Expired
	}
	buf := batches.Get().(*[]byte)
	batch := c.queue.take((*buf)[:0], now)
	defer func() {
		clear(batch)
		if *buf = batch; cap(batch) <= 2*maxBatch { // a large joined is rare: don't keep its buffer
			batches.Put(buf)
		}
	}()
	if len(batch) == 0 {
		return nil
	}
	return c.transport.write(batch)
}

// farewell writes the rest of the queue, and then why the connection ends.
func (c *Conn) farewell(b wire.Bye) error {
	c.shared.Metrics.countBye(b.Code)
	switch b.Code {
	case wire.CodeSlow: // the client would not read it now either
	case wire.CodeAuth, wire.CodeForbidden: // the client may get nothing any more
	default:
		for c.queue.waiting() > 0 && c.writeBatch() == nil {
		}
	}
	return c.transport.write(wire.Encode(b))
}

// logEnd logs why the connection ended.
func (c *Conn) logEnd() {
	c.shared.Log.Debug("connection ended", "conn_id", c.ID, "after", c.age().Round(time.Millisecond),
		"err", context.Cause(c.ctx))
}
