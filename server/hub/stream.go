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
	// Append stores e and gives it a Seq. It does not wait until e is stored, but may block for a moment if very many
	// earlier calls have no answer yet. Append calls done exactly once: with the Receipt, or with an error, which wraps
	// ErrFull if a limit is reached. The call may come on any goroutine, before or after Append returns. If the room already
	// has an event of the same user and id that has not expired, Append stores nothing, and the Receipt says that e is a
	// repeat. An event that was erased counts, too. There are two exceptions, in which Append stores a repeat: after a
	// restart, a stream may have forgotten an event that was erased; and a stream on several servers may not know an event
	// that it is storing at that moment. The hub recognises such a repeat itself, by the room's messages and removals.
	Append(room string, e Event, done func(Receipt, error))
	// Follow calls deliver with every event that the room holds, then returns. After that it calls deliver with every
	// event that is stored later, until stop is called. It delivers events of unknown kinds, too. The calls come from one
	// goroutine at a time, in seq order. Only events that were erased are left out. stop does not wait for a call of
	// deliver that is running, so one more call may come after stop. deliver must not keep the event's Body.
	Follow(ctx context.Context, room string, deliver func(Event)) (stop func(), err error)
	// Head returns the seq of the last event that is stored for room, 0 if there is none. It asks the store, which may have
	// events that are still on their way to Follow. last is at least head: it is the last seq that the store has given to
	// any event of any room, also if that event has expired. So room has no event between head and last, and never gets one.
	// Head blocks until the store answers, or ctx is done.
	Head(ctx context.Context, room string) (head, last int64, err error)
	// Erase removes the stored bytes of the event of room with that seq. It works in the background, and tries again
	// until it has succeeded. It does not block, and calls no function of the hub. If the event is a message and no
	// repeat, the caller first stores the KindRemoval or KindSweep that takes it back. From this the stream learns
	// until when a post with the same id is a repeat.
	Erase(room string, seq int64)
}

// Receipt says what a Stream has done for an Append. If Repeat is false, Append has stored Event, which now has its Seq.
// If Repeat is true, Append has stored nothing, and Event is the earlier event, which the Append repeats.
type Receipt struct {
	Event  Event
	Repeat bool
}
