package hub

import "context"

// Signal is news that is useful only for a moment, such as that a user is typing. It takes no seq, and no node stores it.
type Signal struct {
	Kind Kind
	Body []byte // the encoded content; nobody changes these bytes
}

// Signals sends signals to all nodes that listen, at most once each. Send and Listen do for signals what Stream's Append
// and Follow do for events. A signal has no room: guests' names are compared across rooms, so every node must know all
// users anyway.
type Signals interface {
	// Send sends s to every node that listens, this node included. It does not block. If Send returns an error, s is
	// lost; a signal may also get lost without an error.
	Send(s Signal) error
	// Listen calls receive with every signal that comes, those of one node in the order in which it sent them, until stop
	// is called. Listen returns once it gets the signals of all nodes. stop does not wait for a running call, so one more
	// call may come after it. receive must not block, or later signals are lost.
	Listen(ctx context.Context, receive func(Signal)) (stop func(), err error)
}
