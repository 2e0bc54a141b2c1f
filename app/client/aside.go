package client

import (
	"time"

	"mayfly/shared/clock"
	"mayfly/shared/wire"
)

// What one wrote to another room than the one that is shown goes out, too: the session joins that room for as long as it takes,
// and nothing of it is shown.

const (
	maxAside   = 8                // rooms joined at once only to send something there
	asideRetry = 10 * time.Second // after a join that was refused
)

// An aside is a room that is joined only to send something there.
type aside struct {
	joined bool
	ttl    time.Duration
	again  *again // it was refused; nil: it was not
}

// flush sends what waits for rooms that are joined, and joins those for which something waits.
func (s *Client) flush(now clock.Moment) {
	l := s.link
	if l == nil || !l.welcomed {
		return
	}
	if s.view.Joined {
		s.post(s.view.Room, s.view.TTL, now)
	}
	waiting := s.outbox.RoomsBut(s.view.Room)
	for room := range l.aside {
		if !waiting[room] {
			s.write(wire.Leave{Room: room})
			delete(l.aside, room)
		}
	}
	for room := range waiting {
		switch a := l.aside[room]; {
		case a == nil && len(l.aside) >= maxAside:
		case a == nil, a.again != nil && now.Since(a.again.from) >= a.again.wait:
			l.aside[room] = &aside{}
			s.write(wire.Join{Room: room})
		case a.joined:
			s.post(room, a.ttl, now)
		}
		if s.link != l {
			return
		}
	}
}

// post sends what waits for a room that is joined.
func (s *Client) post(room string, ttl time.Duration, now clock.Moment) {
	for _, e := range s.outbox.Due(room, s.view.Me.ID, s.owner(), ttl, now) {
		s.write(wire.Post{ID: e.ID, Room: e.Room, Text: e.Text})
	}
}

// asideJoined takes in that a room is joined.
func (l *link) asideJoined(f wire.Joined) {
	if a := l.aside[f.Room]; a != nil {
		*a = aside{joined: true, ttl: time.Duration(f.TTL) * time.Millisecond}
	}
}

// asideRefused takes in that one is not. It reports whether that was a room aside.
func (l *link) asideRefused(f wire.Refused, now clock.Moment) bool {
	a := l.aside[f.Room]
	if a == nil || f.Re != wire.Kind(wire.Join{}) {
		return false
	}
	a.again = &again{from: now, wait: max(asideRetry, time.Duration(f.RetryMS)*time.Millisecond)}
	return true
}

// forgetAside makes a room that is shown now one like any other.
func (l *link) forgetAside(room string) {
	if l != nil {
		delete(l.aside, room)
	}
}
