package hub

import (
	"maps"
	"slices"
	"time"

	"mayfly/shared/wire"
)

const (
	// MaxBarred is the most users of a room about whom the stream stores a mute, a ban or a lift, over or not.
	MaxBarred = 1000
	// MaxBarAddresses is the most addresses from which a room's bans together keep guests out.
	MaxBarAddresses = 4000
	// OrderEvents is how many events the stream must have space for in one room because of the acts of moderators: for each
	// barred user a mute, a ban and a lift; the addresses; the last posts, for slow mode; and the few others.
	OrderEvents = 3*MaxBarred + MaxBarAddresses + MaxPaces + 100
	// decisionLife is the shortest time for which the stream keeps a moderator's decision that no later one replaces.
	decisionLife = time.Hour
)

// Forever is the deadline of an event that lives until it is erased, such as a decision that sets slow mode or the life
// of messages. It is a time that every part of Mayfly can write.
var Forever = time.Date(9000, time.January, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// order is what moderators have set in one room. Like a timeline, it changes only by events and as time passes. So it is the
// same on every node, even on a node that reads the room late and no longer finds the events that newer ones have replaced.
// room.mu guards it.
type order struct {
	barred map[string]*barred // by user id
	slow   setting            // the time between two posts of a user, in milliseconds
	ttl    setting            // how long a message lives, in milliseconds; 0: as the server's flags say
	clear  clearing
}

// barred is what moderators have done about one user. Its times are Unix milliseconds.
type barred struct {
	mute, ban, lift bar
	spreads         []int64  // the seqs of the events that have added addresses to the ban
	addresses       []string // from these addresses the ban keeps out all guests
}

// bar is one event about a user: a mute, a ban or a lift.
type bar struct {
	seq    int64
	until  int64 // when the mute or the ban is over; 0 for a lift
	stored int64 // until when the stream keeps the event: at least as long as the events that it has replaced
}

func (b bar) holds(now int64) bool { return b.until > now }

// setting is a number that a moderator has set, and the seq of the event that has set it; 0: none has.
type setting struct{ ms, seq int64 }

// clearing says that a moderator has cleared the room. The messages with lower seqs than the decision must be taken
// back. seq is that of the decision; 0: no clear is under way.
type clearing struct {
	seq int64
	by  wire.User
}

func newOrder() order { return order{barred: map[string]*barred{}} }

// apply applies the decision d, whose event is e. It decides by the time at which e was made, so that all nodes decide
// alike. changed is false if everything was so already, and for actSpread. replaced are the seqs of the events that the
// stream may erase: those that e replaces, or e itself if it changes nothing.
func (o *order) apply(e Event, d decision) (changed bool, replaced []int64) {
	switch d.Act {
	case wire.ActMute:
		person := o.about(d.User.ID)
		replaced = person.mute.set(e, d.Until)
	case wire.ActBan:
		person := o.about(d.User.ID)
		replaced = append(person.ban.set(e, d.Until), person.spreads...)
		person.spreads, person.addresses = nil, d.Addresses
	case actSpread:
		return false, o.spread(e, d)
	case wire.ActLift:
		return o.applyLift(e, d)
	case wire.ActSlow:
		return o.slow.set(e.Seq, d.For)
	case wire.ActTTL:
		return o.ttl.set(e.Seq, d.For)
	}
	return true, replaced
}

// keepsUntil returns until when the stream keeps the event of d, which is made at the time now. That is not earlier
// than the events that d replaces: if the stream could not erase one of them, a node that reads the room later must
// find d, too. It is at least decisionLife after now, because another node may have made a decision that d replaces and
// that this node does not know yet. After decisionLife the stream has long erased that decision. longest is how long a
// message can live, in milliseconds.
func (o *order) keepsUntil(d decision, now, longest int64) int64 {
	switch d.Act {
	case wire.ActSlow, wire.ActTTL:
		return Forever
	case wire.ActClear:
		return now + max(longest, decisionLife.Milliseconds())
	}
	until := max(d.Until, now+decisionLife.Milliseconds())
	if person := o.barred[d.User.ID]; person != nil {
		until = max(until, person.stored())
	}
	return until
}

// about returns what is known about the user with that id. If there is nothing yet, it adds an entry.
func (o *order) about(id string) *barred {
	person := o.barred[id]
	if person == nil {
		person = &barred{}
		o.barred[id] = person
	}
	return person
}

// set makes b the bar of the event e, which lasts until the time in the parameter until. It returns the seq of the event
// whose bar b was before, if there was one.
func (b *bar) set(e Event, until int64) (replaced []int64) {
	if b.seq != 0 {
		replaced = []int64{b.seq}
	}
	*b = bar{e.Seq, until, e.Expires}
	return replaced
}

// set replaces s by ms, which the event with that seq has set. It returns the seq of the event that is replaced. If s
// is ms already, it changes nothing, and returns the seq of the event itself.
func (s *setting) set(seq, ms int64) (changed bool, replaced []int64) {
	if s.ms == ms {
		return false, []int64{seq}
	}
	if s.seq != 0 {
		replaced = []int64{s.seq}
	}
	*s = setting{ms, seq}
	return true, replaced
}

// spread adds the addresses in d to the ban of the user, if the user is still banned. The event must last as long as
// the ban: a shorter event is about an earlier ban, and a node that reads the room after that event has expired would
// not find the event. If spread adds nothing, it returns the seq of e, which the stream may then erase.
func (o *order) spread(e Event, d decision) (replaced []int64) {
	person := o.barred[d.User.ID]
	if person == nil || !person.ban.holds(e.At) || e.Expires < person.ban.until {
		return []int64{e.Seq}
	}
	known := len(person.addresses)
	for _, address := range d.Addresses {
		if !slices.Contains(person.addresses, address) {
			person.addresses = append(slices.Clip(person.addresses), address)
		}
	}
	if len(person.addresses) == known {
		return []int64{e.Seq}
	}
	person.spreads = append(person.spreads, e.Seq)
	return nil
}

// applyLift ends the mute and the ban of the user in d.
func (o *order) applyLift(e Event, d decision) (changed bool, replaced []int64) {
	person := o.barred[d.User.ID]
	if person == nil || !person.mute.holds(e.At) && !person.ban.holds(e.At) {
		return false, []int64{e.Seq}
	}
	for _, b := range []*bar{&person.mute, &person.ban, &person.lift} {
		if b.seq != 0 {
			replaced = append(replaced, b.seq)
		}
	}
	replaced = append(replaced, person.spreads...)
	*person = barred{lift: bar{seq: e.Seq, stored: e.Expires}}
	return true, replaced
}

// prune removes the users about whom the stream keeps no event at the time now (see stored). Until then it keeps even a
// mute or a ban that is over. Of a ban that is over it drops only the addresses and the seqs of the events that added
// them.
func (o *order) prune(now int64) {
	maps.DeleteFunc(o.barred, func(_ string, person *barred) bool {
		if !person.ban.holds(now) {
			person.addresses, person.spreads = nil, nil
		}
		return person.stored() <= now
	})
}

// stored returns until when the stream keeps the last of the events about the user, without the spreads.
func (b *barred) stored() int64 { return max(b.mute.stored, b.ban.stored, b.lift.stored) }

// until returns until when the user with that id is muted or banned, and until when the user is banned. 0, or a time
// that has passed: the user is not.
func (o *order) until(id string) (barred, banned int64) {
	person := o.barred[id]
	if person == nil {
		return 0, 0
	}
	return max(person.mute.until, person.ban.until), person.ban.until
}

// bannedUntil returns until when c may not be in the room: because its user is banned, or because its user is a guest from
// an address of a banned guest. The result is not later than now if c may be in the room.
func (o *order) bannedUntil(c *Client, now int64) int64 {
	_, until := o.until(c.userID)
	if c.from == "" {
		return until
	}
	for _, person := range o.barred {
		if person.ban.holds(now) && slices.Contains(person.addresses, c.from) {
			until = max(until, person.ban.until)
		}
	}
	return until
}

// lacks reports whether the user of c is banned, and the ban does not keep out the guests from the address of c yet. It
// returns false if the user is signed in or the address is unknown: c.from is "" then.
func (o *order) lacks(c *Client, now int64) bool {
	person := o.barred[c.userID]
	return person != nil && c.from != "" && person.ban.holds(now) && !slices.Contains(person.addresses, c.from)
}

// addresses returns how many addresses the bans have.
func (o *order) addresses() (n int) {
	for _, person := range o.barred {
		n += len(person.addresses)
	}
	return n
}

// life returns how long a message of the room lives, in milliseconds, within the bounds of the server.
func (o *order) life(bounds wire.TTL) int64 {
	if o.ttl.ms == 0 {
		return bounds.Default
	}
	return min(max(o.ttl.ms, bounds.Min), bounds.Max)
}
