package browser

import (
	"sync"
	"time"
)

// Pages over plain http, except those of the same machine, have no Web Locks. There an open database takes the place of the
// lock by which a tab shows that it is open: each tab has a database of its own open, which is empty. If the browser deletes
// that database for another tab, the tab is closed; as long as the tab has it open, the browser lets the request wait.
//
// A sign of life that each tab repeats would need a time after which a tab counts as closed, and no time is right. The
// timers of a hidden tab run once a minute, those of a frozen tab not at all, and after a laptop has slept all signs are
// old. A message to all tabs gets no answer from a frozen or busy tab. The browser knows in all these cases that the tab
// lives, and after a crash that it does not.

// deletionTime is how long a tab waits until the browser has deleted the database of a closed tab, which takes some
// milliseconds. Then the tab counts as open. If another tab has asked before, the browser says no sooner that it is. The
// time is well below the time for which a client that starts waits for an adoption.
const deletionTime = time.Second

// deletions are the requests to delete databases of other tabs that the browser has not carried out. There is one for each
// tab at most, because nobody can withdraw a request.
type deletions struct {
	mu      sync.Mutex // guards pending
	pending map[string]*deletion
}

// A deletion is a request to delete the database of a tab.
type deletion struct {
	done chan struct{} // closed when the database is deleted: the tab is closed
	open chan struct{} // closed when the tab counts as open
}

// closed returns those of tabs that are closed. It blocks, for deletionTime at most. remove deletes the database of a tab
// and blocks until that is done. It calls onOpen if it learns that the tab is open.
func (d *deletions) closed(tabs []string, remove func(tab string, onOpen func()) error) (closed []string) {
	var all []*deletion
	for _, tab := range tabs {
		all = append(all, d.request(tab, remove))
	}
	for i, tab := range tabs {
		select {
		case <-all[i].done:
			closed = append(closed, tab)
		case <-all[i].open:
		}
	}
	return closed
}

// request returns the deletion for a tab. If none is pending, it begins one.
func (d *deletions) request(tab string, remove func(tab string, onOpen func()) error) *deletion {
	d.mu.Lock()
	defer d.mu.Unlock()
	if pending := d.pending[tab]; pending != nil {
		return pending
	}
	r := &deletion{done: make(chan struct{}), open: make(chan struct{})}
	if d.pending == nil {
		d.pending = map[string]*deletion{}
	}
	d.pending[tab] = r
	onOpen := sync.OnceFunc(func() { close(r.open) })
	timeout := time.AfterFunc(deletionTime, onOpen)
	go func() {
		err := remove(tab, onOpen)
		timeout.Stop()
		d.mu.Lock()
		delete(d.pending, tab)
		d.mu.Unlock()
		if err != nil {
			onOpen() // unknown: what an open tab has must not be adopted
			return
		}
		close(r.done)
	}()
	return r
}
