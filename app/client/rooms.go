package client

import (
	"time"

	"mayfly/app/client/room"
	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

const (
	maxBackground   = 8                // rooms joined at once that are not shown
	backgroundRetry = 10 * time.Second // at least, after the join of such a room was refused
)

// A joinedRoom is a room that the client has joined, or asks to join.
type joinedRoom struct {
	room.Room
	retry *scheduled // the next join, after a refused one; nil: none is scheduled
}

// rooms are the rooms of a client: the one that is shown, and those that it is in because entries wait for them.
type rooms struct {
	links *links // static

	shown      joinedRoom // its Name is "" if none is shown
	background map[string]*joinedRoom
}

// newRooms returns the rooms of a client that shows a room.
func newRooms(l *links, shown room.Room) rooms {
	return rooms{links: l, shown: joinedRoom{Room: shown}, background: map[string]*joinedRoom{}}
}

// show shows another room.
func (r *rooms) show(shown room.Room) { r.shown.Room = shown }

// join asks for the room that is shown. Before there is a connection, hello does so.
func (r *rooms) join() {
	r.shown.retry = nil
	if r.shown.Name != "" {
		r.links.write(r.shown.Join())
		delete(r.background, r.shown.Name)
	}
}

// apply applies a frame to each room, and removes what has expired. f may be nil. now is the server's time.
func (r *rooms) apply(f wire.Frame, now time.Time) {
	r.shown.Room = r.shown.Apply(f, now)
	for _, b := range r.background {
		b.Room = b.Apply(f, now)
	}
}

// enterBackground returns a room that is not shown, and whether it is to be joined now. It returns nil if there are too
// many.
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

// onRefused schedules the next join after a refused one.
func (r *rooms) onRefused(f wire.Refused, retry time.Duration, now clock.Moment) {
	switch b := r.background[f.Room]; {
	case b != nil && f.Re == wire.Kind(wire.Join{}):
		b.retry = &scheduled{from: now, wait: max(backgroundRetry, retry)}
	case f.Room == r.shown.Name && retry > 0:
		r.shown.retry = &scheduled{from: now, wait: retry}
	}
}

// forgetLink forgets what the server knows of a link that has ended: the rooms that are not shown, and the next join.
func (r *rooms) forgetLink() {
	r.shown.retry = nil
	clear(r.background)
}
