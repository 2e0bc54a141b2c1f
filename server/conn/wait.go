package conn

import (
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// These methods of line let a connection wait for its next byte without a read buffer.

// beginWait begins a wait and returns true, if empty returns true: then the caller must call wait, or endWait in its place.
// It returns false if the system gives no raw socket, or if stayAwake was called.
func (l *line) beginWait(empty func() bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.raw == nil || l.waits.never || !empty() {
		return false
	}
	l.waits.begun = true
	l.reads++
	return true
}

// wait waits until the client has sent bytes, reads the first ones into p, and calls got with their number while it holds
// mu. If stayAwake is called meanwhile, wait returns nil without having read anything. It needs little stack.
func (l *line) wait(p []byte, got func(n int)) error {
	l.mu.Lock()
	closed := l.closed
	l.mu.Unlock()
	n, err := 0, net.ErrClosed
	if !closed {
		n, err = readRaw(l.raw, p)
	}
	return l.endWait(n, err, got)
}

// endWait ends the wait that beginWait has begun. n and err are the result of the wait's read. endWait returns
// net.ErrClosed if the line is closed, io.EOF if the read came to the end of the stream, and err if the read has failed.
// Otherwise, also if only a read deadline ended the read, it calls got and returns nil.
func (l *line) endWait(n int, err error, got func(n int)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads--
	l.waits.begun = false
	l.idle.Broadcast()
	woken := errors.Is(err, os.ErrDeadlineExceeded)
	switch {
	case l.closed:
		return net.ErrClosed
	case l.waits.never: // take back the deadline that stayAwake has set
		_ = l.Conn.SetReadDeadline(time.Time{})
	}
	if err == nil && n == 0 {
		err = io.EOF
	}
	if err != nil && !woken {
		l.over = true
		return err
	}
	got(n)
	return nil
}

// stayAwake ends the wait that is under way, if there is one, and makes beginWait return false from now on. So from then on
// only the library reads.
func (l *line) stayAwake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waits.never = true
	if l.waits.begun && !l.closed {
		_ = l.Conn.SetReadDeadline(longAgo)
	}
	for l.waits.begun {
		l.idle.Wait()
	}
}

func (l *line) isAwake() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waits.never
}
