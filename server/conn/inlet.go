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

// chunks is a pool of buffers of chunkSize bytes. A connection has a buffer only while the WebSocket library reads from that
// connection.
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
// encrypted byte in the same way. During the wait, the tls.Conn keeps only the bytes of a TLS record that has not come
// completely.
//
// The goroutine that reads from the WebSocket owns the fields that are not static. After line.stayAwake, the library may
// read on another goroutine, but never on two at the same time.
type inlet struct {
	*line
	secure *tls.Conn     // static; encrypts over line; nil: the connection has no TLS
	below  *bufio.Reader // static; the WebSocket library reads from below, and below reads from the inlet

	unread []byte           // bytes that below has not read yet; they are in first, in chunk, or a copy of early (see open)
	first  [16]byte         // the bytes that have ended a wait
	chunk  *[chunkSize]byte // from chunks; nil: none
	pause  bool             // below is empty, and the library has read a control frame outside a message to its end

	inMessage atomic.Bool // the library has read the beginning of a message, and not its end
	ponged    atomic.Bool // a pong has come since the last ping
}

// open makes an empty inlet read the bytes in early, and then from l. secure encrypts over l; nil: nothing encrypts.
func (in *inlet) open(l *line, secure *tls.Conn, early []byte) {
	in.line, in.secure, in.unread = l, secure, bytes.Clone(early)
	in.below = bufio.NewReaderSize(in, 64) // for the headers of frames; longer reads do not use this buffer
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

// fill reads bytes of the client into the chunk, and sets the field unread to them.
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

// beginWait begins a wait and returns true, if the WebSocket library has read all that the client has sent and
// line.beginWait permits the wait. Then the caller must call wait, on a goroutine with a small stack. The library must be
// between two messages.
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

// drained reports whether the tls.Conn has no more bytes of the client. If it has some, drained puts them into the field
// unread. An error of the tls.Conn is dropped, because the next read returns it again. The caller has begun a wait: so
// nobody else reads, and the line has no bytes for the tls.Conn.
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
