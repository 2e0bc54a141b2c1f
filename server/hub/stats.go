package hub

import (
	"sync/atomic"

	"mayfly/shared/wire"
)

// Stats contains the numbers of a hub. Some say how much there is now. The others say how often something has happened
// since New.
//
// It is one type because each of its many fields is a number that becomes a metric.
type Stats struct {
	Rooms    int // open rooms on this node, including empty rooms that are still in memory
	Messages int // live messages in these rooms
	Bytes    int // encoded bytes of these messages, with their reactions

	Each []RoomStats // the numbers of each of these rooms, in no order

	Accepted   int64 // posts that the stream has stored
	Repeated   int64 // posts that were recognised as repeats
	Deliveries int64 // frames that rooms sent to members; a frame to n members counts n times
	Expired    int64 // messages that were removed at their deadline
	Reactions  int64 // reactions that this node's users gave or took away
	Removals   int64 // messages that this node's users took back
	ActRepeats int64 // reactions, removals and acts of moderators that changed nothing, because all was so already

	Decisions map[string]int64 // acts of moderators of this node that changed something, by wire.Moderate.Act
	Banned    int64            // joins that were refused because the user is banned

	Users         int   // users on this node
	Nodes         int   // other nodes that this node knows
	Presences     int64 // presence frames that rooms sent; a frame to n members counts once
	Typing        int64 // typing frames that were passed on to other members
	TypingDropped int64 // typing frames that were dropped, because the user had reached the limit of acts
	Renames       int64 // changes of a name that guests asked for
	SignalsLost   int64 // how often news of another node were missed, or a signal could not be sent

	Refused map[wire.Code]int64 // frames that were refused, by code
}

// CodeOther is the key in Stats.Refused for codes that package wire does not list.
const CodeOther wire.Code = "other"

// counts contains a hub's counters. For each of them, Stats has a field of the same name, which says what is counted.
type counts struct {
	accepted, repeated, deliveries, expired   atomic.Int64
	reactions, removals, actRepeats           atomic.Int64
	presences, typing, typingDropped, renames atomic.Int64
	banned                                    atomic.Int64

	refused   map[wire.Code]*atomic.Int64 // static
	decisions map[string]*atomic.Int64    // static
}

// countedActs returns a counter for each act of a moderator.
func countedActs() map[string]*atomic.Int64 {
	decisions := map[string]*atomic.Int64{}
	for _, act := range wire.Acts {
		decisions[act] = &atomic.Int64{}
	}
	return decisions
}

// countedCodes returns a counter for each code of a refusal, and one for all other codes.
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

// Stats returns what h holds now and what it has counted. It takes the lock of each room in turn, so it may wait for a
// moment while a room sends a frame to its members.
func (h *Hub) Stats() Stats {
	s := Stats{Refused: map[wire.Code]int64{}, Decisions: map[string]int64{}}
	for _, r := range h.snapshotRooms() {
		each := r.stats()
		s.Rooms, s.Messages, s.Bytes = s.Rooms+1, s.Messages+each.Messages, s.Bytes+each.Bytes
		s.Each = append(s.Each, each)
	}
	s.Accepted, s.Repeated = h.counts.accepted.Load(), h.counts.repeated.Load()
	s.Deliveries, s.Expired = h.counts.deliveries.Load(), h.counts.expired.Load()
	s.Reactions, s.Removals = h.counts.reactions.Load(), h.counts.removals.Load()
	s.ActRepeats = h.counts.actRepeats.Load()
	s.Users, s.Nodes, s.SignalsLost = h.directory.count(), h.nodes.count(), h.nodes.lost.Load()
	s.Presences, s.Typing, s.TypingDropped = h.counts.presences.Load(), h.counts.typing.Load(), h.counts.typingDropped.Load()
	s.Renames = h.counts.renames.Load()
	s.Banned = h.counts.banned.Load()
	for act, n := range h.counts.decisions {
		s.Decisions[act] = n.Load()
	}
	for code, n := range h.counts.refused {
		s.Refused[code] = n.Load()
	}
	return s
}

// RoomStats contains the numbers of one room.
type RoomStats struct {
	Name     string
	Members  int // clients on this node that have joined the room
	Messages int // live messages
	Bytes    int // encoded bytes of these messages, with their reactions
}

// stats returns the numbers of the room.
func (r *room) stats() RoomStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return RoomStats{r.name, len(r.members), len(r.timeline.live), r.timeline.bytes}
}
