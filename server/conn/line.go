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
	// A write fails when the client has taken no byte of it for stallTimeout. A write to a WebSocket has no other
	// deadline.
	stallTimeout = 10 * time.Second
	// stallLook is how often a waiting write is stopped and tried again, to see whether the client has taken bytes.
	// Otherwise a slow client would be cut off like one that takes nothing: once the send buffer is full, the kernel
	// wakes the write only when a large part of the buffer is free again, which may take longer than stallTimeout.
	stallLook = stallTimeout / 4

	// A line lingers until the client has closed the connection, too, or until no byte has moved for lingerFor. It never
	// lingers longer than lingerMost. (nginx has the same two times, in lingering_timeout and lingering_time.)
	lingerFor  = 5 * time.Second
	lingerMost = 30 * time.Second
	lingerLook = time.Second // how often a lingering line checks whether bytes have moved
)

// line is the server's end of a client's TCP connection. A write goes on as long as the client takes bytes. Close is a
// lingering close (see Lines).
type line struct {
	net.Conn               // static
	lines    *Lines        // static
	ended    chan struct{} // static; closed when the line has ended: Conn is closed

	mu       sync.Mutex // guards what follows; never held during a read or a write of Conn
	idle     sync.Cond  // uses mu; tells waiters that reads, busy or closed has changed
	closed   bool       // Close or abort was called
	over     bool       // a read has failed, so no more bytes come: the client has closed the connection, or is gone
	slot     bool       // the line holds an admission.Slot; set before Close, never changed after
	reads    int        // how many reads are under way
	busy     bool       // a write is under way
	deadline time.Time  // the caller's deadline, from SetWriteDeadline; zero: no deadline
	armed    time.Time  // the write deadline that Conn has now; see armLocked
}

// halfCloser is a connection that can end its direction to the peer and still read, such as a TCP connection.
type halfCloser interface{ CloseWrite() error }

// longAgo is a deadline that has passed: a read or a write with it fails at once.
var longAgo = time.Unix(1, 0)

// Read implements net.Conn. After Close it returns net.ErrClosed at once, also while the line lingers.
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

// Write implements net.Conn. It fails when the client has taken no byte for stallTimeout. If Close is called during a
// write, the write goes on to its end.
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

// begin waits until no other write is under way, then marks the line as busy with a new write. ok is false if l is
// closed.
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

// goOn runs when the deadline of a write has passed, and gives the write a new deadline. If the caller's own deadline
// has passed, it returns false: the write must fail.
func (l *line) goOn(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.deadline.IsZero() && !now.Before(l.deadline) {
		return false
	}
	l.armLocked(now)
	return true
}

// finish marks the end of a write. If l was closed during the write, finish ends the direction to the client, because
// Close could not end it during the write.
func (l *line) finish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = false
	l.idle.Broadcast()
	if l.closed {
		_ = l.CloseWrite()
	}
}

// armLocked sets the write deadline of Conn to the time stallLook after now, or to the caller's deadline if that is
// earlier.
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
	if l.closed { // the method linger sets the read deadline from now on
		return net.ErrClosed
	}
	return l.Conn.SetReadDeadline(t)
}

// SetDeadline implements net.Conn.
func (l *line) SetDeadline(t time.Time) error {
	return errors.Join(l.SetReadDeadline(t), l.SetWriteDeadline(t))
}

// holdSlot records that the line's connection holds a slot until the line has ended. Lines does not limit how many such
// lines linger.
func (l *line) holdSlot() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slot = true
}

// CloseWrite ends the direction to the client: the client reads the end of the stream. (net/http calls it before it
// closes a connection.)
func (l *line) CloseWrite() error {
	if half, ok := l.Conn.(halfCloser); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Close implements net.Conn with a lingering close. It does not wait. When the line has ended, the channel ended is
// closed.
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
	_ = l.Conn.SetReadDeadline(longAgo) // ends the reads under way
	if !l.busy {
		_ = l.CloseWrite()
	}
	return nil
}

// abort closes the connection at once, without lingering, so bytes that are on their way may be lost.
func (l *line) abort() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _ = l.Conn.Close(); !l.closed {
		l.closed = true
		l.idle.Broadcast()
		close(l.ended)
	}
}

// linger reads and discards the bytes that the client sends, until the client has closed or the time is over (lingerFor,
// lingerMost). Then it closes the connection.
func (l *line) linger() {
	defer time.AfterFunc(lingerMost, func() { _ = l.Conn.Close() }).Stop()
	defer l.Conn.Close()
	l.await(func() bool { return l.reads == 0 }) // Close has made these reads fail
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
			l.await(func() bool { return !l.busy }) // the client may have ended only its own direction, and may still read
			return
		}
		if now, _ := progress(l.Conn); now != taken || l.isBusy() {
			moved, taken = time.Now(), now
		}
	}
}

// await waits until condition returns true. It holds mu while it calls condition.
func (l *line) await(condition func() bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !condition() {
		l.idle.Wait()
	}
}

func (l *line) isBusy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.busy
}
