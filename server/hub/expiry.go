package hub

import (
	"container/heap"
	"slices"
	"time"

	"mayfly/shared/wire"
)

// dueMessage is one live message on the heap of deadlines.
type dueMessage struct {
	*message
	room *room
}

// dueHeap is a container/heap, earliest deadline first, and by seq among equals.
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
	(*d)[last] = dueMessage{} // let go of the text
	*d = (*d)[:last]
	return x
}

// maxRemoved bounds the messages that one removed names, so that it stays a small frame however many expire at once.
const maxRemoved = 1000

// expire removes every message whose time is up at now, tells the members, one frame a room, and returns how long to
// wait for the next, at most lookEvery.
func (h *Hub) expire(now time.Time) time.Duration {
	gone := map[*room][]int64{}
	wait := lookEvery
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

// expire drops the messages seqs and tells everyone in the room.
func (r *room) expire(seqs []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	gone := make(map[int64]bool, len(seqs))
	for _, seq := range seqs {
		gone[seq] = true
	}
	kept := r.live[:0]
	for _, m := range r.live {
		if !gone[m.seq] {
			kept = append(kept, m)
			continue
		}
		r.bytes -= len(m.encoded)
		if r.byKey[m.key] == m {
			delete(r.byKey, m.key)
		}
	}
	r.hub.counts.expired.Add(int64(len(r.live) - len(kept)))
	clear(r.live[len(kept):]) // let go of the texts
	r.live = kept
	for part := range slices.Chunk(seqs, maxRemoved) {
		r.sendLocked(NewFrame(wire.Removed{Room: r.name, Seqs: part, Why: wire.WhyExpired}))
	}
}
