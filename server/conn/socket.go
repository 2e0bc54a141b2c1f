package conn

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"mayfly/shared/wire"
)

const (
	pingEvery   = 25 * time.Second
	pongTimeout = 10 * time.Second
)

// Socket carries a connection on a WebSocket, for as long as that lives.
type Socket struct {
	*Conn
	ws   *websocket.Conn // static
	line *line           // static; ws runs on it

	writing  atomic.Bool // a write is under way
	handling atomic.Bool // readLoop handles a message, so it reads no pong

	nextPing time.Time // owned by tick
	abortAt  time.Time // owned by tick; when a connection that is to end is aborted
}

func newSocket(c *Conn, ws *websocket.Conn, l *line) *Socket {
	s := &Socket{Conn: c, ws: ws, line: l, nextPing: c.opened.Add(pingEvery)}
	c.transport = s
	return s
}

// Run serves the socket until it has ended: when Run returns, both loops have ended and the network connection is closed.
func (s *Socket) Run() {
	read := make(chan struct{})
	go func() {
		defer close(read)
		s.end(s.readLoop())
	}()
	s.writeLoop()
	s.close()
	<-read
	s.handler.Close()
	<-s.line.ended
	s.logEnd()
}

// readLoop handles messages until one ends the connection, or until the socket is closed. Reads have no deadline: tick ends
// the connection of a client that is silent for too long, by closing the socket.
func (s *Socket) readLoop() error {
	for {
		kind, message, err := s.ws.Read(context.Background())
		if err != nil {
			return err
		}
		if kind != websocket.MessageText {
			return Bye(wire.Bye{Code: wire.CodeProtocol, Message: "Send text messages, not binary ones."})
		}
		s.handling.Store(true)
		err = s.handle(message)
		s.handling.Store(false)
		if err != nil {
			return err
		}
	}
}

// writeLoop writes the queue, in batches, until the connection is to end.
func (s *Socket) writeLoop() {
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.queue.filled:
		}
		if s.ctx.Err() != nil { // both are ready: close knows what is still to be written
			return
		}
		if err := s.writeBatch(); err != nil {
			s.end(err)
			return
		}
	}
}

// write implements transport. It fails when the client takes no byte for stallTimeout, by the line.
func (s *Socket) write(frames []byte) error {
	s.writing.Store(true)
	defer s.writing.Store(false)
	return s.ws.Write(context.Background(), websocket.MessageText, frames)
}

// drain implements transport.
func (s *Socket) drain() {
	select {
	case <-s.queue.drained:
	case <-s.ctx.Done():
	}
}

// abort implements transport.
func (s *Socket) abort() { s.line.abort() }

// close says goodbye if the cause of the end is a Bye, and closes the socket. What is on its way then still arrives, because
// the line lingers.
func (s *Socket) close() {
	var b byeError
	if cause := context.Cause(s.ctx); !errors.As(cause, &b) {
		if errors.Is(cause, os.ErrDeadlineExceeded) { // the client takes no byte any more
			s.abort()
		}
		_ = s.ws.CloseNow()
		return
	}
	if s.farewell(b.Bye) != nil {
		s.abort()
		_ = s.ws.CloseNow()
		return
	}
	_ = s.ws.Close(websocket.StatusCode(wire.CloseFor(b.Code)), string(b.Code))
}

var (
	errNoHello = Bye(wire.Bye{Code: wire.CodeTimeout, Message: "No hello came in time."})
	errNoPong  = Bye(wire.Bye{Code: wire.CodeTimeout, Message: "The connection did not answer."})
)

// tick implements transport.
func (s *Socket) tick(now time.Time, slow *sync.WaitGroup) {
	if s.ctx.Err() != nil {
		switch {
		case s.abortAt.IsZero():
			s.abortAt = now.Add(endTimeout)
		case now.After(s.abortAt):
			s.abort()
		}
		return
	}
	client := s.handler.Client()
	if client == nil {
		if now.Sub(s.opened) >= wire.HelloTimeout && !s.handler.Greeted() {
			s.end(errNoHello)
		}
		return
	}
	if s.age()-time.Duration(s.lastSent.Load()) >= wire.BeatEvery {
		client.Beat()
	}
	if !now.Before(s.nextPing) && !s.writing.Load() { // the line ends a write of which the client takes no byte
		s.nextPing = now.Add(pingEvery)
		slow.Go(s.ping)
	}
}

// ping ends the connection if the client does not answer, unless the client is still taking bytes that were written before
// the ping.
func (s *Socket) ping() {
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
	s.end(errNoPong)
}
