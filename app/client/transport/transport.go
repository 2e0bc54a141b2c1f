// Package transport opens connections to a server and hides what carries them: a WebSocket, or, where networks block those,
// polls that look like a connection. It passes messages on and reads their frames only as far as polls need that. Files from
// the top down: poll, listen, speak, exchange, websocket, transport.
package transport

import "context"

// closeCut is the close code of a connection that was cut: no close frame came.
const closeCut = 1006

// Conn is one connection to a server. In the browser it is a browser.Socket, in native programs the connection that
// DialWebSocket opens. The connection that DialPolls opens works in both. Tests use a pipe.
type Conn interface {
	// Read returns the next message. After a close, it first returns every message that came before, and then a
	// *wire.ClosedError. If ctx is done, it returns ctx's error.
	Read(ctx context.Context) ([]byte, error)

	// Write queues one message. A nil error does not mean that the message arrived: only an answer does. An error means
	// that the connection has ended, and Read says why.
	Write(message []byte) error

	// Close ends the connection with code, which is 1000 or 4000-4999: a browser allows no other code. Read then
	// returns an error. Close may block until the other side has answered. It may be called again.
	Close(code int, reason string)
}

// Dial opens a connection. When ctx is done it gives up, and closes a connection that opens late.
type Dial func(ctx context.Context) (Conn, error)
