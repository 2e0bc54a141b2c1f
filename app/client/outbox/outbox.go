// Package outbox holds what the user has written until the server has it: entries, which are messages on their way, and
// drafts, which the user has not sent. A persister stores both on the device (write-behind), so that they outlive the
// program, and adopts what closed tabs left there. At any moment a text is either an entry or a draft. So no text is lost,
// and no text is both sent and returned to the composer.
//
// The package sends nothing and knows no connection: the client asks for the entries that are due. Only the client's
// loop uses its state. Files from the top down: persister, adopt, outbox, drafts, entry, details, record,
// problem, device.
package outbox

import (
	"time"

	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// An Outbox contains entries in the order in which the user wrote them. When a connection ends, the entries stay in the
// Outbox for the next connection.
type Outbox struct {
	entries []Entry
	order   int64         // Entry.order of the newest entry
	held    clock.Moment  // when the server asked for the wait that ends last; until it ends, no entry is sent
	hold    time.Duration // how long that wait is, from the moment o.held
	why     Problem       // the server's reason for that wait
}

// Len returns the number of entries, in all rooms.
func (o *Outbox) Len() int { return len(o.entries) }

// Add adds e after all other entries.
func (o *Outbox) Add(e Entry, now clock.Moment) {
	o.order = max(o.order+1, now.Wall.UnixMilli())
	e.order, e.written = o.order, now
	o.await(&e, now)
	o.entries = append(o.entries, e)
}

// await starts the wait for the server's answer to e, which should come within answerTime. If the server has asked the
// client to wait before it sends, the rest of that wait is added.
func (o *Outbox) await(e *Entry, now clock.Moment) {
	e.answer.since, e.answer.patience = now, max(0, o.hold-now.Since(o.held))+answerTime
}

// Resend makes the client send an entry again as soon as it can, even if that entry has failed.
func (o *Outbox) Resend(room, id string, now clock.Moment) {
	e := o.find(room, id)
	if e == nil {
		return
	}
	if !e.out {
		e.written = now
	}
	e.failed, e.answer.waitReason, e.sent = Problem{}, Problem{}, false
	o.await(e, now)
}

// Drop forgets an entry, because the server has it or the user discards it.
func (o *Outbox) Drop(room, id string) {
	o.keepOnly(func(e *Entry) bool { return e.Room != room || e.ID != id })
}

// TakeReply removes an entry from the outbox and returns it, if the entry is a reply to a message. If the entry is no
// reply, or if there is no entry with this id, ok is false and the outbox stays as it is.
func (o *Outbox) TakeReply(room, id string) (e Entry, ok bool) {
	found := o.find(room, id)
	if found == nil || found.Details == nil || found.Details.ReplyTo == 0 {
		return Entry{}, false
	}
	e = *found
	o.Drop(room, id)
	return e, true
}

// maxHold is how long the outbox waits, at most, because the server says that the user posts too fast.
const maxHold = 30 * time.Second

// Refuse runs when the server has refused an entry. If delay is not 0, the client sends that entry again after delay.
// Otherwise Refuse marks the entry as failed. A refusal shows that the server does not have the entry: if it had the entry,
// it would have accepted the repeat. So Refuse sets e.out to false, which means that the server does not have the entry. The
// code unavailable is the exception: the server has stopped waiting for its stream, but the stream may still store the
// entry. Then e.out stays true. With the code forbidden, the user is muted or banned, perhaps for days: then delay does not
// count. With the code rate and a delay above maxHold, the room has slow mode: then the entry fails, too, because the outbox
// would hold the entries of all rooms.
func (o *Outbox) Refuse(f wire.Refused, delay time.Duration, now clock.Moment) {
	e := o.find(f.Room, f.ID)
	if e == nil {
		return
	}
	e.sent = false
	if f.Code != wire.CodeUnavailable {
		e.out = false
	}
	if delay <= 0 || f.Code == wire.CodeForbidden || f.Code == wire.CodeRate && delay > maxHold {
		e.failed = RefusalOf(f)
		return
	}
	e.answer.waitReason = RefusalOf(f)
	if delay > o.hold-now.Since(o.held) {
		o.held, o.hold, o.why = now, delay, e.answer.waitReason
	}
	for i := range o.entries { // no entry is sent during the wait, so each unsent entry may get its answer later
		if e := &o.entries[i]; !e.sent {
			o.await(e, now)
		}
	}
}

func (o *Outbox) find(room, id string) *Entry {
	for i := range o.entries {
		if e := &o.entries[i]; e.Room == room && e.ID == id {
			return e
		}
	}
	return nil
}

// Disconnected runs when a connection has ended. Every entry without an answer will be sent again.
func (o *Outbox) Disconnected() {
	for i := range o.entries {
		o.entries[i].sent = false
	}
}

// FailSent runs when the server has closed the connection because an entry was too large. It marks every entry that waits
// for an answer as failed, because the client does not know which of them was too large.
func (o *Outbox) FailSent() {
	for i := range o.entries {
		if e := &o.entries[i]; !e.hasFailed() && e.sent {
			e.failed, e.sent = Problem{Code: TooBig}, false
		}
	}
}

// AssignOwner sets the owner of all entries that have none. The user wrote these entries before the client knew whether the
// user has signed in.
func (o *Outbox) AssignOwner(owner string) {
	for i := range o.entries {
		if e := &o.entries[i]; e.Owner == "" {
			e.Owner = owner
		}
	}
}

// Lapse removes and returns every entry that is past its deadline.
func (o *Outbox) Lapse(now clock.Moment) (lapsed []Entry) {
	o.keepOnly(func(e *Entry) bool {
		if e.pastDeadline(now) {
			lapsed = append(lapsed, *e)
			return false
		}
		return true
	})
	return lapsed
}

// keepOnly forgets the entries for which match returns false.
func (o *Outbox) keepOnly(match func(e *Entry) bool) {
	left := o.entries[:0]
	for i := range o.entries {
		if e := &o.entries[i]; match(e) {
			left = append(left, *e)
		}
	}
	clear(o.entries[len(left):])
	o.entries = left
}

// Due returns the entries to send to room now, in order, and marks them as sent. me and owner identify the present user;
// an entry that another user wrote is not returned, but marked as failed. ttl is how long the room's messages live.
func (o *Outbox) Due(room, me, owner string, ttl time.Duration, now clock.Moment) []Entry {
	if now.Since(o.held) < o.hold {
		return nil
	}
	var due []Entry
	for i := range o.entries {
		e := &o.entries[i]
		if e.Room != room || e.sent || e.hasFailed() {
			continue
		}
		if e.Author == "" && e.Owner == owner {
			e.Author = me
		}
		if e.Author != me {
			e.failed = Problem{Code: OtherAuthor}
			continue
		}
		if !e.out {
			e.out, e.first, e.TTL = true, now, ttl
			if e.Details != nil && e.Details.Life > 0 {
				e.TTL = min(ttl, e.Details.Life)
			}
		}
		e.sent = true
		due = append(due, *e)
	}
	return due
}

// Wait returns the time until something must be done about an entry: it can be sent, must be shown in another state, or is
// past its deadline. If there is no entry, Wait returns the constant forever.
func (o *Outbox) Wait(now clock.Moment) time.Duration {
	wait := forever
	for i := range o.entries {
		e := &o.entries[i]
		from, life := e.deadline()
		wait = min(wait, life-now.Since(from))
		if e.hasFailed() {
			continue
		}
		if left := e.answer.patience - now.Since(e.answer.since); left > 0 {
			wait = min(wait, left)
		}
		if left := o.hold - now.Since(o.held); !e.sent && left > 0 {
			wait = min(wait, left)
		}
	}
	return wait
}

// In returns the entries for room, in order.
func (o *Outbox) In(room string) (entries []Entry) {
	for i := range o.entries {
		if o.entries[i].Room == room {
			entries = append(entries, o.entries[i])
		}
	}
	return entries
}

// State returns how an entry is shown, and the reason for it. connected says whether the client is connected. ok is
// false if there is no such entry.
func (o *Outbox) State(room, id string, now clock.Moment, connected bool) (state State, reason Problem, ok bool) {
	e := o.find(room, id)
	if e == nil {
		return Sent, Problem{}, false
	}
	state, reason = e.state(now, connected)
	if state == Sending && reason == (Problem{}) && !e.sent && now.Since(o.held) < o.hold {
		reason = o.why // the entry waits because the server has asked the client to wait
	}
	return state, reason, true
}

// RoomsBut returns the rooms for which entries wait to be sent, except the room called name.
func (o *Outbox) RoomsBut(name string) map[string]bool {
	rooms := map[string]bool{}
	for i := range o.entries {
		if e := &o.entries[i]; e.Room != name && !e.sent && !e.hasFailed() {
			rooms[e.Room] = true
		}
	}
	return rooms
}
