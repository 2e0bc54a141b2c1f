package hub

import (
	"encoding/json"
	"maps"
	"time"

	"mayfly/shared/wire"
)

// MaxPaces is the most users of a room whose last post the stream stores for slow mode.
const MaxPaces = 1000

// pace knows when each user last posted in a room, for slow mode. It learns that from the messages, and from events of
// KindPace, which outlive the messages. It forgets the users who have not posted for wire.MaxSlow. room.mu guards it.
type pace struct {
	last   map[string]int64    // by user id: when the user last posted, in Unix milliseconds
	stored map[string]lastPace // by user id: the event of KindPace about the user
}

// lastPace is an event of KindPace. Its times are Unix milliseconds.
type lastPace struct {
	seq     int64 // of the last event about the user that the stream has delivered; 0: there is none
	at      int64 // when the user last posted
	expires int64 // the deadline of the event
}

func newPace() pace { return pace{map[string]int64{}, map[string]lastPace{}} }

// note records that the user posted at that time.
func (p pace) note(user string, at int64) { p.last[user] = max(p.last[user], at) }

// undo undoes note(user, at), unless the user has posted again since. before is when the user had posted before; 0: never.
func (p pace) undo(user string, at, before int64) {
	if p.last[user] == at {
		p.last[user] = before
	}
}

// wait returns how long the user must wait with the next post if users may post once in every milliseconds. 0: the user may
// post now.
func (p pace) wait(user string, every, now int64) time.Duration {
	last, ok := p.last[user]
	if !ok || every == 0 {
		return 0
	}
	return time.Duration(max(last+every-now, 0)) * time.Millisecond
}

// prune forgets what does not matter any more at the time now.
func (p pace) prune(now int64) {
	maps.DeleteFunc(p.last, func(_ string, last int64) bool { return now-last >= wire.MaxSlow.Milliseconds() })
	maps.DeleteFunc(p.stored, func(_ string, e lastPace) bool { return e.expires <= now })
}

// apply applies e, an event of KindPace. It returns the seqs of the events that the stream may erase: the earlier one about
// the same user, or e itself if another node has stored a later post.
func (p pace) apply(e Event) (replaced []int64) {
	at, ok := e.postedAt()
	if !ok {
		return nil
	}
	p.note(e.User, at)
	earlier := p.stored[e.User]
	if at < earlier.at {
		return []int64{e.Seq}
	}
	if earlier.seq != 0 {
		replaced = []int64{earlier.seq}
	}
	p.stored[e.User] = lastPace{e.Seq, at, e.Expires}
	return replaced
}

// reserve makes place for an event of KindPace, which the stream is about to store: the user has posted at that time. It
// returns false if an event says so already until that deadline, or if MaxPaces other users have an event.
func (p pace) reserve(user string, at, expires int64) bool {
	earlier, replaces := p.stored[user]
	if !replaces && len(p.stored) >= MaxPaces || earlier.at == at && earlier.expires >= expires {
		return false
	}
	p.stored[user] = lastPace{earlier.seq, at, expires}
	return true
}

// postedAt returns the Body of e, an event of KindPace: when the user last posted, in Unix milliseconds. ok is false if this
// version of Mayfly cannot read it.
func (e Event) postedAt() (at int64, ok bool) {
	err := json.Unmarshal(e.Body, &at)
	return at, err == nil && at <= e.At
}
