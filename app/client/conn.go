package client

import "context"

// Conn is one connection to a server, as far as the session needs it: browser.Socket in the browser, DialWebSocket's in
// native programs, DialPolls' in both, a pipe in tests.
type Conn interface {
	// Read returns the next message. It ends with a *wire.ClosedError once every message that came before the close was
	// returned, or with ctx's error.
	Read(ctx context.Context) ([]byte, error)

	// Write queues one message. That it returns nil does not mean that the message arrived: only an answer does. If it fails,
	// the connection is at its end, which is Read's to tell.
	Write(message []byte) error

	// Close ends the connection, with 1000 or 4000-4999: a browser allows no other code. Read ends then. It may block
	// until the other side has answered. Closing again is no harm.
	Close(code int, reason string)
}

// Dial opens a connection. When ctx is done it gives up, and a connection that opens late is closed unseen.
type Dial func(ctx context.Context) (Conn, error)
