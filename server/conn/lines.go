package conn

import (
	"context"
	"errors"
	"net"
	"sync"
)

// MaxLingering lines of requests may linger at once; the next is closed at once. A line that holds a slot lingers in any
// case, because it keeps the slot meanwhile.
const MaxLingering = 500

// Lines closes network connections without destroying bytes that are on their way to a client (a lingering close). The
// kernel answers with a reset if a socket is closed while it holds bytes that nobody has read, or if a client sends more
// bytes afterwards. A reset discards what the client has not received yet: a goodbye, an answer, messages. So a line that
// is closed ends its own direction first, then reads and discards what the client sends.
type Lines struct {
	group sync.WaitGroup // lines that linger

	mu       sync.Mutex // guards what follows
	drained  bool       // no line lingers any more
	requests int        // lines that linger and hold no slot
	conns    map[*line]struct{}
}

// NewLines returns lines of no connection.
func NewLines() *Lines { return &Lines{conns: map[*line]struct{}{}} }

// Listener returns a listener over listener whose connections are closed with a lingering close.
func (l *Lines) Listener(over net.Listener) net.Listener { return listener{over, l} }

// Drain waits until every connection that was closed has ended, or until ctx is done, and then cuts the rest. A connection
// that is closed later does not linger.
func (l *Lines) Drain(ctx context.Context) error {
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

// linger starts the goroutine in which c lingers, and reports whether c may linger. The caller holds c.mu.
func (l *Lines) linger(c *line) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	slot := c.slot // read here, under c.mu: the goroutine needs its value at the close
	if l.drained || !slot && l.requests >= MaxLingering {
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

// wrap returns conn as a line.
func (l *Lines) wrap(conn net.Conn) *line {
	c := &line{Conn: conn, lines: l, ended: make(chan struct{})}
	c.idle.L = &c.mu
	return c
}

// listener makes a line of each connection that it accepts.
type listener struct {
	net.Listener
	lines *Lines
}

// Accept implements net.Listener.
func (l listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.lines.wrap(conn), nil
}
