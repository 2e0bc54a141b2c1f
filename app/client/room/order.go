package room

import (
	"time"

	"mayfly/shared/wire"
)

// Order is what moderators have set in a room, as far as the client knows it.
type Order struct {
	Slow time.Duration // a user may post only once in this time; 0: there is no such rule
	// until when the user of this client is muted here, by the server's clock; zero if the client knows of no mute. The
	// server tells the others at once, and the user by the first refusal
	MutedUntil time.Time
	LastAct    *wire.Moderated // the latest act of a moderator that has come; nil: none has. It is never changed
}

// moderated applies f, an act of a moderator.
func (r *Room) moderated(f wire.Moderated) {
	r.LastAct = &f
	r.learn([]wire.User{f.By})
	isMe := f.User != nil && f.User.ID == r.me.ID
	switch f.Act {
	case wire.ActSlow:
		if f.For != nil {
			r.Slow = time.Duration(*f.For) * time.Millisecond
		}
	case wire.ActTTL:
		r.TTL = time.Duration(f.TTL) * time.Millisecond
	case wire.ActMute:
		if isMe {
			r.MutedUntil = time.UnixMilli(f.Until)
		}
	case wire.ActLift:
		if isMe {
			r.MutedUntil = time.Time{}
		}
	}
}
