package hub

import (
	"container/heap"
	"slices"
	"time"

	"mayfly/shared/wire"
)

// Several places on this node, and the web client, remove expired messages or leave them out of what they write. This
// table lists all these places, the clock of each place, and how late the place may be:
//
//	place                     clock                             how late at most
//	Frame.AppendTo            the hub's Clock                   never late: it leaves them out when a frame is written
//	the snapshot in joined    the hub's Clock                   never late: it leaves them out when a client joins
//	Hub.Run (this file)       the hub's Clock                   checkEvery after a jump of the clock, else at once
//	the web client            its estimate of the server's time until the browser runs a sleeping page again
//	the stream's key ring     the hub's Clock                   about a minute: a key covers a minute of deadlines
//	JetStream                 the machine's wall clock          some seconds; it only frees memory or disk
//
// The first four places decide what users see. The last two remove the stored bytes.

// dueMessages is a heap (container/heap) of the messages of one room that have not expired yet, the earliest deadline
// first. A message that was taken back is in the heap, too, until its deadline.
type dueMessages []*message

func (d dueMessages) Len() int           { return len(d) }
func (d dueMessages) Less(i, j int) bool { return d[i].expires < d[j].expires }
func (d dueMessages) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *dueMessages) Push(x any)        { *d = append(*d, x.(*message)) }
func (d *dueMessages) Pop() any {
	last := len(*d) - 1
	x := (*d)[last]
	(*d)[last] = nil // so that the garbage collector can free the text
	*d = (*d)[:last]
	return x
}

// dueRooms is a heap (container/heap) of the rooms that hold a message, the room with the earliest deadline first. It has an
// entry for each room and not for each message. So it stays small, and a new message that expires later than others of its
// room changes nothing in it and need not wait for Hub.mu.
type dueRooms []*room

// appointment is the place of a room in dueRooms. Hub.mu guards it.
type appointment struct {
	deadline int64 // of the room's message that expires first, in Unix milliseconds
	place    int   // the index of the room in dueRooms; set only if isDue is true
	isDue    bool  // the room is in dueRooms
}

func (d dueRooms) Len() int           { return len(d) }
func (d dueRooms) Less(i, j int) bool { return d[i].next.deadline < d[j].next.deadline }
func (d dueRooms) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].next.place, d[j].next.place = i, j
}
func (d *dueRooms) Push(x any) {
	r := x.(*room)
	r.next.place, r.next.isDue = len(*d), true
	*d = append(*d, r)
}
func (d *dueRooms) Pop() any {
	last := len(*d) - 1
	r := (*d)[last]
	r.next.isDue = false
	(*d)[last] = nil
	*d = (*d)[:last]
	return r
}

// maxRemoved is the most messages that a single removed frame may list. If more messages of a room expire at once, expire
// sends several frames. Otherwise one frame could become very large.
const maxRemoved = 1000

// expire removes every message whose deadline has passed at the time now, and sends the frame removed to the members of
// the message's room. It takes one room after the other, so that a post to another room never waits long. It returns how
// long Run may wait before the next call: until the next message expires, but checkEvery at most.
func (h *Hub) expire(now time.Time) time.Duration {
	for {
		r, wait := h.firstDue(now)
		if r == nil {
			return wait
		}
		r.expire(now.UnixMilli())
	}
}

// firstDue removes from h.due the room whose message expires first, and returns the room. If that message has not expired
// at the time now, firstDue returns nil, and how long Run may wait.
func (h *Hub) firstDue(now time.Time) (r *room, wait time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.due) == 0 {
		return nil, checkEvery
	}
	if left := time.UnixMilli(h.due[0].next.deadline).Sub(now); left > 0 {
		return nil, min(left, checkEvery)
	}
	return heap.Pop(&h.due).(*room), 0
}

// expire removes from the room the messages that have expired at the time now. Then it sends the frame removed to every
// member. The frame leaves out messages that were taken back, because the members were told about those earlier.
func (r *room) expire(now int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	expired := r.timeline.expire(now)
	r.scheduleLocked()
	r.hub.counts.expired.Add(int64(len(expired)))
	for part := range slices.Chunk(expired, maxRemoved) {
		r.sendLocked(NewFrame(wire.Removed{Room: r.name, Seqs: part, Why: wire.WhyExpired}))
	}
}

// scheduleLocked tells the hub when the first message of the room expires, if there is one.
func (r *room) scheduleLocked() {
	if len(r.timeline.due) > 0 {
		r.hub.schedule(r, r.timeline.due[0].expires)
	}
}
