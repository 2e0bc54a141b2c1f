package hub

import "context"

// Signal is news that is useful only for a moment, such as that a user is typing. It takes no seq, and no node stores it.
type Signal struct {
	Kind Kind
	Body []byte // the encoded content; nobody changes these bytes
}

// Signals sends signals to the nodes that listen to a room, at most once each. Send and Listen do for signals what
// Stream's Append and Follow do for events. They are meant for presence and typing; nothing sends signals yet.
type Signals interface {
	// Send sends s to every node that listens to room, this node included. It does not block. If Send returns an error,
	// s is lost; a signal may also get lost without an error.
	Send(room string, s Signal) error
	// Listen calls receive with every signal that comes for room, from one goroutine at a time, until stop is called.
	// Listen returns once it gets the signals of all nodes. stop does not wait for a running call, so one more call may
	// come after it. receive must not block, or later signals are lost.
	Listen(ctx context.Context, room string, receive func(Signal)) (stop func(), err error)
}
