package hub

import (
	"maps"
	"time"

	"mayfly/shared/wire"
)

// pace knows when each user last posted in a room, for slow mode: by user id, in Unix milliseconds. It forgets the users who
// have not posted for wire.MaxSlow. room.mu guards it.
type pace map[string]int64

// note records that the user posted at that time.
func (p pace) note(user string, at int64) { p[user] = max(p[user], at) }

// undo undoes note(user, at), unless the user has posted again since. before is when the user had posted before; 0: never.
func (p pace) undo(user string, at, before int64) {
	if p[user] == at {
		p[user] = before
	}
}

// wait returns how long the user must wait with the next post if users may post once in every milliseconds. 0: the user may
// post now.
func (p pace) wait(user string, every, now int64) time.Duration {
	last, ok := p[user]
	if !ok || every == 0 {
		return 0
	}
	return time.Duration(max(last+every-now, 0)) * time.Millisecond
}

// prune forgets the users whose last post does not matter any more at the time now.
func (p pace) prune(now int64) {
	maps.DeleteFunc(p, func(_ string, last int64) bool { return now-last >= wire.MaxSlow.Milliseconds() })
}
