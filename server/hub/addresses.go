package hub

import (
	"slices"
	"time"
)

const (
	// rememberAddress is how long a node remembers from which address a guest came last. If the guest is banned in this
	// time, the guests from that address are kept out, too.
	rememberAddress = 24 * time.Hour
	// maxRemembered is the most addresses that a node remembers: each of the two generations (see addresses) has half
	// of them.
	maxRemembered = 100_000
)

// addresses knows from where guests are connected, and remembers from where each guest came last. It keeps the last
// addresses in two generations and forgets a whole generation at a time, so it need not search for the oldest.
// directory.mu guards it. Nothing of it is stored.
type addresses struct {
	directory     *directory             // static
	recent, older map[string]lastAddress // by user id
	began         time.Time              // when the generation recent began
}

type lastAddress struct {
	address string
	at      time.Time
}

// noteLocked records that the user came from that address, at the time now.
func (l *addresses) noteLocked(id, address string, now time.Time) {
	if address == "" {
		return
	}
	if l.recent == nil || len(l.recent) >= maxRemembered/2 || now.Sub(l.began) >= rememberAddress {
		l.recent, l.older, l.began = map[string]lastAddress{}, l.recent, now
	}
	l.recent[id] = lastAddress{address, now}
}

// lastLocked returns from which address the user came last, "" if that is not known at the time now.
func (l *addresses) lastLocked(id string, now time.Time) string {
	last, ok := l.recent[id]
	if !ok {
		last = l.older[id]
	}
	if now.Sub(last.at) >= rememberAddress {
		return ""
	}
	return last.address
}

// of returns the addresses of all connections of the guest with that id, to this node and to the others. If the guest
// is not connected, it returns the address from which the guest came last, if this node remembers it. It returns nil
// for other users.
func (l *addresses) of(id string) []string {
	l.directory.mu.Lock()
	defer l.directory.mu.Unlock()
	return l.ofLocked(id)
}

func (l *addresses) ofLocked(id string) (all []string) {
	if e := l.directory.entries[id]; e != nil {
		all = e.addresses()
		for _, there := range e.elsewhere {
			all = append(all, there...)
		}
	}
	if last := l.lastLocked(id, time.Now()); len(all) == 0 && last != "" {
		all = []string{last}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// addresses returns the addresses of the guest's connections to this node.
func (e *entry) addresses() (all []string) {
	for _, c := range e.clients {
		if c.from != "" && !slices.Contains(all, c.from) {
			all = append(all, c.from)
		}
	}
	return all
}
