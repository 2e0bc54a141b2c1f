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
	pingEvery   = 25 * time.Second // how often the server sends a WebSocket ping
	pongTimeout = 10 * time.Second // how long the server waits for the pong
)

// Socket carries a connection on a WebSocket, from the upgrade until the WebSocket is closed.
type Socket struct {
	*Conn
	ws   *websocket.Conn // static
	line *line           // static; the network connection under ws

	closing  sync.WaitGroup // done when the method close has returned
	handling atomic.Bool    // readLoop handles a message; until this is done, it cannot read a pong

	nextPing time.Time // owned by tick; when tick sends the next ping
	abortAt  time.Time // owned by tick; when tick aborts an ending connection; zero until the end begins
}

func newSocket(c *Conn, ws *websocket.Conn, l *line) *Socket {
	s := &Socket{Conn: c, ws: ws, line: l, nextPing: c.opened.Add(pingEvery)}
	c.transport = s
	s.closing.Add(1)
	return s
}

// Run serves the socket until the socket has ended. When Run returns, the network connection is closed.
func (s *Socket) Run() {
	s.End(s.readLoop())
	s.closing.Wait()
	s.handler.Close()
	<-s.line.ended
	s.logEnd()
}

// readLoop reads and handles messages until a message causes an error, or until the socket is closed. It returns the
// error with which the connection must end. Reads have no deadline, because the pings of tick find a client that does
// not answer, and end its connection.
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

// wake implements transport.
func (s *Socket) wake() {
	if s.line.raw != nil {
		s.shared.Writers.add(s)
	} else {
		go s.drain(nil, false)
	}
}

// ending implements transport. It makes the holder of the queue's claim close the WebSocket after its write. If nobody has
// the claim, it starts a goroutine that closes the WebSocket.
func (s *Socket) ending() {
	if s.queue.end() {
		go s.close()
	}
}

// next removes the next message from the queue, as queue.message does. If the deadline of the connection has passed, next
// ends the connection and returns nothing.
func (s *Socket) next(buf *[]byte) []byte {
	now := s.shared.nowMS()
	if s.Expired(now) {
		s.End(s.shared.Expired)
		return nil
	}
	return s.queue.message(buf, now)
}

// drain writes rest, and then the queue until that is empty. It waits while the client takes no bytes. rest is the rest of
// a message; begun says that line.writeNow has begun its write. drain has the claim of the queue when it begins.
func (s *Socket) drain(rest []byte, begun bool) {
	buf := batches.Get().(*[]byte)
	defer putBatch(buf)
	for {
		var err error
		if begun {
			err = s.line.writeRest(rest)
		} else if len(rest) > 0 {
			_, err = s.line.Write(rest)
		}
		if err != nil {
			s.End(err)
		}
		switch s.queue.release() {
		case released:
			return
		case ended:
			s.close()
			return
		}
		rest, begun = s.next(buf), false
	}
}

// write implements transport. Only the method close calls it, by farewell. The write has no deadline here: line.Write fails
// when the client has taken no byte for stallTimeout.
func (s *Socket) write(batch []byte) error {
	_, err := s.line.Write(seal(batch))
	return err
}

// makeRoom implements transport. It writes nothing, because the holder of the queue's claim does. It waits until frames were
// taken out of the queue, or until the connection begins to end.
func (s *Socket) makeRoom() { s.queue.await(s.ctx.Done()) }

// abort implements transport. It cuts the network connection.
func (s *Socket) abort() { s.line.abort() }

// close closes the WebSocket. It has the claim of the queue, and keeps it, so nobody else writes frames. If the error that ends the connection was made by the function Bye, close first writes the
// rest of the queue and the goodbye (see farewell). Bytes that are on their way still arrive, because the line lingers.
func (s *Socket) close() {
	defer s.closing.Done()
	var b byeError
	if cause := context.Cause(s.ctx); !errors.As(cause, &b) {
		if errors.Is(cause, os.ErrDeadlineExceeded) { // a write failed because the client takes no bytes
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

// tick implements transport. It ends a connection whose client has not said hello within wire.HelloTimeout. Once the
// hello has its answer, it sends beats and pings. If the connection is ending already, tick only cuts it when endTimeout
// has passed.
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
			s.End(errNoHello)
		}
		return
	}
	if s.age()-time.Duration(s.lastSent.Load()) >= wire.BeatEvery {
		client.Beat()
	}
	if !now.Before(s.nextPing) && !s.queue.writing() { // no ping during a write: if the client is gone, the write fails
		s.nextPing = now.Add(pingEvery)
		slow.Go(s.ping)
	}
}

// ping sends a WebSocket ping. If no pong comes within pongTimeout, it ends the connection, except in two cases. First,
// s.handling or s.writing is true: readLoop cannot read a pong while it handles a message, and a write has its own
// timeout. Second, the client's system has received bytes meanwhile and more bytes are on their way: the ping may still
// wait behind those bytes.
func (s *Socket) ping() {
	before, _ := progress(s.line.Conn)
	// The context is not s.ctx: if s.ctx were cancelled during the write of the ping, the library would close the socket
	// before the bye is written.
	ctx, cancel := context.WithTimeout(context.Background(), pongTimeout)
	defer cancel()
	if s.ws.Ping(ctx) == nil || s.handling.Load() || s.queue.writing() {
		return
	}
	if now, more := progress(s.line.Conn); more && now != before {
		return
	}
	s.End(errNoPong)
}
