package conn

import (
	"context"
	"errors"
	"io"
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
	pongGrace   = time.Second      // how much longer it waits for a pong that may have come and was not read yet
	// A ping may go out earlier, by pingEarly at most, so that it goes out together with a beat, in one write.
	pingEarly = pingEvery / 10
)

// Socket carries a connection on a WebSocket, from the upgrade until the WebSocket is closed.
type Socket struct {
	*Conn
	ws    *websocket.Conn // static
	in    *inlet          // static; the network connection under ws
	line  *line           // static; the network connection under in, and under TLS if there is TLS
	ended func()          // static once Start has begun; runs when the socket has ended

	closing  sync.WaitGroup // done when the method close has returned
	handling atomic.Bool    // a message is handled; until this is done, no pong is read

	cut atomic.Pointer[time.Timer] // aborts the connection if its end takes too long; nil until the end begins

	// Owned by tick. Times count from when the connection was opened.
	nextPing time.Duration // when tick sends the next ping
	pongBy   time.Duration // when tick looks whether the pong has come; 0: no pong is awaited
	overdue  bool          // the pong has not come within pongTimeout
	taken    uint64        // how many bytes the client's system had acknowledged at the last ping
}

func newSocket(c *Conn, ws *websocket.Conn, in *inlet) *Socket {
	s := &Socket{Conn: c, ws: ws, in: in, line: in.line, nextPing: pingEvery}
	c.transport = s
	s.closing.Add(1)
	return s
}

// Start serves the socket on goroutines of its own, and returns at once. An idle socket has one goroutine with a small
// stack. When the socket has ended and the network connection is closed, ended runs.
func (s *Socket) Start(ended func()) {
	s.ended = ended
	go s.read()
}

// wait waits until the client sends something, and then reads it. A new goroutine runs wait after each read, because the
// goroutine that has read has a large stack.
func (s *Socket) wait() {
	if err := s.in.wait(); err != nil {
		s.finish(err)
		return
	}
	s.read()
}

// read reads and handles messages. When the client has sent nothing more, it starts a goroutine that waits, and returns.
// Reads have no deadline, because the pings of tick find a client that does not answer, and end its connection.
func (s *Socket) read() {
	for {
		if s.in.beginWait() {
			go s.wait()
			return
		}
		if err := s.readMessage(); err != nil && !errors.Is(err, errPause) {
			s.finish(err)
			return
		}
	}
}

// readMessage reads and handles one message. It returns errPause if nothing but control frames has come.
func (s *Socket) readMessage() error {
	kind, r, err := s.ws.Reader(context.Background())
	if err != nil {
		return err
	}
	s.in.inMessage.Store(true)
	message, err := io.ReadAll(r)
	s.in.inMessage.Store(false)
	if err != nil {
		return err
	}
	if kind != websocket.MessageText {
		return Bye(wire.Bye{Code: wire.CodeProtocol, Message: "Send text messages, not binary ones."})
	}
	s.handling.Store(true)
	defer s.handling.Store(false)
	return s.handle(message)
}

// finish runs when reading has failed with err, or a message has caused err. It ends the connection, waits until the
// network connection is closed, and then runs ended.
func (s *Socket) finish(err error) {
	s.End(err)
	s.closing.Wait()
	if cut := s.cut.Load(); cut != nil {
		cut.Stop()
	}
	s.handler.Close()
	<-s.line.ended
	s.logEnd()
	s.ended()
}

// wake implements transport.
func (s *Socket) wake() {
	if s.line.raw != nil && s.in.secure == nil {
		s.shared.Writers.add(s)
	} else {
		go s.drain(nil, false)
	}
}

// ending implements transport. If a goroutine is writing the queue (it has the claim, see queue), that goroutine closes the
// WebSocket after its write. Otherwise ending starts a goroutine that does so. If the connection has not ended after
// endTimeout, it is cut.
func (s *Socket) ending() {
	first, claimed := s.queue.end()
	if first {
		s.cut.Store(time.AfterFunc(endTimeout, s.abort))
	}
	if claimed {
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
			_, err = s.in.Write(rest)
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
	_, err := s.in.Write(seal(batch))
	return err
}

// makeRoom implements transport. It writes nothing, because the holder of the queue's claim does. It waits until frames were
// taken out of the queue, or until the connection begins to end.
func (s *Socket) makeRoom() { s.queue.await(s.ctx.Done()) }

// abort implements transport. It cuts the network connection.
func (s *Socket) abort() { s.line.Abort() }

// close closes the WebSocket. It has the claim of the queue, and keeps it, so nobody else writes frames. If the error
// that ends the connection was made by the function Bye, close first writes the rest of the queue and the goodbye (see
// farewell). Bytes that are on their way still arrive, because the line lingers.
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
	s.line.stayAwake() // the WebSocket library reads the client's answer
	_ = s.ws.Close(websocket.StatusCode(wire.CloseFor(b.Code)), string(b.Code))
}

var (
	errNoHello = Bye(wire.Bye{Code: wire.CodeTimeout, Message: "No hello came in time."})
	errNoPong  = Bye(wire.Bye{Code: wire.CodeTimeout, Message: "The connection did not answer."})
)

// tick implements transport. It ends a connection whose client has not said hello within wire.HelloTimeout. Once the
// hello has its answer, it sends beats and pings, and ends the connection if no pong comes.
func (s *Socket) tick(now time.Time) time.Duration {
	if s.ctx.Err() != nil {
		return Never
	}
	age := now.Sub(s.opened)
	client := s.handler.Client()
	if client == nil {
		if age >= wire.HelloTimeout && !s.handler.Greeted() {
			s.End(errNoHello)
		}
		return 0
	}
	if s.pongBy != 0 && age >= s.pongBy {
		if s.isGone() && !s.overdue {
			// The pong may have come while this process could not run. So give the reader some time.
			s.overdue, s.pongBy = true, age+pongGrace
			return pongGrace
		}
		if s.isGone() {
			s.End(errNoPong)
			return Never
		}
		s.overdue, s.pongBy = false, 0
	}
	beat := age-time.Duration(s.lastSent.Load()) >= wire.BeatEvery
	pinged := (age >= s.nextPing || beat && age >= s.nextPing-pingEarly) && s.ping(age)
	if beat {
		client.Beat()
	}
	if pinged {
		s.wake()
	}
	next := min(time.Duration(s.lastSent.Load())+wire.BeatEvery, s.nextPing)
	if s.pongBy != 0 {
		next = min(next, s.pongBy)
	}
	return max(next-age, 0)
}

// ping makes a ping wait in the queue, and returns true: then the caller has the claim of the queue. During a write it does
// nothing and returns false: if the client is gone, the write fails. The library has a method for pings, too, but that
// needs a goroutine and two timers for each, and a write of its own.
func (s *Socket) ping(age time.Duration) bool {
	if !s.queue.addPing() {
		return false
	}
	s.in.ponged.Store(false)
	s.nextPing, s.pongBy = age+pingEvery, age+pongTimeout
	s.taken, _ = progress(s.line.Conn)
	return true
}

// isGone reports whether the client has not answered the last ping. In two cases it returns false although the client has
// not answered. First, a message is handled or the queue is written: the reader cannot read a pong while it handles a
// message, and a write has its own timeout. Second, the client's system has received bytes since the ping and more bytes
// are on their way: the ping may still wait behind those bytes.
func (s *Socket) isGone() bool {
	if s.in.ponged.Load() || s.handling.Load() || s.queue.writing() {
		return false
	}
	taken, more := progress(s.line.Conn)
	return !more || taken == s.taken
}
