package client

import (
	"slices"
	"time"

	"mayfly/app/client/room"
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// MaxRooms is how many rooms a user can be in. A connection may also join the room that is shown and maxBackground other
// rooms: together at most MaxRooms + 1 + maxBackground, which is not more than wire.MaxRooms, the server's limit.
const MaxRooms = 20

const (
	maxBackground = 8 // how many rooms, at most, are joined only because entries wait for them
	// when the server has refused the join of a room that is not shown, the client waits at least this long before it tries
	// to join that room again
	backgroundRetry = 10 * time.Second
	whoEvery        = 10 * time.Second // shortest time between two wire.Who that the client sends by itself
)

// A joinedRoom is a room that the client has joined, or asks to join.
type joinedRoom struct {
	room.Room
	retry *scheduled // when to join again, after a refused join; nil: no join is scheduled
	asked *scheduled // when the client may next ask the server who is in the room; nil: at once
	sent  bool       // a join was sent on this connection
}

// rooms are the rooms of a client: the room that is shown, the other rooms that the user is in, and the rooms that the
// client joins only because entries or acts wait for them.
type rooms struct {
	links *links // static

	shown joinedRoom // its Name is "" if no room is shown
	// by name: the other rooms that the user is in, and the rooms that are joined because entries or acts wait for them
	background map[string]*joinedRoom
	in         []string // the names of the rooms that the user is in, as SetRooms says; the shown room may be among them
}

// newRooms returns the rooms of a client. shown is the room that the client shows.
func newRooms(l *links, shown room.Room) rooms {
	return rooms{links: l, shown: joinedRoom{Room: shown}, background: map[string]*joinedRoom{}}
}

// join sends a join for the room that is shown. Without a connection it sends nothing: the next hello joins the room.
func (r *rooms) join() {
	r.shown.retry = nil
	if r.shown.Name != "" {
		r.links.write(r.shown.Join())
		r.shown.sent = true
	}
}

// show makes the room called name the room that is shown. The room that was shown before stays joined if the user is in it.
// Otherwise leave is its name, because the client must leave it. join is true if the client must join the new room.
func (r *rooms) show(name string, me wire.User) (leave string, join bool) {
	was := r.shown
	if slices.Contains(r.in, was.Name) {
		was.SetEntries(nil) // the outbox has them
		r.background[was.Name] = &was
	} else {
		leave = was.Name
	}
	r.shown = joinedRoom{Room: room.New(name, me)}
	if b := r.background[name]; b != nil {
		delete(r.background, name)
		r.shown = *b
		r.shown.Arrive()
		r.who()
	}
	return leave, !r.shown.Joined
}

// set replaces the list of the rooms that the user is in. sender.flush later leaves each room that is not in the new list,
// unless the room is shown, or entries or acts wait for it.
func (r *rooms) set(in []Visited, me wire.User) {
	r.in = nil
	for _, v := range in[:min(len(in), MaxRooms)] {
		b := r.named(v.Room)
		if b == nil {
			b = &joinedRoom{Room: room.New(v.Room, me)}
			r.background[v.Room] = b
		}
		b.SeeUpTo(v.Read)
		r.in = append(r.in, v.Room)
	}
	for name, b := range r.background {
		if !r.isIn(name) && !b.sent {
			delete(r.background, name)
		}
	}
}

// isIn reports whether the user is in the room called name.
func (r *rooms) isIn(name string) bool { return slices.Contains(r.in, name) }

// tick joins the rooms that the user is in and that are not joined.
func (r *rooms) tick(now clock.Moment) {
	if !r.links.welcomed() {
		return
	}
	for _, name := range r.in {
		if b := r.background[name]; b != nil && (!b.sent && !b.Joined || b.retry.due(now)) {
			b.sent, b.retry = true, nil
			r.links.write(b.Join())
		}
	}
}

// joins returns the joins of a hello: of the room that is shown, and of the rooms that the user is in.
func (r *rooms) joins() (all []wire.Join) {
	if r.shown.Name != "" {
		all = append(all, r.shown.Join())
	}
	for _, name := range r.in {
		if b := r.background[name]; b != nil {
			all = append(all, b.Join())
		}
	}
	return all
}

// greeted notes that the joins of a hello were sent on this connection.
func (r *rooms) greeted() {
	r.shown.sent = true
	for _, name := range r.in {
		if b := r.background[name]; b != nil {
			b.sent = true
		}
	}
}

// misses returns the joined rooms that lack events. heads are the heads of the rooms on the server.
func (r *rooms) misses(heads map[string]int64) (all []*joinedRoom) {
	if r.shown.Misses(heads[r.shown.Name]) {
		all = append(all, &r.shown)
	}
	for name, b := range r.background {
		if b.Misses(heads[name]) {
			all = append(all, b)
		}
	}
	return all
}

// news returns what is new in the room that is shown and in the rooms that the user is in.
func (r *rooms) news() (all []News) {
	if r.shown.Name != "" && !r.isIn(r.shown.Name) {
		all = append(all, newsOf(&r.shown.Room))
	}
	for _, name := range r.in {
		all = append(all, newsOf(&r.named(name).Room))
	}
	return all
}

// nextExpiry returns the next time at which, in any room, a message expires or a user no longer counts as typing. It returns
// the zero time if there is no such time.
func (r *rooms) nextExpiry() time.Time {
	first := r.shown.NextExpiry()
	for _, b := range r.background {
		if next := b.NextExpiry(); first.IsZero() || !next.IsZero() && next.Before(first) {
			first = next
		}
	}
	return first
}

// named returns the room called name: the shown room or a background room. It returns nil if the room is neither.
func (r *rooms) named(name string) *joinedRoom {
	if name == r.shown.Name {
		return &r.shown
	}
	return r.background[name]
}

// askWho asks the server who is in the room that is shown, if the client does not know that for sure, and if it has not
// asked within the last whoEvery.
func (r *rooms) askWho(now clock.Moment) {
	s := &r.shown
	if s.Joined && s.Outdated() && (s.asked == nil || s.asked.due(now)) {
		s.asked = schedule(whoEvery, now)
		r.links.write(wire.Who{Room: s.Name})
	}
}

// who makes the client ask who is in the room that is shown, as soon as the room is joined.
func (r *rooms) who() {
	r.shown.Doubt()
	r.shown.asked = nil
}

// apply applies f to each room, and removes the messages that have expired at now, the server's time. If f is nil, as in
// each tick of the loop, apply only removes expired messages.
func (r *rooms) apply(f wire.Frame, now time.Time) {
	r.shown.Room = r.shown.Apply(f, now)
	for _, b := range r.background {
		b.Room = b.Apply(f, now)
	}
}

// enterBackground returns the background room called name. If the room is new, or if it is time to try again after a refused
// join, join is true: the client must join the room now. If the room is new, and there are already maxBackground more
// background rooms than rooms that the user is in, enterBackground returns nil.
func (r *rooms) enterBackground(name string, me wire.User, now clock.Moment) (_ *joinedRoom, join bool) {
	b := r.background[name]
	switch {
	case r.isIn(name):
		return b, false // the client joins the room in any case
	case b == nil && len(r.background) >= maxBackground+len(r.in):
		return nil, false
	case b == nil, b.retry.due(now):
		b = &joinedRoom{Room: room.New(name, me), sent: true}
		r.background[name] = b
		return b, true
	}
	return b, false
}

// onRefused runs when the server has refused the join of a room. retry is how long the server asks the client to wait; 0: it
// does not ask. A room that the user is in, and that is not shown, then counts as not joined, even if an earlier join
// succeeded on this connection: while the client polls, no poll names the room until another join. onRefused schedules that
// join only if retry is not 0. The same holds for the shown room, but if retry is 0, it stays as it is. A room that is
// joined only because entries or acts wait for it is joined again in any case. A room that is not shown is joined again
// after backgroundRetry at the earliest.
func (r *rooms) onRefused(f wire.Refused, retry time.Duration, now clock.Moment) {
	switch b := r.background[f.Room]; {
	case b != nil && r.isIn(f.Room):
		b.Joined = false
		if retry > 0 {
			b.retry = schedule(max(backgroundRetry, retry), now)
		}
	case b != nil && f.Re == wire.Kind(wire.Join{}):
		b.retry = schedule(max(backgroundRetry, retry), now)
	case f.Room == r.shown.Name && retry > 0:
		r.shown.Joined, r.shown.retry = false, schedule(retry, now)
	}
}

// forgetLink runs when a link has ended. The rooms that are not shown then count as not joined. forgetLink also forgets the
// scheduled joins, and the rooms that are joined only because entries or acts wait for them.
func (r *rooms) forgetLink() {
	r.shown.retry, r.shown.asked, r.shown.sent = nil, nil, false
	for name, b := range r.background {
		if b.Joined, b.sent, b.retry = false, false, nil; !r.isIn(name) {
			delete(r.background, name)
		}
	}
}

// forgetUser runs when another user uses the client from now on.
func (r *rooms) forgetUser() {
	r.shown.ForgetUser()
	for _, b := range r.background {
		b.ForgetUser()
	}
}

// signOut forgets everything that was shown to the user who signs out, and which rooms that user is in.
func (r *rooms) signOut() {
	r.shown.Room = room.New(r.shown.Name, wire.User{})
	r.in = nil
	clear(r.background)
}
