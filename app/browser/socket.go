// Package browser is what Mayfly's client needs of a browser and go-app does not give: a WebSocket, fetch, the storage of a
// tab and of the device, sealing and checking with keys, locks and a channel between tabs, the page's events and its address.
// It is the only package that imports syscall/js. Each feature is three files: the type and its doc, if it has one, the
// browser's half, and a native half for tests and prerendering.
//
// A callback from JavaScript never blocks and never panics: either would stop the whole program.
package browser

import (
	"context"
	"sync"
	"unicode/utf8"
)

// The close codes that the socket itself makes up or allows.
const (
	closeNormal    = 1000
	closeFirstOwn  = 4000 // a browser closes with closeNormal or from here
	closeLastOwn   = 4999 // to here
	maxCloseReason = 123  // bytes
)

// Socket is a WebSocket of the browser. coder/websocket has one too; in the browser it loses close codes and messages that
// came before a close, and leaves sockets open.
type Socket struct {
	in     *inbox
	native native
}

// Read returns the next message. It ends with a *wire.ClosedError once every message that came before the close was
// returned, or with ctx's error.
func (s *Socket) Read(ctx context.Context) ([]byte, error) { return s.in.next(ctx) }

// Write hands message to the browser, as text. It never blocks; that it returns nil does not mean that anything was sent.
func (s *Socket) Write(message []byte) error { return s.native.write(message) }

// Close ends the connection. It does not block. A code that the browser does not allow becomes 1000. What comes
// afterwards is dropped; Read ends when the browser has closed. Closing again is no harm.
func (s *Socket) Close(code int, reason string) {
	if code != closeNormal && (code < closeFirstOwn || code > closeLastOwn) {
		code = closeNormal
	}
	if len(reason) > maxCloseReason {
		reason = reason[:maxCloseReason]
		for !utf8.ValidString(reason) {
			reason = reason[:len(reason)-1]
		}
	}
	s.in.drop()
	s.native.close(code, reason)
}

// An inbox is the ordered queue between the browser's callbacks and Read: messages, and behind them the end.
type inbox struct {
	ready chan struct{} // capacity 1: there is something

	mu       sync.Mutex // guards what follows
	messages [][]byte
	end      error
	dropped  bool
}

func newInbox() *inbox { return &inbox{ready: make(chan struct{}, 1)} }

// push adds a message. It never blocks.
func (q *inbox) push(message []byte) {
	q.mu.Lock()
	if !q.dropped && q.end == nil {
		q.messages = append(q.messages, message)
	}
	q.mu.Unlock()
	q.signal()
}

// finish adds the end. Only the first one counts.
func (q *inbox) finish(err error) {
	q.mu.Lock()
	if q.end == nil {
		q.end = err
	}
	q.mu.Unlock()
	q.signal()
}

// drop forgets the messages, and those to come.
func (q *inbox) drop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.messages, q.dropped = nil, true
}

func (q *inbox) signal() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// next returns the next message, or the end. It is for one reader.
func (q *inbox) next(ctx context.Context) ([]byte, error) {
	for {
		if message, err := q.take(); message != nil || err != nil {
			return message, err
		}
		select {
		case <-q.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take returns nil, nil if there is nothing yet.
func (q *inbox) take() ([]byte, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.messages) == 0 {
		return nil, q.end
	}
	message := q.messages[0]
	q.messages[0] = nil
	q.messages = q.messages[1:]
	return message, nil
}
