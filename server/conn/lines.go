package conn

import (
	"context"
	"errors"
	"net"
	"sync"
)

// MaxLingering is how many lines without a slot may linger at the same time. Further such lines are closed without
// lingering. This limit does not apply to a line that holds a slot (a WebSocket), because the line keeps its slot while
// it lingers, and the number of slots is limited.
const MaxLingering = 500

// Lines closes network connections without destroying bytes that are on their way to a client (a lingering close).
// Without a lingering close, the kernel sends a reset in two cases: the server closes a socket that contains unread
// bytes, or the client sends more bytes after the close. A reset destroys the bytes that the client has not received yet:
// a goodbye, an answer, messages. So a closed line first ends its direction to the client, then reads and discards the
// bytes that the client sends.
type Lines struct {
	group sync.WaitGroup // the goroutines of the lines that linger

	mu       sync.Mutex         // guards what follows
	drained  bool               // Drain was called: from now on, no closed line begins to linger
	requests int                // how many lines linger and hold no slot
	conns    map[*line]struct{} // the lines that linger
}

// NewLines returns a Lines without connections.
func NewLines() *Lines { return &Lines{conns: map[*line]struct{}{}} }

// Listener returns a listener that accepts connections from inner. The method Close of an accepted connection makes a
// lingering close.
func (l *Lines) Listener(inner net.Listener) net.Listener { return listener{inner, l} }

// Drain waits until no line lingers any more. When ctx is done, it cuts the lines that still linger, and returns an
// error. A line that is closed after the call of Drain does not linger.
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

// linger starts a goroutine in which c lingers, and returns true. It starts nothing and returns false if Drain was
// called, or if MaxLingering lines without a slot linger already and c has no slot. The caller holds c.mu.
func (l *Lines) linger(c *line) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	slot := c.slot // read c.slot here, because the goroutine below does not hold c.mu
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

// wrap returns a line over conn.
func (l *Lines) wrap(conn net.Conn) *line {
	c := &line{Conn: conn, raw: rawOf(conn), lines: l, ended: make(chan struct{})}
	c.idle.L = &c.mu
	return c
}

// listener wraps each connection that it accepts in a line.
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
