package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

const (
	// A client that takes no byte of a write for stallTimeout takes none any more. A WebSocket's write has no other deadline.
	stallTimeout = 10 * time.Second
	stallLook    = stallTimeout / 4 // how often a write that waits tries again: the kernel wakes it late when its buffer is large

	// A closed connection is let go once the client has closed it too, once no byte has moved for lingerFor, and in any case
	// after lingerMost. (nginx has the same two times for the same purpose.)
	lingerFor  = 5 * time.Second
	lingerMost = 30 * time.Second
	lingerLook = time.Second // how often it is looked at

	// maxLingering requests' connections may linger at once; the next is let go at once. A connection that holds a slot
	// lingers in any case, as it keeps the slot meanwhile.
	maxLingering = 500
)

// lines closes connections so that nothing that is on its way to a client is destroyed (a lingering close). The kernel
// answers with a reset when a socket is closed while it holds bytes that nobody has read, or when a client sends more
// afterwards, and a reset discards what the client has not received yet: a goodbye, an answer, messages. So a line that
// is closed first ends its own direction, then reads and discards what the client sends.
type lines struct {
	group sync.WaitGroup // lines that linger

	mu       sync.Mutex // guards what follows
	drained  bool       // no line lingers any more
	requests int        // lines that linger and hold no slot
	conns    map[*line]struct{}
}

func newLines() *lines { return &lines{conns: map[*line]struct{}{}} }

// Listener returns l, whose connections are closed with a lingering close. Serve the Handler on it, and call Drain in the
// end.
func (s *Server) Listener(l net.Listener) net.Listener { return listener{l, s.lines} }

// Drain waits until every connection that was closed has ended, or until ctx is done, and then lets go of those that have
// not. Call it once the HTTP server is closed: a connection that is closed later does not linger.
func (s *Server) Drain(ctx context.Context) error {
	l := s.lines
	l.mu.Lock()
	l.drained = true
	l.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		l.group.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	for c := range l.conns {
		_ = c.Conn.Close()
	}
	l.mu.Unlock()
	<-ended
	return errors.New("clients did not take their last bytes in time")
}

// linger starts the goroutine that c lingers in, and reports whether it may. The caller holds c.mu.
func (l *lines) linger(c *line) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	slot := c.slot // c.mu is held; the goroutine goes by what was true at the close
	if l.drained || !slot && l.requests >= maxLingering {
		return false
	}
	if !slot {
		l.requests++
	}
	l.conns[c] = struct{}{}
	l.group.Go(func() {
		defer close(c.ended)
		c.linger()
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.conns, c)
		if !slot {
			l.requests--
		}
	})
	return true
}

func (l *lines) wrap(conn net.Conn) *line {
	c := &line{Conn: conn, lines: l, ended: make(chan struct{})}
	c.idle.L = &c.mu
	return c
}

type listener struct {
	net.Listener
	lines *lines
}

// Accept implements net.Listener.
func (l listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.lines.wrap(conn), nil
}

// line is a client's TCP connection. Its writes go on as long as the client takes bytes, and its Close lingers.
type line struct {
	net.Conn               // static
	lines    *lines        // static
	ended    chan struct{} // static; closed once Conn is closed

	mu       sync.Mutex // guards what follows; never held during a read or a write of Conn
	idle     sync.Cond  // on mu: reads, busy or closed has changed
	closed   bool
	over     bool      // nothing more comes from the client: it has closed, or is gone
	slot     bool      // it holds one: static before Close
	reads    int       // how many are under way
	busy     bool      // a write is under way
	deadline time.Time // for writes, as SetWriteDeadline was told; zero: none
	armed    time.Time // the write deadline of Conn
}

// halfCloser is a connection of which one direction can be ended, such as a TCP connection.
type halfCloser interface{ CloseWrite() error }

var longAgo = time.Unix(1, 0)

// Read implements net.Conn. It does not wait for a line that lingers.
func (l *line) Read(p []byte) (int, error) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return 0, net.ErrClosed
	}
	l.reads++
	l.mu.Unlock()

	n, err := l.Conn.Read(p)

	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads--
	l.idle.Broadcast()
	switch {
	case err == nil:
		return n, nil
	case l.closed:
		return n, net.ErrClosed
	case !errors.Is(err, os.ErrDeadlineExceeded):
		l.over = true
	}
	return n, err
}

// Write implements net.Conn. It fails once no byte was taken for stallTimeout. A write that is under way when the line is
// closed goes on.
func (l *line) Write(p []byte) (n int, err error) {
	moved, ok := l.begin()
	if !ok {
		return 0, net.ErrClosed
	}
	defer l.finish()
	for {
		taken, err := l.Conn.Write(p[n:])
		if n += taken; err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		now := time.Now()
		if taken > 0 {
			moved = now
		}
		if now.Sub(moved) >= stallTimeout {
			return n, fmt.Errorf("the client took nothing for %s: %w", stallTimeout, err)
		}
		if !l.goOn(now) {
			return n, err
		}
	}
}

// begin begins a write, once no other is under way, unless l is closed.
func (l *line) begin() (now time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.busy && !l.closed {
		l.idle.Wait()
	}
	if l.closed {
		return time.Time{}, false
	}
	l.busy = true
	if now = time.Now(); l.armed.Sub(now) < stallLook/2 {
		l.armLocked(now)
	}
	return now, true
}

// goOn lets a write whose deadline has passed go on, unless that was the caller's deadline.
func (l *line) goOn(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.deadline.IsZero() && !now.Before(l.deadline) {
		return false
	}
	l.armLocked(now)
	return true
}

// finish ends a write. It ends this direction if l was closed meanwhile.
func (l *line) finish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = false
	l.idle.Broadcast()
	if l.closed {
		_ = l.CloseWrite()
	}
}

func (l *line) armLocked(now time.Time) {
	l.armed = now.Add(stallLook)
	if !l.deadline.IsZero() && l.deadline.Before(l.armed) {
		l.armed = l.deadline
	}
	_ = l.Conn.SetWriteDeadline(l.armed)
}

// SetWriteDeadline implements net.Conn.
func (l *line) SetWriteDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return net.ErrClosed
	}
	l.deadline = t
	l.armLocked(time.Now())
	return nil
}

// SetReadDeadline implements net.Conn.
func (l *line) SetReadDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed { // the deadline is that of the lingering
		return net.ErrClosed
	}
	return l.Conn.SetReadDeadline(t)
}

// SetDeadline implements net.Conn.
func (l *line) SetDeadline(t time.Time) error {
	return errors.Join(l.SetReadDeadline(t), l.SetWriteDeadline(t))
}

// holdSlot notes that the line holds a slot until it has ended.
func (l *line) holdSlot() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slot = true
}

// CloseWrite ends the direction to the client. (net/http calls it before a close.)
func (l *line) CloseWrite() error {
	if half, ok := l.Conn.(halfCloser); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Close implements net.Conn. It does not wait: ended is closed when the connection has ended.
func (l *line) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return net.ErrClosed
	}
	l.closed = true
	l.idle.Broadcast()
	_, half := l.Conn.(halfCloser)
	if !half || l.over && !l.busy || !l.lines.linger(l) {
		defer close(l.ended)
		return l.Conn.Close()
	}
	_ = l.Conn.SetReadDeadline(longAgo) // ends a read
	if !l.busy {
		_ = l.CloseWrite()
	}
	return nil
}

// cut closes the connection at once, whatever is on its way.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _ = l.Conn.Close(); !l.closed {
		l.closed = true
		l.idle.Broadcast()
		close(l.ended)
	}
}

// linger reads and discards what the client sends, and closes the connection in the end.
func (l *line) linger() {
	defer time.AfterFunc(lingerMost, func() { _ = l.Conn.Close() }).Stop()
	defer l.Conn.Close()
	l.await(func() bool { return l.reads == 0 }) // the close has ended them
	discarded := make([]byte, 2<<10)
	moved := time.Now()
	taken, _ := progress(l.Conn)
	for now := moved; now.Sub(moved) < lingerFor; now = time.Now() {
		_ = l.Conn.SetReadDeadline(now.Add(lingerLook))
		n, err := 0, error(nil)
		for err == nil {
			if n, err = l.Conn.Read(discarded); n > 0 {
				moved = time.Now()
			}
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			l.await(func() bool { return !l.busy }) // a client that only ended its own direction may still take the rest
			return
		}
		if now, _ := progress(l.Conn); now != taken || l.isBusy() {
			moved, taken = time.Now(), now
		}
	}
}

// await waits until is returns true. It holds mu during the call.
func (l *line) await(is func() bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !is() {
		l.idle.Wait()
	}
}

func (l *line) isBusy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.busy
}
