package server

import (
	"context"
	"crypto/rand"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"mayfly/server/admission"
	"mayfly/server/hub"
	"mayfly/shared/wire"
)

const (
	// endTimeout is how long a connection that is to end may take to write what waits and the goodbye, and a poll to
	// write a part of its answer, though the client takes bytes all the time.
	endTimeout = 30 * time.Second
	faultRetry = 5 * time.Second
)

// carrier is what carries the frames of a conn: a socket or a poll.
type carrier interface {
	// write writes frames, separated by \n. It blocks as long as the client takes them, or until cut is called.
	write(frames []byte) error
	// relieve waits until something of what is queued was written, or the conn is to end.
	relieve()
	// pulse does what is due at now. What may wait runs in pulses.
	pulse(now time.Time, pulses *sync.WaitGroup)
	// cut ends the connection, whatever is on its way. It does not wait.
	cut()
}

// conn is one client's connection, whatever carries it. It is the hub's Member: what the hub sends waits in its queue for
// the carrier.
type conn struct {
	server  *Server                 // static
	carrier carrier                 // static
	slot    admission.Slot          // static
	id      string                  // static
	opened  time.Time               // static
	queue   *queue                  // static
	ctx     context.Context         // static; done when the connection is to end, for the cause that leave gave
	leave   context.CancelCauseFunc // static

	sent    atomic.Int64 // the connection's age when something was queued last
	greeted atomic.Bool  // hello has come; the answer may take a while
	client  atomic.Pointer[hub.Client]
	signIn  atomic.Pointer[signIn]
	ends    atomic.Int64 // when its sign-in does, Unix milliseconds: nothing is delivered any more; 0: never

	session session // owned by the goroutine that calls handle
}

func newConn(s *Server, slot admission.Slot) *conn {
	c := &conn{server: s, slot: slot, id: "c-" + rand.Text(), opened: time.Now(), queue: newQueue(s.metrics.expired)}
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

// welcome sends w with the time at which it is written: its client sets its clock by it, and a poll may wait before.
func (c *conn) welcome(w wire.Welcome) {
	c.Send(hub.NewTimelyFrame(func(now int64) wire.Frame {
		w.Now = now
		return w
	}))
}

// over reports whether the sign-in has ended at now (Unix milliseconds).
func (c *conn) over(now int64) bool {
	ends := c.ends.Load()
	return ends != 0 && now >= ends
}

// handle carries out the frames of one message. Its error is why the connection ends.
func (c *conn) handle(message []byte) (err error) {
	defer func() { // a fault met by one client must not end the others' connections
		if fault := recover(); fault != nil {
			c.server.log.Error("panic in a connection", "conn_id", c.id, "panic", fault, "stack", string(debug.Stack()))
			err = bye(wire.Bye{Code: wire.CodeBusy, Message: "Something went wrong here. Come back to go on.", RetryMS: faultRetry.Milliseconds()})
		}
	}()
	for frame := range wire.Split(message) {
		if c.server.closing() { // what is not handled now comes again, from a client that was told to
			<-c.ctx.Done()
		}
		if c.ctx.Err() != nil {
			return context.Cause(c.ctx)
		}
		if err := c.session.handle(frame); err != nil {
			return err
		}
	}
	return nil
}

// batches lends buffers for the time of one write. An idle connection has none, and none keeps a text that was sent.
var batches = sync.Pool{New: func() any { return new([]byte) }}

// writeBatch writes what waits, as much as one message should hold.
func (c *conn) writeBatch() error {
	now := c.server.nowMS()
	if c.over(now) {
		return errExpired
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
	return c.carrier.write(batch)
}

// farewell writes what still waits, and then why the connection ends.
func (c *conn) farewell(b wire.Bye) error {
	c.server.metrics.bye(b.Code)
	switch b.Code {
	case wire.CodeSlow: // it would not read now either
	case wire.CodeAuth, wire.CodeForbidden: // nothing is for them any more
	default:
		for c.queue.waiting() > 0 && c.writeBatch() == nil {
		}
	}
	return c.carrier.write(wire.Encode(b))
}

// ended logs why.
func (c *conn) ended() {
	c.server.log.Debug("connection ended", "conn_id", c.id, "after", c.age().Round(time.Millisecond), "err", context.Cause(c.ctx))
}

// nowMS is the time that everything on the wire is told by, in Unix milliseconds.
func (s *Server) nowMS() int64 { return s.clock.Now().UnixMilli() }
