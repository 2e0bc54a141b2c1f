package hub

import (
	"container/heap"
	"slices"
	"time"

	"mayfly/shared/wire"
)

// Expiry on this node. Several places remove an expired message, each by a clock of its own; this table lists them all:
//
//	place                     clock                             how late at most
//	Frame.AppendTo            the hub's Clock                   never late: it filters at the moment of the write
//	the snapshot in joined    the hub's Clock                   never late: it filters when a client joins
//	Hub.Run (this file)       the hub's Clock                   checkEvery after a jump of the clock, else at once
//	the web client            the server's time, counted on     until the browser runs the page again
//	the stream's key ring     the hub's Clock                   about a minute: a key covers a minute of deadlines
//	JetStream                 the machine's wall clock          some seconds; it only frees memory or disk
//
// The first four places decide what users see. The other two remove the stored bytes.

// dueMessage is one message on the heap of deadlines: it is live, or it was taken back and has not expired yet.
type dueMessage struct {
	*message
	room *room
}

// dueHeap implements heap.Interface: earliest deadline first, equal deadlines by seq.
type dueHeap []dueMessage

func (d dueHeap) Len() int { return len(d) }
func (d dueHeap) Less(i, j int) bool {
	return d[i].expires < d[j].expires || d[i].expires == d[j].expires && d[i].seq < d[j].seq
}
func (d dueHeap) Swap(i, j int) { d[i], d[j] = d[j], d[i] }
func (d *dueHeap) Push(x any)   { *d = append(*d, x.(dueMessage)) }
func (d *dueHeap) Pop() any {
	last := len(*d) - 1
	x := (*d)[last]
	(*d)[last] = dueMessage{} // so that the garbage collector can free the text
	*d = (*d)[:last]
	return x
}

// maxRemoved is the most messages that one removed frame names: the frame stays small however many messages expire at
// once.
const maxRemoved = 1000

// expire removes every message whose deadline has passed at the time now, and sends removed to the members of its room.
// It returns how long Run waits before the next call, checkEvery at most.
func (h *Hub) expire(now time.Time) time.Duration {
	gone := map[*room][]int64{}
	wait := checkEvery
	h.mu.Lock()
	for len(h.due) > 0 {
		first := h.due[0]
		if left := time.UnixMilli(first.expires).Sub(now); left > 0 {
			wait = min(wait, left)
			break
		}
		heap.Pop(&h.due)
		gone[first.room] = append(gone[first.room], first.seq)
	}
	h.mu.Unlock()
	for r, seqs := range gone {
		r.expire(seqs)
	}
	return wait
}

// expire removes the messages with these seqs from the room. It sends every member removed for the messages among them
// that were not taken back.
func (r *room) expire(seqs []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	expired := r.timeline.expire(seqs)
	r.hub.counts.expired.Add(int64(len(expired)))
	for part := range slices.Chunk(expired, maxRemoved) {
		r.sendLocked(NewFrame(wire.Removed{Room: r.name, Seqs: part, Why: wire.WhyExpired}))
	}
}
