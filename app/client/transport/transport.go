// Package transport opens connections to a server and hides what carries them: a WebSocket, or, where networks block those,
// polls that look like a connection. It passes messages on and reads their frames only as far as polls need that. Files from
// the top down: poll, listen, speak, exchange, websocket, transport.
package transport

import "context"

// closeCut is how a connection ends that was cut: no close frame came.
const closeCut = 1006

// Conn is one connection to a server: browser.Socket in the browser, DialWebSocket's in native programs, DialPolls' in both,
// a pipe in tests.
type Conn interface {
	// Read returns the next message. It ends with a *wire.ClosedError once every message that came before the close was
	// returned, or with ctx's error.
	Read(ctx context.Context) ([]byte, error)

	// Write queues one message. That it returns nil does not mean that the message arrived: only an answer does. If it
	// fails, the connection is at its end, and Read says why.
	Write(message []byte) error

	// Close ends the connection, with 1000 or 4000-4999: a browser allows no other code. Read ends then. It may block
	// until the other side has answered. Closing again is no harm.
	Close(code int, reason string)
}

// Dial opens a connection. When ctx is done it gives up, and closes a connection that opens late.
type Dial func(ctx context.Context) (Conn, error)
