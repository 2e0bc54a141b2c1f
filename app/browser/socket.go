// Package browser wraps the browser features that Mayfly's client needs and go-app does not offer: WebSocket, fetch,
// storage of the tab and of the device, cryptography, locks and a channel between tabs, and the page's events and address.
// It is the only package that imports syscall/js. Each feature has up to three files: the type and its doc comment, the
// version for the browser (_js), and a native version for tests and prerendering (_notjs). The features from the top down:
// events, notification, worker, early, settings, time, device (which uses tabs, deletions and notes), signature, vault,
// database, fetch, socket, storage, location; below them names and promise. No feature refers to a feature that comes
// before it here.
//
// A callback from JavaScript never blocks and never panics, because either would stop the whole program.
package browser

import (
	"context"
	"sync"
	"unicode/utf8"
)

// The close codes that a browser can send, and the limit of the reason that it sends with a code.
const (
	closeNormal    = 1000
	closeFirstOwn  = 4000 // the lowest code that an application may define
	closeLastOwn   = 4999 // the highest code that an application may define
	maxCloseReason = 123  // the longest reason, in bytes
)

// Socket is a WebSocket of the browser. The package coder/websocket works in a browser, too, but there it loses close
// codes, loses messages that came before a close, and leaves sockets open.
type Socket struct {
	in     *inbox
	native native
}

// Read waits for the next message and returns it. After the last message it returns a *wire.ClosedError. It returns ctx's
// error when ctx is done first. Only one goroutine may read.
func (s *Socket) Read(ctx context.Context) ([]byte, error) { return s.in.next(ctx) }

// Write passes message to the browser, as text. It never blocks. A nil error does not mean that the message was sent.
func (s *Socket) Write(message []byte) error { return s.native.write(message) }

// Close closes the connection. It does not block. A code that the browser cannot send becomes 1000. Messages that Read has
// not returned yet are dropped. Read returns an error once the browser has closed the connection. Close may be called again.
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

// An inbox is the queue between the browser's callbacks and Read. It holds the messages that have come and, once the
// connection has ended, the error that Read returns after them.
type inbox struct {
	ready chan struct{} // capacity 1; signals that the queue has changed

	mu       sync.Mutex // guards the fields below
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

// finish adds the error that ends the queue. Only the first error counts.
func (q *inbox) finish(err error) {
	q.mu.Lock()
	if q.end == nil {
		q.end = err
	}
	q.mu.Unlock()
	q.signal()
}

// drop deletes the messages and makes push ignore later ones.
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

// next waits for the next message, or for the error that ends the queue. Only one goroutine may call it.
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

// take removes the first message and returns it. If there is no message, take returns the error that ends the queue. If the
// queue has not ended either, take returns nil, nil.
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
