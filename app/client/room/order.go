package room

import (
	"slices"
	"time"

	"mayfly/app/client/outbox"
	"mayfly/shared/wire"
)

// maxActs is how many acts of moderators a room remembers. When one more comes, the room forgets the oldest.
const maxActs = 50

// Order is what moderators have set and done in a room, as far as the client knows it. All its times are by the server's
// clock.
type Order struct {
	Slow   time.Duration // a user may post only once in this time; 0: there is no such rule
	Posted time.Time     // when the user of this client last posted here; zero if the client knows of no post
	// until when the user of this client is muted here; zero if the client knows of no mute. If the user joins after the
	// mute has begun, the client learns of it by the first refusal
	MutedUntil  time.Time
	BannedUntil time.Time // until when the user of this client is banned from here; zero: the user is not banned

	Acts  []wire.Moderated // the latest acts of moderators that have come, oldest first, at most maxActs; copy on write
	count int              // how many acts have come
}

// Same reports whether the page would draw o exactly as it draws p.
func (o *Order) Same(p *Order) bool {
	return o.Slow == p.Slow && o.Posted.Equal(p.Posted) && o.MutedUntil.Equal(p.MutedUntil) &&
		o.BannedUntil.Equal(p.BannedUntil) && o.count == p.count
}

// ActsSince returns the acts that have come since was, an earlier value of o; at most the last maxActs.
func (o *Order) ActsSince(was *Order) []wire.Moderated {
	n := min(max(0, o.count-was.count), len(o.Acts))
	return o.Acts[len(o.Acts)-n:]
}

// Barred returns the mutes and bans among o.Acts that still hold at now: for each user the last one.
func (o *Order) Barred(now time.Time) (all []wire.Moderated) {
	for i := range o.Acts {
		f := &o.Acts[i]
		if f.User == nil {
			continue
		}
		all = slices.DeleteFunc(all, func(b wire.Moderated) bool { return b.User.ID == f.User.ID })
		if f.Act != wire.ActLift && f.Until > now.UnixMilli() {
			all = append(all, *f)
		}
	}
	return all
}

// Wait returns how long the user of this client must wait at now before the next post, and why: outbox.Banned, outbox.Muted
// or outbox.Slow. It returns zeros if the user need not wait, as far as the client knows.
func (o *Order) Wait(now time.Time) (wait time.Duration, why outbox.Code) {
	if now.IsZero() { // the client does not know the server's time yet
		return 0, ""
	}
	for _, w := range []struct {
		until time.Time
		why   outbox.Code
	}{{o.BannedUntil, outbox.Banned}, {o.MutedUntil, outbox.Muted}, {o.Posted.Add(o.Slow), outbox.Slow}} {
		if wait = w.until.Sub(now); wait > 0 && (w.why != outbox.Slow || o.Slow > 0) {
			return wait, w.why
		}
	}
	return 0, ""
}

// posts notes that the user of this client has posted here at that time.
func (o *Order) posts(at time.Time) {
	if at.After(o.Posted) {
		o.Posted = at
	}
}

// bar applies f, a refusal in a joined room, or of a join of the room. It stores until when the user is muted or banned, or
// when the user posted last in a room with slow mode.
func (o *Order) bar(f *wire.Refused, now time.Time) {
	until := now.Add(time.Duration(f.RetryMS) * time.Millisecond)
	switch outbox.CodeOf(f) {
	case outbox.Banned:
		o.BannedUntil = until
	case outbox.Muted:
		o.MutedUntil = until
	case outbox.Code(wire.CodeRate):
		if f.Re == wire.Kind(wire.Post{}) && o.Slow > 0 {
			o.posts(until.Add(-o.Slow))
		}
	}
}
