package server_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mayfly/shared/wire"
)

// cable is a TCP connection in memory that works under synctest. It resets as a kernel does: when an end is closed that
// has unread bytes, or when a closed end gets more bytes. A reset destroys what is on its way in both directions.
type cable struct {
	holds int // how many bytes may be on their way in one direction; static

	mu    sync.Mutex // guards what follows
	moved *sync.Cond
	reset bool
	ends  [2]*cableEnd
}

type cableEnd struct {
	*cable
	me, peer   int // in ends; static
	addr       string
	in         []byte // the bytes on their way to this end
	finished   bool   // this end sends no more
	closed     bool
	readBy     time.Time
	writtenBy  time.Time
	readAlarm  *time.Timer
	writeAlarm *time.Timer
}

// plug connects a client with h. Its cable holds that many bytes in each direction.
func (h *house) plug(t *testing.T, holds int) *cableEnd {
	t.Helper()
	c := &cable{holds: holds}
	c.moved = sync.NewCond(&c.mu)
	for i := range c.ends {
		c.ends[i] = &cableEnd{cable: c, me: i, peer: 1 - i, addr: home}
	}
	h.Accept(c.ends[1])
	t.Cleanup(func() { c.ends[0].Close() })
	return c.ends[0]
}

func past(t time.Time) bool { return !t.IsZero() && !time.Now().Before(t) }

// Read implements net.Conn.
func (e *cableEnd) Read(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for {
		switch {
		case e.closed:
			return 0, net.ErrClosed
		case past(e.readBy):
			return 0, os.ErrDeadlineExceeded
		case len(e.in) > 0:
			n := copy(p, e.in)
			e.in = e.in[n:]
			e.moved.Broadcast()
			return n, nil
		case e.reset:
			return 0, syscall.ECONNRESET
		case e.ends[e.peer].finished:
			return 0, io.EOF
		}
		e.moved.Wait()
	}
}

// Write implements net.Conn.
func (e *cableEnd) Write(p []byte) (n int, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	to := e.ends[e.peer]
	for {
		switch {
		case e.closed:
			return n, net.ErrClosed
		case e.reset || e.finished:
			return n, syscall.EPIPE
		case n == len(p):
			return n, nil
		case past(e.writtenBy):
			return n, os.ErrDeadlineExceeded
		case to.closed:
			e.resetLocked()
			continue
		}
		if taken := min(len(p)-n, e.holds-len(to.in)); taken > 0 {
			to.in = append(to.in, p[n:n+taken]...)
			n += taken
			e.moved.Broadcast()
			continue
		}
		e.moved.Wait()
	}
}

func (c *cable) resetLocked() {
	c.reset = true
	c.ends[0].in, c.ends[1].in = nil, nil
	c.moved.Broadcast()
}

// CloseWrite ends one direction.
func (e *cableEnd) CloseWrite() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.finished = true
	e.moved.Broadcast()
	return nil
}

// Close implements net.Conn.
func (e *cableEnd) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return net.ErrClosed
	}
	e.closed, e.finished = true, true
	if len(e.in) > 0 {
		e.resetLocked()
	}
	for _, alarm := range []*time.Timer{e.readAlarm, e.writeAlarm} {
		if alarm != nil {
			alarm.Stop()
		}
	}
	e.moved.Broadcast()
	return nil
}

// isClosed reports whether e was closed.
func (e *cableEnd) isClosed() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.closed
}

// other returns the server's end.
func (e *cableEnd) other() *cableEnd { return e.ends[e.peer] }

// SetReadDeadline implements net.Conn.
func (e *cableEnd) SetReadDeadline(t time.Time) error { return e.set(&e.readBy, &e.readAlarm, t) }

// SetWriteDeadline implements net.Conn.
func (e *cableEnd) SetWriteDeadline(t time.Time) error { return e.set(&e.writtenBy, &e.writeAlarm, t) }

func (e *cableEnd) set(by *time.Time, alarm **time.Timer, t time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return net.ErrClosed
	}
	if *by = t; *alarm != nil {
		(*alarm).Stop()
	}
	// A timer that is due already must not be started: in a bubble its goroutine runs it at once, and if two goroutines
	// do so at the same time, the race detector crashes (Go 1.26.8, runtime/time.go, unlockAndRun).
	if left := time.Until(t); left > 0 {
		*alarm = time.AfterFunc(left, func() {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.moved.Broadcast()
		})
	}
	e.moved.Broadcast()
	return nil
}

// SetDeadline implements net.Conn.
func (e *cableEnd) SetDeadline(t time.Time) error {
	_ = e.SetReadDeadline(t)
	return e.SetWriteDeadline(t)
}

// LocalAddr implements net.Conn.
func (e *cableEnd) LocalAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// RemoteAddr implements net.Conn.
func (e *cableEnd) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.ParseIP(e.addr), Port: 1234} }

// bareClient is a simple WebSocket client that reads and writes only when the test tells it to.
type bareClient struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader

	pongs int          // how many pongs next has read
	read  []wire.Frame // frames that until has read and not returned
}

const upgradeRequest = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: " + wire.Subprotocol + "\r\n\r\n"

// upgrade makes a WebSocket of conn.
func upgrade(t *testing.T, conn net.Conn) *bareClient {
	t.Helper()
	if _, err := io.WriteString(conn, upgradeRequest); err != nil {
		t.Fatal(err)
	}
	return upgraded(t, conn)
}

// upgraded reads the answer to an upgradeRequest.
func upgraded(t *testing.T, conn net.Conn) *bareClient {
	t.Helper()
	r := bufio.NewReaderSize(conn, 16)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %v, %v", resp, err)
	}
	return &bareClient{t: t, conn: conn, r: r}
}

// masked returns message as a client sends it in a WebSocket frame: a text message, masked with zeros.
func masked(message []byte) []byte {
	head := append([]byte{0x81, 0x80 | 126}, binary.BigEndian.AppendUint16(nil, uint16(len(message)))...)
	return append(append(head, 0, 0, 0, 0), message...)
}

func (c *bareClient) send(frames ...wire.Frame) {
	c.t.Helper()
	var encoded [][]byte
	for _, f := range frames {
		encoded = append(encoded, wire.Encode(f))
	}
	if _, err := c.conn.Write(masked(wire.Batch(encoded...))); err != nil {
		c.t.Fatal(err)
	}
}

// flood sends frames that a server ignores, 400 KB a second, until a write fails, and returns the error.
func (c *bareClient) flood() error {
	nonsense := masked([]byte(`{"type":"nonsense","pad":"` + strings.Repeat("x", 4000) + `"}`))
	for {
		if _, err := c.conn.Write(nonsense); err != nil {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// next returns the next message, or the close code, or an error if neither comes.
func (c *bareClient) next() (message []byte, closed int, err error) {
	var head [10]byte
	if _, err := io.ReadFull(c.r, head[:2]); err != nil {
		return nil, 0, err
	}
	length, more := int(head[1]), map[byte]int{126: 2, 127: 8}[head[1]]
	if _, err := io.ReadFull(c.r, head[2:2+more]); err != nil {
		return nil, 0, err
	}
	switch more {
	case 2:
		length = int(binary.BigEndian.Uint16(head[2:]))
	case 8:
		length = int(binary.BigEndian.Uint64(head[2:]))
	}
	message = make([]byte, length)
	if _, err := io.ReadFull(c.r, message); err != nil {
		return nil, 0, err
	}
	switch head[0] {
	case 0x81:
		return message, 0, nil
	case 0x88:
		return nil, int(binary.BigEndian.Uint16(message)), nil
	case 0x89: // a ping
		return c.next()
	case 0x8a:
		c.pongs++
		return c.next()
	}
	return nil, 0, fmt.Errorf("the server sent % x", head[0])
}

// readToEnd reads until the close code comes. It returns the frames that came before it, and the close code. If no close
// code comes, the test fails.
func (c *bareClient) readToEnd() (frames []wire.Frame, closed int) {
	c.t.Helper()
	for {
		message, closed, err := c.next()
		if err != nil {
			c.t.Errorf("after %s: %v", (answer{frames: frames}).kinds(), err)
			return frames, 0
		}
		if closed != 0 {
			return frames, closed
		}
		for b := range wire.Split(message) {
			f, err := wire.Decode(b)
			if err != nil {
				c.t.Errorf("the server sent %q: %v", b, err)
				continue
			}
			frames = append(frames, f)
		}
	}
}

// wantEnd fails unless frames ends with a bye of that code, and closed is the close code that mirrors it.
func wantEnd(t *testing.T, frames []wire.Frame, closed int, code wire.Code) {
	t.Helper()
	var last wire.Frame
	if len(frames) > 0 {
		last = frames[len(frames)-1]
	}
	if b, ok := last.(wire.Bye); !ok || b.Code != code || closed != wire.CloseFor(code) {
		t.Errorf("heard a %T last and closed with %d, want bye %s and %d", last, closed, code, wire.CloseFor(code))
	}
}

// slowReader is a reader that takes a few bytes at a time, and pauses after them.
type slowReader struct {
	io.Reader
	bytes int
	pause time.Duration
}

func (s slowReader) Read(p []byte) (int, error) {
	time.Sleep(s.pause)
	return s.Reader.Read(p[:min(len(p), s.bytes)])
}
