package conn

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"os"
	"sync"
	"sync/atomic"
)

// chunkSize is how many bytes an inlet reads at once.
const chunkSize = 4 << 10

// chunks is a pool of buffers of chunkSize bytes. A connection has one only while the WebSocket library reads from it.
var chunks = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// inlet is the network connection that the WebSocket library reads from. Without it, an idle connection would wait inside
// the library, in a read that needs a large stack and buffers. With it, an idle connection waits in the method wait for its
// first byte, and only then the library reads.
//
// To make the library return, the inlet fails a read with errPause, when the library has read a control frame to its end and
// there is nothing more to read. If a read that took no byte fails, the library keeps its state, so it can read on later.
// Its documentation does not promise that, so tests check it.
//
// Under TLS the inlet reads from and writes to secure, which has the line below it. An idle connection waits for its first
// encrypted byte in the same way. The tls.Conn then keeps only what has come of a record that is not complete.
//
// The goroutine that reads from the WebSocket owns the fields that are not static. After line.stayAwake, the library may
// read on another goroutine, but never on two at the same time.
type inlet struct {
	*line
	secure *tls.Conn     // static; encrypts over line; nil: the connection has no TLS
	below  *bufio.Reader // static; the WebSocket library reads from below, and below reads from the inlet

	unread []byte           // bytes of first or of chunk that below has not read yet
	first  [16]byte         // the bytes that have ended a wait
	chunk  *[chunkSize]byte // from chunks; nil: none
	pause  bool             // below is empty, and the library has read a control frame outside a message to its end

	inMessage atomic.Bool // the library has read the beginning of a message, and not its end
	ponged    atomic.Bool // a pong has come since the last ping
}

// open makes an empty inlet read from l, and first the bytes in early. If secure is not nil, it encrypts over l.
func (in *inlet) open(l *line, secure *tls.Conn, early []byte) {
	in.line, in.secure, in.unread = l, secure, bytes.Clone(early)
	in.below = bufio.NewReaderSize(in, 64) // for the headers of frames: payloads are read past it
}

// Read implements net.Conn.
func (in *inlet) Read(p []byte) (int, error) {
	if len(in.unread) == 0 {
		if in.pause && !in.isAwake() {
			in.pause = false
			return 0, errPause
		}
		if n, err := in.fill(); n == 0 {
			return 0, err
		}
	}
	in.pause = false
	n := copy(p, in.unread)
	in.unread = in.unread[n:]
	return n, nil
}

// fill reads bytes of the client into the chunk, and makes them unread.
func (in *inlet) fill() (n int, err error) {
	if in.chunk == nil {
		in.chunk = chunks.Get().(*[chunkSize]byte)
	}
	if in.secure != nil {
		n, err = in.secure.Read(in.chunk[:])
	} else {
		n, err = in.line.Read(in.chunk[:])
	}
	in.unread = in.chunk[:n]
	return n, err
}

// Write implements net.Conn. See line.Write: the same is true under TLS.
func (in *inlet) Write(p []byte) (int, error) {
	if in.secure != nil {
		return in.secure.Write(p)
	}
	return in.line.Write(p)
}

// Close implements net.Conn. Under TLS it first tells the client that no more bytes come.
func (in *inlet) Close() error {
	if in.secure != nil {
		return in.secure.Close()
	}
	return in.line.Close()
}

// onPing and onPong run when the WebSocket library has read a ping or a pong to its end.
func (in *inlet) onPing(context.Context, []byte) bool {
	in.pause = in.mayPause()
	return true
}

func (in *inlet) onPong(context.Context, []byte) {
	in.ponged.Store(true)
	in.pause = in.mayPause()
}

func (in *inlet) mayPause() bool {
	return in.raw != nil && in.below.Buffered() == 0 && !in.inMessage.Load()
}

// beginWait returns true if the client has sent nothing more than what the WebSocket library has read. Then the caller must
// call wait, on a goroutine with a small stack. The library must be between two messages.
func (in *inlet) beginWait() bool {
	if !in.line.beginWait(func() bool { return len(in.unread)+len(in.waits.early)+in.below.Buffered() == 0 }) {
		return false
	}
	if in.secure != nil && !in.drained() {
		_ = in.line.endWait(0, os.ErrDeadlineExceeded, func(int) {}) // the next read finds out whether the line is closed
		return false
	}
	if in.chunk != nil {
		clear(in.chunk[:]) // it contains texts of users
		chunks.Put(in.chunk)
		in.chunk = nil
	}
	return true
}

// drained reports whether the tls.Conn has no more bytes of the client. If it has some, or an error, drained makes them
// unread, or leaves the error to the next read. The caller has begun a wait: so nobody else reads, and the line has no
// bytes for the tls.Conn.
func (in *inlet) drained() bool {
	n, err := in.fill()
	return n == 0 && errors.Is(err, errPause)
}

// wait waits until the client has sent something, or until line.stayAwake is called.
func (in *inlet) wait() error {
	return in.line.wait(in.first[:], func(n int) {
		if in.secure != nil {
			in.waits.early = in.first[:n]
		} else {
			in.unread = in.first[:n]
		}
	})
}
