package conn

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

const (
	// A client that takes no byte of a write for stallTimeout takes none any more. A WebSocket's write has no other
	// deadline.
	stallTimeout = 10 * time.Second
	// stallLook is how often a write that waits tries again: the kernel wakes it late when its buffer is large.
	stallLook = stallTimeout / 4

	// A closed connection is let go when the client has closed it too, when no byte has moved for lingerFor, and in any case
	// after lingerMost. (nginx has the same two times for the same purpose.)
	lingerFor  = 5 * time.Second
	lingerMost = 30 * time.Second
	lingerLook = time.Second // how often a line that lingers checks whether bytes have moved
)

// line is a client's TCP connection. Its writes go on as long as the client takes bytes, and its Close lingers.
type line struct {
	net.Conn               // static
	lines    *Lines        // static
	ended    chan struct{} // static; closed once Conn is closed

	mu       sync.Mutex // guards what follows; never held during a read or a write of Conn
	idle     sync.Cond  // on mu: reads, busy or closed has changed
	closed   bool
	over     bool      // no byte comes from the client any more: it has closed, or is gone
	slot     bool      // the line holds a slot; static before Close
	reads    int       // reads under way
	busy     bool      // a write is under way
	deadline time.Time // of SetWriteDeadline; zero: none
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

// Write implements net.Conn. It fails when the client has taken no byte for stallTimeout. A write that is under way when the
// line is closed goes on.
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

// begin waits until no other write is under way, and begins one. ok is false if l is closed.
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

// finish ends a write. If l was closed meanwhile, finish ends this direction.
func (l *line) finish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = false
	l.idle.Broadcast()
	if l.closed {
		_ = l.CloseWrite()
	}
}

// armLocked sets the write deadline of Conn: stallLook after now, or the caller's deadline if that is earlier.
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

// holdSlot records that the line holds a slot until it has ended.
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

// abort closes the connection at once, without regard for what is on its way.
func (l *line) abort() {
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
