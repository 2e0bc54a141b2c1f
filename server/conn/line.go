package conn

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	// stallTimeout is how long a write may make no progress: the write fails if the client has taken no byte of it for
	// this long. A write to a WebSocket has no other deadline.
	stallTimeout = 10 * time.Second
	// stallLook is how often a write that makes no progress is interrupted and tried again. Each try gives the kernel as
	// many bytes as its send buffer has room for, and so shows whether the client has taken bytes. Without these tries, a
	// client that is only slow would be cut off, too. Once the buffer is full, the kernel lets a waiting write go on only
	// when a large part of the buffer is free again. With a slow client, that may take longer than stallTimeout.
	stallLook = stallTimeout / 4

	// A line stops lingering when the client has closed the connection, too, or when no byte has moved for lingerFor. It
	// never lingers longer than lingerMost. (nginx has the same two limits: lingering_timeout and lingering_time.)
	lingerFor  = 5 * time.Second
	lingerMost = 30 * time.Second
	lingerLook = time.Second // how often a lingering line checks whether bytes have moved
)

// line is the server's end of a client's TCP connection. A write goes on as long as the client takes bytes. Close is a
// lingering close (see Lines).
type line struct {
	net.Conn                 // static
	raw      syscall.RawConn // static; the socket under Conn; nil if Conn is not a socket of the system
	lines    *Lines          // static
	ended    chan struct{}   // static; a closed channel means that the line has ended: Conn is closed

	mu       sync.Mutex // guards what follows; never held during a read or a write of Conn
	idle     sync.Cond  // uses mu; wakes the goroutines that wait for a change of the fields waits, reads, busy and closed
	closed   bool       // Close or Abort was called
	over     bool       // a read has failed, so no more bytes come: the client has closed the connection, or is gone
	broken   bool       // a write has failed in its middle: no other bytes may follow
	slot     bool       // the line holds an admission.Slot; set before Close, never changed after
	waits    waitState
	reads    int       // how many reads are under way
	busy     bool      // a write is under way
	deadline time.Time // the caller's deadline, from SetWriteDeadline; zero: no deadline
	armed    time.Time // the write deadline that armLocked has last set on Conn
}

// waitState says whether a line waits for its next byte (see wait.go).
type waitState struct {
	begun bool   // beginWait has returned true, and endWait was not called yet; Read returns errPause at once
	never bool   // stayAwake was called
	early []byte // bytes that have ended a wait, which Read returns before all others
}

// errPause ends a read, so that the connection needs no read buffer while it waits for the client's next byte. Before a
// wait, inlet.Read returns errPause to make the WebSocket library return. During a wait, line.Read returns errPause, so that
// a tls.Conn does not block in a read (see inlet and wait.go).
var errPause error = pause{}

// pause is the type of errPause. A tls.Conn reads from a line. It can read again after an error of the line only if that
// error is a temporary net.Error; after any other error, all its later reads fail. So pause is a temporary net.Error.
type pause struct{}

func (pause) Error() string   { return "the client has sent nothing more" }
func (pause) Timeout() bool   { return false }
func (pause) Temporary() bool { return true }

// halfCloser is a connection, such as a TCP connection, whose sending direction can be closed alone. The peer then reads
// the end of the stream, and this side can still read what the peer sends.
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
	if early := l.waits.early; len(early) > 0 || l.waits.begun {
		defer l.mu.Unlock()
		n := copy(p, early)
		if l.waits.early = early[n:]; n == 0 {
			return 0, errPause
		}
		return n, nil
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
// write, the write goes on to its end. No other bytes come between those of p: other writes wait.
func (l *line) Write(p []byte) (n int, err error) {
	if !l.begin(true) {
		return 0, net.ErrClosed
	}
	return l.write(p)
}

// writeNow writes as many bytes of p as the kernel takes without waiting, and returns how many these are. begun is false if
// another write is under way, or if l is closed or broken: then writeNow has written nothing. If begun is true and n <
// len(p), without an error, the write is still under way, so that no other bytes come between: the caller must go on with
// writeRest. If l.raw is nil, writeNow must not be called.
func (l *line) writeNow(p []byte, w *rawWriter) (n int, begun bool, err error) {
	if begun = l.begin(false); !begun {
		return 0, false, nil
	}
	if n, err = w.now(l.raw, p); n == len(p) || err != nil {
		l.finish(err)
	}
	return n, true, err
}

// writeRest writes the rest of a write that writeNow has begun. It waits and fails as Write does.
func (l *line) writeRest(p []byte) error {
	_, err := l.write(p)
	return err
}

// write writes p and ends the write that the caller has begun. It fails when the client has taken no byte for stallTimeout.
func (l *line) write(p []byte) (n int, err error) {
	defer func() { l.finish(err) }()
	moved := l.arm()
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

// begin begins a write: it sets l.busy. If another write is under way, begin waits until that has ended, or returns false
// if the parameter wait is false. begin also returns false if the caller must not write, because l is closed or broken.
func (l *line) begin(wait bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.busy && !l.closed {
		if !wait {
			return false
		}
		l.idle.Wait()
	}
	if l.closed || l.broken {
		return false
	}
	l.busy = true
	return true
}

// arm sets the write deadline of Conn, unless the one that is set leaves a write enough time. It returns the present time.
func (l *line) arm() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.armed.Sub(now) < stallLook/2 {
		l.armLocked(now)
	}
	return now
}

// goOn runs when a write was interrupted because the write deadline of Conn has passed. If the caller's own deadline (see
// SetWriteDeadline) has passed, too, goOn returns false, and the write fails. Otherwise goOn sets the next deadline on
// Conn and returns true, and the write goes on.
func (l *line) goOn(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.deadline.IsZero() && !now.Before(l.deadline) {
		return false
	}
	l.armLocked(now)
	return true
}

// finish marks the end of a write, which has failed if err is not nil. If Close was called during the write, the direction
// to the client is still open, because Close let the write go on. Then finish ends that direction.
func (l *line) finish(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = false
	l.broken = l.broken || err != nil
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

// holdSlot records that the line's connection holds an admission.Slot until the line has ended. Such a line does not
// count towards MaxLingering.
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

// Close implements net.Conn with a lingering close (see Lines). It returns at once; if the line lingers, it does so on
// another goroutine. As soon as Conn is closed, the channel l.ended is closed, too.
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

// Abort closes the connection at once, without lingering, so bytes that are on their way may be lost.
func (l *line) Abort() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _ = l.Conn.Close(); !l.closed {
		l.closed = true
		l.idle.Broadcast()
		close(l.ended)
	}
}

// linger reads and discards the bytes that the client sends. It ends when the client has closed the connection, when no
// byte has moved for lingerFor, or when lingerMost has passed. Then it closes Conn.
func (l *line) linger() {
	defer time.AfterFunc(lingerMost, func() { _ = l.Conn.Close() }).Stop()
	defer l.Conn.Close()
	l.await(func() bool { return l.reads == 0 }) // wait for the calls of Read that still run; Close has made them fail
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
			// Wait for the end of a write: a client that has ended its own direction may still read.
			l.await(func() bool { return !l.busy })
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
