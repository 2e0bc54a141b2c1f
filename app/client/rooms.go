package client

import (
	"time"

	"mayfly/app/client/room"
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

const (
	maxBackground = 8 // the largest number of joined rooms that are not shown
	// the shortest wait before the next join of a room that is not shown, after a refused join
	backgroundRetry = 10 * time.Second
	whoEvery        = 10 * time.Second // the shortest time after which the client asks again by itself who is in a room
)

// A joinedRoom is a room that the client has joined, or asks to join.
type joinedRoom struct {
	room.Room
	retry *scheduled // when to join again, after a refused join; nil: no join is scheduled
	asked *scheduled // when the client may ask again who is in the room; nil: at once
}

// rooms are the rooms of a client: the room that is shown, and background rooms, which the client joins only because
// entries or acts wait for them.
type rooms struct {
	links *links // static

	shown      joinedRoom             // its Name is "" if no room is shown
	background map[string]*joinedRoom // by name; the rooms that are joined, but not shown
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
		delete(r.background, r.shown.Name)
	}
}

// named returns the room called name, nil if the client neither shows it nor has joined it.
func (r *rooms) named(name string) *joinedRoom {
	if name == r.shown.Name {
		return &r.shown
	}
	return r.background[name]
}

// askWho asks the server who is in the room that is shown, if the client does not know.
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

// apply applies f, which may be nil, to each room, and removes expired messages. now is the server's time.
func (r *rooms) apply(f wire.Frame, now time.Time) {
	r.shown.Room = r.shown.Apply(f, now)
	for _, b := range r.background {
		b.Room = b.Apply(f, now)
	}
}

// enterBackground returns the room called name, which is not shown, and reports whether the client must join it now. It
// returns nil if the client is in too many such rooms already.
func (r *rooms) enterBackground(name string, me wire.User, now clock.Moment) (_ *joinedRoom, join bool) {
	b := r.background[name]
	switch {
	case b == nil && len(r.background) >= maxBackground:
		return nil, false
	case b == nil, b.retry.due(now):
		b = &joinedRoom{Room: room.New(name, me)}
		r.background[name] = b
		return b, true
	}
	return b, false
}

// onRefused runs when the server has refused the join of a room. It schedules the next join.
func (r *rooms) onRefused(f wire.Refused, retry time.Duration, now clock.Moment) {
	switch b := r.background[f.Room]; {
	case b != nil && f.Re == wire.Kind(wire.Join{}):
		b.retry = schedule(max(backgroundRetry, retry), now)
	case f.Room == r.shown.Name && retry > 0:
		r.shown.retry = schedule(retry, now)
	}
}

// forgetLink runs when a link has ended. It forgets the rooms that are not shown, and the scheduled join of the shown
// room.
func (r *rooms) forgetLink() {
	r.shown.retry, r.shown.asked = nil, nil
	clear(r.background)
}
