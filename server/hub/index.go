package hub

import "hash/maphash"

// index finds messages by their names: a hash table with open addressing and linear probing, which has 8 bytes for each
// slot. It is not a map, because a map would also store the names, which the messages have already: with a thousand messages
// it takes some 70 bytes for each of them, the index 16.
type index struct {
	seed  maphash.Seed // static
	slots []*message   // their number is a power of two, or 0; at least a quarter of them is nil
	used  int          // how many slots are not nil
}

func newIndex() index { return index{seed: maphash.MakeSeed()} }

// find returns the message with the name n, nil if there is none.
func (x *index) find(n name) *message {
	if len(x.slots) == 0 {
		return nil
	}
	return x.slots[x.slot(n)]
}

// put adds m. If the index has a message with the same name, m takes its place.
func (x *index) put(m *message) {
	if 4*(x.used+1) > 3*len(x.slots) {
		x.resize(max(8, 2*len(x.slots)))
	}
	i := x.slot(m.name)
	if x.slots[i] == nil {
		x.used++
	}
	x.slots[i] = m
}

// remove removes m, if m is in the index.
func (x *index) remove(m *message) {
	if x.find(m.name) != m {
		return
	}
	hole := x.slot(m.name)
	x.slots[hole] = nil
	// A message between m and the next free slot may be there only because the slot of m was taken. Without m, find would
	// not reach it any more. So each message that belongs into the hole, or before it, moves there and leaves a hole in
	// turn.
	for i := x.next(hole); x.slots[i] != nil; i = x.next(i) {
		if home := x.home(x.slots[i].name); x.distance(home, i) >= x.distance(hole, i) {
			x.slots[hole], x.slots[i] = x.slots[i], nil
			hole = i
		}
	}
	if x.used--; len(x.slots) > 8 && 8*x.used < len(x.slots) {
		x.resize(len(x.slots) / 2)
	}
}

// slot returns the slot of the message with the name n, or the free slot for that message.
func (x *index) slot(n name) int {
	i := x.home(n)
	for x.slots[i] != nil && x.slots[i].name != n {
		i = x.next(i)
	}
	return i
}

// home returns the slot at which the search for a message with the name n begins. put stores the message there or, if that
// slot is taken, in the next free slot.
func (x *index) home(n name) int { return int(maphash.Comparable(x.seed, n)) & (len(x.slots) - 1) }

func (x *index) next(slot int) int { return (slot + 1) & (len(x.slots) - 1) }

// distance returns how many calls of next lead from the first slot to the second.
func (x *index) distance(from, to int) int { return (to - from) & (len(x.slots) - 1) }

// resize moves all messages to a table with that many slots.
func (x *index) resize(slots int) {
	old := x.slots
	x.slots = make([]*message, slots)
	for _, m := range old {
		if m != nil {
			x.slots[x.slot(m.name)] = m
		}
	}
}
