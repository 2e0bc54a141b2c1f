package hub

import "context"

// Signal is news that is useful only for a moment, such as that a user is typing. It takes no seq, and no node stores it.
type Signal struct {
	Kind Kind   // a kind of signal (see nodes.go)
	Body []byte // the content as JSON, which depends on Kind; no code may change these bytes
}

// Signals sends signals between nodes: each signal goes to all nodes that listen, and reaches each of them at most once.
// Unlike an event in a Stream, a signal belongs to no room, and every node gets every signal. The reason is the names of
// guests: they are compared across rooms, so every node must know the users of all nodes.
type Signals interface {
	// Send sends s to every node that listens, this node included. It does not block. If Send returns an error, s is
	// lost; a signal may also get lost without an error.
	Send(s Signal) error
	// Listen begins to receive signals. It returns when it is ready for the signals of every node; if that fails, it returns
	// an error. Until stop is called, receive is called with every signal that comes. The signals of one node come in the
	// order in which that node sent them. stop does not wait for a call of receive that is running, so one more call may
	// come after stop. receive must not block, or later signals are lost.
	Listen(ctx context.Context, receive func(Signal)) (stop func(), err error)
}
