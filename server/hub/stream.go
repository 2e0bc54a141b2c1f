package hub

import (
	"context"
	"errors"
)

// ErrFull is the error of Stream.Append when the room or the stream has reached its limit.
var ErrFull = errors.New("stream is full")

// Stream stores each room's events and delivers them to every node in one order.
type Stream interface {
	// Epoch returns the name of the stream's store. Seqs of different epochs can't be compared: a store that lost
	// events gets a new epoch.
	Epoch() string
	// Append stores e and gives it a Seq. It returns before e is stored, but blocks for a moment while very many
	// appends have no answer. It calls done once, from any goroutine and perhaps before Append returns: with the
	// Receipt, or with an error that wraps ErrFull at a limit. If an event of the same user, room and id still lives,
	// the Receipt is a repeat, also if that event was erased. (A stream may forget that an event was erased when it is
	// restarted. The hub does not, because it reads the room's removals.)
	Append(room string, e Event, done func(Receipt, error))
	// Follow calls deliver with every event that the room holds, then returns. After that it calls deliver with every
	// event that is stored later, also if this node does not know the event's kind. The calls come from one goroutine
	// at a time, in seq order and without a gap, save for events that were erased, until stop is called. stop does not wait
	// for a running call, so one more call may come after it. deliver must not keep the event's Body.
	Follow(ctx context.Context, room string, deliver func(Event)) (stop func(), err error)
	// Erase removes the stored bytes of the event seq of room, in the background, and tries again until it has succeeded. It
	// does not block and calls nothing back. A KindRemoval of that event must be stored: by it the stream knows until when a
	// post with the same id is a repeat.
	Erase(room string, seq int64)
}

// Receipt says what a Stream stored: the event of this Append or, if Repeat is true, the live event that the Append
// repeats.
type Receipt struct {
	Event  Event
	Repeat bool
}
