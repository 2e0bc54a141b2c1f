package browser

import (
	"crypto/rand"
	"strings"
	"syscall/js"
	"time"
)

const lockTimeout = 10 * time.Second

// NewDevice returns the device of this tab and gives the tab a new name. The tab counts as open until the user closes it
// or leaves its page. It counts as open again when the page comes back from the browser's cache.
func NewDevice() *Device {
	d := &Device{}
	d.rename(rand.Text(), TabStorage())
	d.Notes.read(TabStorage(), time.Now())
	d.held = make(chan struct{})
	go func() {
		hold(d.tab)
		close(d.held)
		if locks().IsUndefined() {
			d.removeLeftovers(d.tab)
		}
	}()
	call(js.Global(), "addEventListener", "pageshow", js.FuncOf(func(_ js.Value, args []js.Value) any {
		if args[0].Get("persisted").Bool() {
			d.end(false)
			go hold(d.tab)
		}
		return nil
	}))
	call(js.Global(), "addEventListener", "pagehide", js.FuncOf(func(js.Value, []js.Value) any {
		d.end(true)
		return nil
	}))
	return d
}

// Load returns everything that is stored, by key. Before that, it stores the changes that the previous page of the tab has
// noted (see Notes). It blocks.
func (d *Device) Load() (map[string]string, error) {
	if err := d.storeLeft(d.Save); err != nil {
		return nil, err
	}
	return d.database.Load()
}

// Save stores all of changes, or none of them. The value "" deletes a key. When Save returns nil, the changes are on disk.
// It blocks. Before Save stores anything, it lets the browser paint what the user has written.
func (d *Device) Save(changes map[string]string) error {
	<-d.held // wait until other tabs can see that this tab is open: otherwise another tab would adopt the changes at once
	NextTask()
	return d.database.Save(changes)
}

// Update calls decide with everything that is stored. Then it stores all of the changes that decide has returned, or none
// of them, as Save does. All of that is one transaction, so no other tab stores anything in between. Update blocks; decide
// must not block.
func (d *Device) Update(decide func(all map[string]string) (changes map[string]string)) error {
	<-d.held
	return d.database.Update(decide)
}

// otherTabs shows the other tabs that this tab is open, and finds out which of them are closed.
type otherTabs struct {
	held      chan struct{} // closed once the other tabs can see that this tab is open
	deletions deletions
}

// Closed returns those names in the parameter tabs whose tabs are closed. It blocks: without Web Locks, up to deletionTime.
func (n *otherTabs) Closed(tabs []string) (closed []string, err error) {
	locks := locks()
	if locks.IsUndefined() {
		return n.deletions.closed(tabs, removeTab), nil
	}
	state, err := await(call(locks, "query"))
	if err != nil {
		return nil, err
	}
	held := map[string]bool{}
	for i, all := 0, state.Get("held"); i < all.Length(); i++ {
		held[all.Index(i).Get("name").String()] = true
	}
	for _, tab := range tabs {
		if !held[tabLock+tab] {
			closed = append(closed, tab)
		}
	}
	return closed, nil
}

// removeLeftovers deletes the empty databases of closed tabs. Without Web Locks, each tab makes such a database to show that
// the tab is open (see hold), and the browser does not delete the database when the user closes the tab. self is the name of
// this tab; removeLeftovers does not delete its database.
func (n *otherTabs) removeLeftovers(self string) {
	all, err := await(call(global("indexedDB"), "databases"))
	if err != nil { // not every browser lists its databases
		return
	}
	var tabs []string
	for i := range all.Length() {
		if tab, ok := strings.CutPrefix(all.Index(i).Get("name").String(), tabDatabase); ok && tab != self {
			tabs = append(tabs, tab)
		}
	}
	n.deletions.closed(tabs, removeTab)
}

// hold shows the other tabs that this tab is open: it takes a lock with the tab's name. Without Web Locks, it opens an empty
// database with the tab's name instead. When the user closes the tab, or after a crash, the browser releases the lock or
// closes the database. When the user leaves the page, this program itself releases the lock or closes the database.
// Otherwise the tab would count as open while the browser keeps the page in its cache.
func hold(tab string) {
	if !locks().IsUndefined() {
		_, _ = Lock(tabLock+tab, lockTimeout) // no other tab has this lock, because the tab's name is random
		return
	}
	opening := call(global("indexedDB"), "open", tabDatabase+tab, 1)
	if firstEvent(opening, "success", "error") == "error" {
		return
	}
	db := opening.Get("result")
	var leave, lose js.Func
	leave = js.FuncOf(func(js.Value, []js.Value) any {
		call(db, "close")
		leave.Release()
		lose.Release()
		return nil
	})
	lose = js.FuncOf(func(js.Value, []js.Value) any { // the user has deleted the site's data: open the database again
		go hold(tab)
		return nil
	})
	db.Set("onclose", lose)
	call(js.Global(), "addEventListener", "pagehide", leave, object("once", "yes"))
}

// removeTab asks the browser to delete the database of a tab, and returns nil once that is done. It calls onOpen if the
// browser says that the tab has the database open.
func removeTab(tab string, onOpen func()) error {
	request := call(global("indexedDB"), "deleteDatabase", tabDatabase+tab)
	event := firstEvent(request, "success", "blocked", "error")
	if event == "blocked" {
		onOpen()
		event = firstEvent(request, "success", "error")
	}
	if event == "error" {
		return errRefused
	}
	return nil
}
