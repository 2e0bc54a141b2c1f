package browser

import (
	"sync"
	"time"
)

// Pages over plain http, except those of the same machine, have no Web Locks. There each tab shows that it is open by an
// empty database of its own, which it keeps open. To find out whether a tab is closed, another tab asks the browser to
// delete that database. The browser deletes it only if the tab is closed; as long as the tab is open, the request waits.
//
// Other ways would fail:
//   - If each tab repeated a sign of life, a tab without signs for some time would count as closed. No such time is right:
//     the timers of a hidden tab run once a minute, those of a frozen tab not at all, and after a laptop has slept, all
//     signs are old.
//   - If a tab asked all tabs for an answer, a frozen or busy tab would not give one.
//
// The browser knows in all these cases that the tab is open, and after a crash that it is closed.

// deletionTime is how long a tab waits for the browser to delete the database of another tab. For a closed tab that takes
// some milliseconds; a tab whose database is not deleted in this time counts as open. The browser may not report that a
// database is open, if a deletion of it was requested before. The time is well below the time for which a starting client
// waits for an adoption.
const deletionTime = time.Second

// deletions are the requests to delete databases of other tabs that the browser has not carried out. Nobody can withdraw
// a request, so there is one for each tab at most: otherwise the requests would pile up while a tab stays open.
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
			onOpen() // the tab may be open, and then its records must not be adopted
			return
		}
		close(r.done)
	}()
	return r
}
