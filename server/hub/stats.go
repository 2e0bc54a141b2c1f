package hub

import (
	"sync/atomic"

	"mayfly/shared/wire"
)

// Stats is what a hub holds now, and what it has counted since it was made.
type Stats struct {
	Rooms    int // open here, those included that everyone left a moment ago
	Messages int // that live in them
	Bytes    int // of those, encoded

	Accepted   int64 // posts stored
	Repeated   int64 // posts recognised as repeats
	Deliveries int64 // frames of a room handed to its members: one for each frame and member
	Expired    int64 // messages taken away
	Refused    map[wire.Code]int64
}

// CodeOther stands in Stats for codes that wire does not list.
const CodeOther wire.Code = "other"

// counts are a hub's counters: one atomic addition each, for a whole fan-out too.
type counts struct {
	accepted, repeated, deliveries, expired atomic.Int64

	refused map[wire.Code]*atomic.Int64 // static
}

// countedCodes returns a counter for every code of a refusal that there is, and one for any other.
func countedCodes() map[wire.Code]*atomic.Int64 {
	refused := map[wire.Code]*atomic.Int64{CodeOther: {}}
	for _, code := range wire.RefusedCodes {
		refused[code] = &atomic.Int64{}
	}
	return refused
}

func (c *counts) accept(repeat bool) {
	if repeat {
		c.repeated.Add(1)
	} else {
		c.accepted.Add(1)
	}
}

func (c *counts) refuse(code wire.Code) {
	n, ok := c.refused[code]
	if !ok {
		n = c.refused[CodeOther]
	}
	n.Add(1)
}

// Stats returns what h holds and has counted. It looks at every room and waits for each one's fan-out, which is therefore
// counted.
func (h *Hub) Stats() Stats {
	s := Stats{Refused: map[wire.Code]int64{}}
	for _, r := range h.snapshotRooms() {
		messages, bytes := r.size()
		s.Rooms, s.Messages, s.Bytes = s.Rooms+1, s.Messages+messages, s.Bytes+bytes
	}
	s.Accepted, s.Repeated = h.counts.accepted.Load(), h.counts.repeated.Load()
	s.Deliveries, s.Expired = h.counts.deliveries.Load(), h.counts.expired.Load()
	for code, n := range h.counts.refused {
		s.Refused[code] = n.Load()
	}
	return s
}

// size returns how many messages live in the room, and their encoded bytes.
func (r *room) size() (messages, bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.live), r.bytes
}
