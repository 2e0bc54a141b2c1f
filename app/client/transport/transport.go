// Package transport opens connections to a server: by a WebSocket or, where a network blocks WebSockets, by polls. Both look
// the same to the client. The package does not read the messages that it carries, except that polls read some of the frames.
// Files from the top down: poll, listen, speak, exchange, websocket, transport.
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

	// Write queues one message. After a nil error, the message may still get lost: only an answer of the server shows that
	// it has arrived. An error means that the connection has ended; the error that Read returns says why.
	Write(message []byte) error

	// Close ends the connection with code, which is 1000 or 4000-4999: a browser allows no other code. Read then
	// returns an error. Close may block until the other side has answered. It may be called again.
	Close(code int, reason string)
}

// Dial opens a connection. When ctx is done, Dial gives up. If the connection still opens after that, Dial closes it.
type Dial func(ctx context.Context) (Conn, error)
