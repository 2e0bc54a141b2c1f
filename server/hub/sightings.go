package hub

import (
	"slices"
	"time"

	"mayfly/shared/wire"
)

// tellNodesLocked records that the other nodes must be told about the user with that id, and wakes nodes.run, which tells
// them.
func (d *directory) tellNodesLocked(id string) {
	d.untold[id] = true
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

// news returns a sighting of each user of this node about whom something has changed since the last call of news. A user
// who has left this node since then is included.
func (d *directory) news() []sighting {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []sighting
	for id := range d.untold {
		all = append(all, d.sightingLocked(id))
	}
	clear(d.untold)
	return all
}

// everybody returns a sighting of each user of this node.
func (d *directory) everybody() []sighting {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []sighting
	for id, e := range d.entries {
		if d.hereLocked(e) {
			all = append(all, d.sightingLocked(id))
		}
	}
	return all
}

// sightingLocked returns the sighting of the user with that id, which this node sends to the other nodes. It contains the
// user's name and rooms on this node, or says that the user is not on this node any more.
func (d *directory) sightingLocked(id string) sighting {
	e := d.entries[id]
	if e == nil || !d.hereLocked(e) {
		return sighting{User: wire.User{ID: id}, Gone: true}
	}
	s := sighting{User: e.User, Named: e.named, Rooms: slices.Clone(e.rooms), From: e.addresses()}
	if last := d.addresses.lastLocked(id, time.Now()); len(s.From) == 0 && last != "" {
		s.From = []string{last}
	}
	return s
}

// count returns how many users are on this node.
func (d *directory) count() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.entries {
		if d.hereLocked(e) {
			n++
		}
	}
	return n
}
