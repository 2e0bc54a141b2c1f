package conn

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// chunkSize is how many bytes an inlet reads at once.
const chunkSize = 4 << 10

// chunks is a pool of buffers of chunkSize bytes. A connection has one only while the WebSocket library reads from it.
var chunks = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// errPause is the error of Read when it is time to wait for the client without memory for reading.
var errPause = errors.New("the client has sent nothing more")

// inlet is the network connection that the WebSocket library reads from. Without it, an idle connection would wait inside
// the library, in a read that needs a large stack and buffers. With it, an idle connection waits in the method wait for its
// first byte, and only then the library reads.
//
// To make the library return, the inlet fails a read with errPause, when the library has read a control frame to its end and
// there is nothing more to read. If a read that took no byte fails, the library keeps its state, so it can read on later.
// Its documentation does not promise that, so tests check it.
//
// The goroutine that reads from the WebSocket owns the fields that are not static. After line.stayAwake, the library may
// read on another goroutine, but never on two at the same time.
type inlet struct {
	*line
	below *bufio.Reader // static; the WebSocket library reads from below, and below reads from the inlet

	unread []byte           // bytes of first or of chunk that below has not read yet
	first  [16]byte         // the bytes that have ended a wait
	chunk  *[chunkSize]byte // from chunks; nil: none
	pause  bool             // below is empty, and the library has read a control frame outside a message to its end

	inMessage atomic.Bool // the library has read the beginning of a message, and not its end
	ponged    atomic.Bool // a pong has come since the last ping
}

// open makes an empty inlet read from l, and first the bytes in early.
func (in *inlet) open(l *line, early []byte) {
	in.line, in.unread = l, bytes.Clone(early)
	in.below = bufio.NewReaderSize(in, 64) // for the headers of frames: payloads are read past it
}

// Read implements net.Conn.
func (in *inlet) Read(p []byte) (int, error) {
	if len(in.unread) == 0 {
		if in.pause && !in.isAwake() {
			in.pause = false
			return 0, errPause
		}
		if in.chunk == nil {
			in.chunk = chunks.Get().(*[chunkSize]byte)
		}
		n, err := in.line.Read(in.chunk[:])
		if n == 0 {
			return 0, err
		}
		in.unread = in.chunk[:n]
	}
	in.pause = false
	n := copy(p, in.unread)
	in.unread = in.unread[n:]
	return n, nil
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
	if !in.line.beginWait(func() bool { return len(in.unread) == 0 && in.below.Buffered() == 0 }) {
		return false
	}
	if in.chunk != nil {
		clear(in.chunk[:]) // it contains texts of users
		chunks.Put(in.chunk)
		in.chunk = nil
	}
	return true
}

// wait waits until the client has sent something, or until line.stayAwake is called.
func (in *inlet) wait() error {
	return in.line.wait(in.first[:], func(n int) { in.unread = in.first[:n] })
}
