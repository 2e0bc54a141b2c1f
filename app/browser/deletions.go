package browser

import (
	"sync"
	"time"
)

// A page over plain http has no Web Locks, unless it comes from the user's own machine (localhost). Without Web Locks, each
// tab opens an empty database of its own and keeps it open, to show that the tab is open. To find out whether a tab is
// closed, another tab asks the browser to delete the tab's database. The browser deletes the database only if the tab is
// closed; as long as the tab is open, the request waits.
//
// Other ways would fail:
//   - If each tab repeated a sign of life, a tab without signs for some time would count as closed. No such time is right:
//     the timers of a hidden tab run once a minute, those of a frozen tab not at all, and after a laptop has slept, all
//     signs are old.
//   - If a tab asked all other tabs whether they are open, a frozen or busy tab would not answer.
//
// The browser knows in all these cases that the tab is open, and after a crash that it is closed.

// deletionTime is how long a tab waits for the browser to delete the database of another tab. If the other tab is closed,
// the deletion takes some milliseconds. If the database is not deleted in this time, the other tab counts as open. Usually
// the browser reports sooner that the database is open. But if an earlier request to delete the same database still waits,
// perhaps the browser reports nothing, and only this limit ends the wait. deletionTime is well below outbox.adoptTimeout,
// because an adoption waits for the result.
const deletionTime = time.Second

// deletions contains the pending requests to delete the databases of other tabs: the browser has not carried them out yet.
// A request cannot be withdrawn. So there is at most one request for each tab; otherwise the requests would pile up while a
// tab stays open.
type deletions struct {
	mu      sync.Mutex // guards pending
	pending map[string]*deletion
}

// A deletion is a request to delete the database of a tab.
type deletion struct {
	done chan struct{} // this channel is closed when the database is deleted, which shows that the tab is closed
	open chan struct{} // this channel is closed when the tab counts as open
}

// closed returns those names in the parameter tabs whose tabs are closed. It blocks, for deletionTime at most. For each tab
// without a pending request it calls remove. The function remove must delete the database of the tab, and block until the
// browser has deleted it. If remove learns that the tab is open, it must call onOpen.
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

// request returns the pending request to delete the database of a tab. If there is none, it makes one.
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
