package hub

import "context"

// Signal is news that is only of use at once, such as that a user is typing. It takes no seq, and no node stores it.
type Signal struct {
	Kind Kind
	Body []byte // encoded; it never changes
}

// Signals sends signals to the nodes that listen to a room, at most once each. It is the ephemeral pair beside Stream's
// Append and Follow, for presence and typing; nothing sends signals yet.
type Signals interface {
	// Send gives s to every node that listens to room, this one included. It does not block, and a signal may get lost: an
	// error says that this one is lost for certain.
	Send(room string, s Signal) error
	// Listen calls receive with every signal that comes for room, from one goroutine at a time, until stop is called. It
	// returns once the signals of all nodes reach it. Stop does not block, so one more call may come after it. receive must
	// not block, or later signals are lost.
	Listen(ctx context.Context, room string, receive func(Signal)) (stop func(), err error)
}
