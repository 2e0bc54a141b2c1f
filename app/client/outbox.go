package client

import (
	"slices"
	"time"

	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// An outbox holds what one has written until the server has it: in order, over any number of connections, and, where there is a
// Device, over the end of the program. It belongs to the session's loop.
type outbox struct {
	letters []letter
	order   int64        // of the newest letter
	held    clock.Moment // nothing goes out until hold has passed since: the server said when to try again
	hold    time.Duration
}

// A letter is one message on its way.
type letter struct {
	id, room, text string
	author         string // the person's id; "": nobody had said yet who that is
	owner          string // as what it was written; "": it was not known yet
	order          int64

	written clock.Moment // when the person sent it
	ttl     time.Duration
	first   clock.Moment // when it first went out; the server may have it since
	out     bool         // it went out, and was not refused since
	sent    bool         // it went out on the present connection and is not answered
	failed  string       // a sentence; it is kept for its writer, and not sent again

	since    clock.Moment  // its writer waits for an answer from then on,
	patience time.Duration // and is told if none came for so long
	told     string        // a sentence: why the server makes it wait

	kept  bool // the device keeps it
	noted note // what value was made of
	value string
}

// state returns how l is shown, and why.
func (l *letter) state(now clock.Moment, connected bool) (state State, reason string) {
	switch {
	case l.failed != "":
		return Failed, l.failed
	case l.kept && !connected:
		return Waiting, ""
	case now.Since(l.since) < l.patience:
		return Sending, l.told
	case connected:
		return Failed, "The server has not answered yet."
	default:
		return Failed, "There is no connection. It goes out by itself once there is one."
	}
}

// deadline returns when l stops being sent, as a time after a moment. Once the server may have it, that is when the
// message would expire there; before that, nobody can have read it, and the limit only keeps stale talk from going out.
func (l letter) deadline() (from clock.Moment, life time.Duration) {
	if l.out {
		return l.first, l.ttl
	}
	return l.written, max(l.ttl, minWait)
}

// pastDeadline reports whether l must not be sent again: the server may have had it, and forgotten that it did.
func (l letter) pastDeadline(now clock.Moment) bool {
	from, life := l.deadline()
	return now.Since(from) >= life
}

// add puts l at the end.
func (o *outbox) add(l letter, now clock.Moment) {
	o.order = max(o.order+1, now.Wall.UnixMilli())
	l.order, l.written = o.order, now
	o.await(&l, now)
	o.letters = append(o.letters, l)
}

// await lets the writer's waiting begin now. While the server asked for silence, it owes no answer.
func (o *outbox) await(l *letter, now clock.Moment) {
	l.since, l.patience = now, max(0, o.hold-now.Since(o.held))+answerTime
}

// resend makes a letter go out as soon as it can, whatever became of it before.
func (o *outbox) resend(room, id string, now clock.Moment) {
	l := o.find(room, id)
	if l == nil {
		return
	}
	if !l.out {
		l.written = now
	}
	l.failed, l.told, l.sent = "", "", false
	o.await(l, now)
}

// drop forgets the letter that the server has.
func (o *outbox) drop(room, id string) {
	o.letters = slices.DeleteFunc(o.letters, func(l letter) bool { return l.room == room && l.id == id })
}

// refuse keeps the letter for another try after retry, or as failed if there is none. The server looks for a message that
// it has before it refuses one, so it doesn't have this one; unless it had to give up waiting for its stream, which may
// have stored it all the same.
func (o *outbox) refuse(f wire.Refused, retry time.Duration, now clock.Moment) {
	l := o.find(f.Room, f.ID)
	if l == nil {
		return
	}
	l.sent = false
	if f.Code != wire.CodeUnavailable {
		l.out = false
	}
	if retry <= 0 {
		l.failed = f.Message
		return
	}
	l.told = f.Message
	if retry > o.hold-now.Since(o.held) {
		o.held, o.hold = now, retry
	}
	for i := range o.letters { // what stands behind it waits as long
		if l := &o.letters[i]; !l.sent {
			o.await(l, now)
		}
	}
}

func (o *outbox) find(room, id string) *letter {
	for i := range o.letters {
		if l := &o.letters[i]; l.room == room && l.id == id {
			return l
		}
	}
	return nil
}

// disconnected makes every letter that isn't answered go out again.
func (o *outbox) disconnected() {
	for i := range o.letters {
		o.letters[i].sent = false
	}
}

// tooBig fails every letter that waits for an answer: one of them was more than the server takes.
func (o *outbox) tooBig() {
	o.failIf("The message is too big for the server.", func(l letter) bool { return l.sent })
}

// lapse takes out every letter that is past its deadline.
func (o *outbox) lapse(now clock.Moment) (lapsed []letter) {
	o.keepOnly(func(l *letter) bool {
		if l.pastDeadline(now) {
			lapsed = append(lapsed, *l)
			return false
		}
		return true
	})
	return lapsed
}

// keepOnly forgets all other letters.
func (o *outbox) keepOnly(kept func(l *letter) bool) {
	o.letters = slices.DeleteFunc(o.letters, func(l letter) bool { return !kept(&l) })
}

func (o *outbox) failIf(reason string, bad func(letter) bool) {
	for i := range o.letters {
		if l := &o.letters[i]; l.failed == "" && bad(*l) {
			l.failed, l.sent = reason, false
		}
	}
}

// due returns the letters to send to room as me, the owner, now, in order, and marks them as sent. Nothing is sent under another
// name than it was written under.
func (o *outbox) due(room, me, owner string, ttl time.Duration, now clock.Moment) []letter {
	if now.Since(o.held) < o.hold {
		return nil
	}
	var due []letter
	for i := range o.letters {
		l := &o.letters[i]
		if l.room != room || l.sent || l.failed != "" {
			continue
		}
		if l.author == "" && l.owner == owner {
			l.author = me
		}
		if l.author != me {
			l.failed = "It was written under another name: copy it to send it again."
			continue
		}
		if !l.out {
			l.out, l.first, l.ttl = true, now, ttl
		}
		l.sent = true
		due = append(due, *l)
	}
	return due
}

// wait returns how long it is until something here is to be done, forever if nothing is.
func (o *outbox) wait(now clock.Moment) time.Duration {
	wait := forever
	for _, l := range o.letters {
		from, life := l.deadline()
		wait = min(wait, life-now.Since(from))
		if l.failed != "" {
			continue
		}
		if left := l.patience - now.Since(l.since); left > 0 {
			wait = min(wait, left)
		}
		if left := o.hold - now.Since(o.held); !l.sent && left > 0 {
			wait = min(wait, left)
		}
	}
	return wait
}

// in returns what one wrote to room, as it is shown there.
func (o *outbox) in(room string, me wire.User) (own []Message) {
	for i := range o.letters {
		if l := &o.letters[i]; l.room == room {
			own = append(own, sending(me, l.id, l.text))
		}
	}
	return own
}
