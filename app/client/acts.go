package client

import (
	"slices"
	"time"

	"mayfly/app/client/room"
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

const (
	// undoTime is how long the user can undo a removal. The client sends the removal after that time.
	undoTime = 5 * time.Second

	// confirmedTime is how long the client waits for the event of a reaction after the server has confirmed the reaction.
	// Meanwhile the page shows the reaction as the user has set it. Without this wait, a new reaction could vanish from the
	// page for a moment: while the client polls, the event may come by a later poll than the confirmation.
	confirmedTime = 2 * time.Second
)

// acts are the user's reactions and removals that the server has not confirmed, in all rooms. The view shows them at once
// (optimistic update). If a connection ends before the answer to an act, the client sends the act again on the next
// connection, unless the message is gone. To send an act twice is safe: the server carries out a repeated act only once.
type acts struct {
	identity *identity    // static
	links    *links       // static
	rooms    *rooms       // static
	server   *serverClock // static

	list []act
	undo []string // the keys of the messages whose removal the user can still undo, oldest first; copy on write
}

// An act is a reaction or a removal that the server has not confirmed.
type act struct {
	room.Act
	room, epoch string
	key         string     // the Message.Key of the message
	life        *scheduled // when the message expires
	due         *scheduled // when the client sends the removal; nil: the removal was sent, or the act is a reaction

	retry    *scheduled    // when to send the act again, after a refusal that is not final; nil: no such refusal
	out      bool          // the act was sent on the present connection and is not answered
	asked    bool          // the act was sent on the present connection; false again after a refusal that is not final
	askedOn  bool          // the value of On that was sent last: true gives the reaction, false takes it away
	answered *clock.Moment // when the server confirmed askedOn; nil: the server has not confirmed it
}

// react gives a reaction to the message that is shown under key if on is true, and takes it away if on is false.
func (a *acts) react(key, emoji string, on bool, now clock.Moment) {
	m, ok := a.rooms.shown.Target(key)
	if !ok {
		return
	}
	here := a.rooms.shown.Name
	if x := a.find(func(x *act) bool { return x.room == here && x.key == key && x.Emoji == emoji }); x != nil {
		x.On, x.answered = on, nil
		return
	}
	a.add(room.Act{Seq: m.Seq, Emoji: emoji, On: on}, &m, nil, now)
}

// remove takes back the message that is shown under key, after undoTime. It must be the user's own, unless the user is a
// moderator.
func (a *acts) remove(key string, now clock.Moment) {
	if m, ok := a.rooms.shown.Target(key); ok && (m.Mine || a.identity.me.Role == wire.RoleModerator) {
		a.add(room.Act{Seq: m.Seq}, &m, schedule(undoTime, now), now)
	}
}

func (a *acts) add(what room.Act, m *Message, due *scheduled, now clock.Moment) {
	r := &a.rooms.shown
	a.list = append(a.list, act{Act: what, room: r.Name, epoch: r.Epoch(), key: m.Key, due: due,
		life: schedule(m.Expires.Sub(a.server.now(now)), now)})
}

// undoRemove forgets the removal of the message with that key in the room that is shown, unless the removal was sent.
func (a *acts) undoRemove(key string) {
	here := a.rooms.shown.Name
	a.list = slices.DeleteFunc(a.list, func(x act) bool {
		return x.room == here && x.key == key && x.Emoji == "" && x.due != nil
	})
}

// flush makes all removals due now, so that the next tick sends them.
func (a *acts) flush(now clock.Moment) {
	for i := range a.list {
		if x := &a.list[i]; x.due != nil {
			x.due = schedule(0, now)
		}
	}
}

// find returns the first act x for which is(x) is true, nil if there is no such act.
func (a *acts) find(is func(x *act) bool) *act {
	for i := range a.list {
		if is(&a.list[i]) {
			return &a.list[i]
		}
	}
	return nil
}

// tick forgets each act for which the method over returns true. It sends those of the other acts that must be sent now. Then
// it updates the screen (method show).
func (a *acts) tick(now clock.Moment) {
	left := a.list[:0]
	for i := range a.list {
		if x := &a.list[i]; !a.over(x, now) {
			left = append(left, *x)
		}
	}
	a.list = left
	for i := range a.list {
		x := &a.list[i]
		if r := a.rooms.named(x.room); r != nil && r.Joined && x.unsent(now) && !a.waits(x) {
			a.links.write(x.frame())
			x.out, x.asked, x.askedOn, x.due = true, true, x.On, nil
		}
	}
	a.show(now)
}

// show updates a.rooms.shown, the room on the screen: it calls SetActs with the acts on messages of that room. It also sets
// a.undo to the messages in that room whose removal the user can still undo.
func (a *acts) show(now clock.Moment) {
	shown := &a.rooms.shown
	var list []room.Act
	var undo []string
	for i := range a.list {
		x := &a.list[i]
		if x.room != shown.Name || x.epoch != shown.Epoch() {
			continue
		}
		list = append(list, x.Act)
		if x.due != nil && !x.due.due(now) {
			undo = append(undo, x.key)
		}
	}
	shown.SetActs(list)
	if !slices.Equal(undo, a.undo) {
		a.undo = undo
	}
}

// over reports whether the client can forget x. That is so if the server has carried out x, if the message of x is gone, or
// if the server does not support reactions and removals.
func (a *acts) over(x *act, now clock.Moment) bool {
	r := a.rooms.named(x.room)
	switch {
	case x.life.due(now), a.links.welcomed() && !a.identity.rules.takesActs():
		return true
	case r == nil, !r.Joined: // until the room is joined, the client does not know whether the server has carried out x
		return false
	case r.Epoch() != x.epoch, !r.Has(x.Seq):
		return true
	case x.Emoji == "":
		return false
	}
	gave := r.Gave(x.Seq, x.Emoji)
	x.out = x.out && gave != x.askedOn
	if x.out || x.asked && x.askedOn != x.On {
		return false
	}
	return gave == x.On || x.answered != nil && now.Since(*x.answered) >= confirmedTime
}

// unsent reports whether x must be sent now.
func (x *act) unsent(now clock.Moment) bool {
	early := x.due != nil && !x.due.due(now) || x.retry != nil && !x.retry.due(now)
	return !x.out && !(x.asked && x.askedOn == x.On) && !early
}

// waits reports whether x must wait for the answer to another reaction to the same message. A refusal names the message,
// but not the emoji: with two answers outstanding, the client could not tell which reaction was refused.
func (a *acts) waits(x *act) bool {
	return x.Emoji != "" && a.find(func(o *act) bool {
		return o.out && o.Emoji != "" && o.room == x.room && o.Seq == x.Seq
	}) != nil
}

// frame returns the frame that asks the server for x.
func (x *act) frame() wire.Frame {
	if x.Emoji == "" {
		return wire.Remove{Room: x.room, Seq: x.Seq}
	}
	f := wire.React{Room: x.room, Seq: x.Seq, Emoji: x.Emoji}
	if !x.On {
		f.On = &x.On
	}
	return f
}

// onReacted runs for each Reacted frame. The frame may tell of any user's reaction, or may be the server's answer to a
// reaction of this user. onReacted looks for the act of this user that the frame confirms.
func (a *acts) onReacted(f wire.Reacted, now clock.Moment) {
	x := a.find(func(x *act) bool {
		return x.out && x.room == f.Room && x.Seq == f.To && x.Emoji == f.Emoji && x.askedOn == f.On
	})
	if x != nil && f.User.ID == a.identity.me.ID {
		x.out, x.answered = false, &now
	}
}

// onRefused runs when the server has refused an act. An act that the server could not carry out now, and a removal that
// exceeded the rate limit, will be sent again after f.RetryMS, if that is not 0. onRefused forgets every other act. tell is
// true if the user must be told about the refusal. It is false if the act will be sent again, if there is no such act, if
// the message to be removed is gone already, or if the user has changed a reaction back meanwhile.
func (a *acts) onRefused(f wire.Refused, now clock.Moment) (tell bool) {
	removal := f.Re == wire.Kind(wire.Remove{})
	x := a.find(func(x *act) bool {
		return x.out && x.room == f.Room && f.Seq != nil && x.Seq == *f.Seq && (x.Emoji == "") == removal
	})
	if x == nil {
		return false
	}
	if f.RetryMS > 0 && (f.Code == wire.CodeUnavailable || removal && f.Code == wire.CodeRate) {
		x.out, x.asked, x.retry = false, false, schedule(time.Duration(f.RetryMS)*time.Millisecond, now)
		return false
	}
	tell = x.askedOn == x.On
	if removal && f.Code == wire.CodeGone {
		tell = false
		a.rooms.apply(wire.Removed{Room: f.Room, Seqs: []int64{x.Seq}}, a.server.now(now))
	}
	refused := *x // DeleteFunc moves the acts, and so changes what x points to
	a.list = slices.DeleteFunc(a.list, func(o act) bool { return o.room == refused.room && o.Act == refused.Act })
	return tell
}

// disconnected runs when a connection has ended: the client sends each act again on the next connection.
func (a *acts) disconnected() {
	for i := range a.list {
		x := &a.list[i]
		x.out, x.asked, x.answered = false, false, nil
	}
}

// clear forgets all acts, because another user acts from now on.
func (a *acts) clear() {
	a.list, a.undo = nil, nil
	a.rooms.shown.SetActs(nil)
}

// roomsBut adds the name of each act's room to the set in the parameter rooms, but not the name in the parameter shown. The
// client must join these rooms to send the acts.
func (a *acts) roomsBut(shown string, rooms map[string]bool) {
	for i := range a.list {
		if x := &a.list[i]; x.room != shown {
			rooms[x.room] = true
		}
	}
}

// wait returns the time until tick must next run because of an act. If that time is longer than tickAtLeast, wait returns
// tickAtLeast.
func (a *acts) wait(now clock.Moment) time.Duration {
	wait := tickAtLeast
	for i := range a.list {
		x := &a.list[i]
		times := []*scheduled{x.life, x.due, x.retry}
		if x.answered != nil {
			times = append(times, schedule(confirmedTime, *x.answered))
		}
		for _, s := range times {
			if s != nil && !s.due(now) {
				wait = min(wait, s.wait-now.Since(s.from))
			}
		}
	}
	return wait
}
