package server

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"mayfly/server/admission"
	"mayfly/server/conn"
	"mayfly/server/session"
	"mayfly/shared/wire"
)

// list is the list of a server's open connections.
type list struct {
	mu    sync.Mutex            // guards what follows
	conns map[*conn.Conn]*entry // the open connections
}

// entry is one open connection.
type entry struct {
	conn    *conn.Conn
	session *session.Session
	slot    admission.Slot
	poll    bool        // the connection is a poll; false: a WebSocket
	greeted atomic.Bool // Run has counted the connection in Server.working, or never will
	place   place       // where Server.wheel has the entry
}

// place is where an entry is in a wheel: in the doubly linked list of a slot.
type place struct {
	slot       **entry // the head of the list; nil: the entry is in no list
	next, prev *entry
	gone       bool // remove was called: the entry never comes into a list again
}

// snapshot returns a copy of the list of open connections.
func (l *list) snapshot() []*entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	entries := make([]*entry, 0, len(l.conns))
	for _, e := range l.conns {
		entries = append(entries, e)
	}
	return entries
}

// count returns a function that counts the open connections for which match returns true.
func (l *list) count(match func(*entry) bool) func() int {
	return func() (n int) {
		for _, e := range l.snapshot() {
			if match(e) {
				n++
			}
		}
		return n
	}
}

const (
	// When the server restarts, it tells each client to come back at a random time within a period, so that the clients
	// do not all come back at once. The period begins restartFirst after the bye. Its length is restartSpread for each
	// thousand clients, but never shorter than restartSpreadMin or longer than restartSpreadMax.
	restartSpread    = 2 * time.Second
	restartSpreadMin = time.Second
	restartSpreadMax = 20 * time.Second
	restartFirst     = 500 * time.Millisecond // the shortest time until a client may come back
)

// restartLocked sends a bye with the code restart to the client of c, and ends c. The bye tells the client to come back
// after a random time (see restartSpread).
func (l *list) restartLocked(c *conn.Conn) {
	spread := restartSpread * time.Duration(len(l.conns)) / 1000
	spread = min(max(spread, restartSpreadMin), restartSpreadMax)
	retry := restartFirst + rand.N(spread)
	c.End(conn.Bye(wire.Bye{Code: wire.CodeRestart, Message: "The server is restarting.", RetryMS: retry.Milliseconds()}))
}
